"""Throw-away servers for tests: MariaDB, PostgreSQL, FTP, S3, a stand-in for Cloudinary.

    with servers.started("mysql", "s3") as started:
        subprocess.run([...], env={**os.environ, **started.environment})
        started.servers["s3"].restart()

    python3 tests/parts/servers.py run NAME... -- COMMAND     servers up, COMMAND, servers down; its exit code
    python3 tests/parts/servers.py restart NAME FOLDER        kills one that runs and starts it again on its data
    python3 tests/parts/servers.py freeze NAME FOLDER         makes one silent (SIGSTOP) ...
    python3 tests/parts/servers.py thaw NAME FOLDER           ... and has it go on

The environment of COMMAND holds what the classes give, and TEST_NAME_FOLDER and TEST_NAME_RESTART, a shell command."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cloudinary   # noqa: E402
import databases    # noqa: E402
import proftpd      # noqa: E402
import pureftpd     # noqa: E402
import radosgw      # noqa: E402

KINDS = {kind.name: kind for kind in (cloudinary.Cloudinary, databases.MariaDB, databases.PostgreSQL,
                                      proftpd.Proftpd, pureftpd.PureFtpd, radosgw.Radosgw)}


class Started:
    def __init__(self):
        self.servers = {}
        self.environment = {}


@contextlib.contextmanager
def started(*names):
    """Starts the named servers; what it gives has .servers (by name) and .environment."""
    top = tempfile.mkdtemp(prefix="mediaupload-servers-")
    os.chmod(top, 0o755)   # servers that run as users of their own must reach their folders
    running = Started()
    try:
        for name in names:
            server = KINDS[name](os.path.join(top, name))
            server.install()
            running.servers[name] = server
            server.start()
            server.prepare()
            running.environment.update(server.environment())
        yield running
    finally:
        for server in running.servers.values():
            server.stop()
        shutil.rmtree(top)


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    command, names = arguments[:1], arguments[1:]
    if command == ["run"] and "--" in names[:-1]:
        names, program = names[:names.index("--")], names[names.index("--") + 1:]
        if set(names) <= set(KINDS):
            with started(*names) as running:
                return subprocess.run(program, env={**os.environ, **running.environment}, check=False).returncode
    if command in (["restart"], ["freeze"], ["thaw"]) and len(names) == 2 and names[0] in KINDS:
        getattr(KINDS[names[0]](names[1]), command[0])()
        return 0
    print(__doc__, file=sys.stderr)
    print("Names:", ", ".join(KINDS), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
