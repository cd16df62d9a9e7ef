"""Throw-away MariaDB and PostgreSQL servers for tests, on 127.0.0.1, with their files in a temporary folder.

    with databases.servers() as started:
        subprocess.run([...], env={**os.environ, **started.environment})

    python3 tests/parts/databases.py run -- COMMAND      both servers up, COMMAND, both down; its exit code

The environment: TEST_MYSQL and TEST_PGSQL hold apr_dbd's parameters, TEST_MYSQL_RESTART and TEST_PGSQL_RESTART a shell
command that kills the server at once and starts it again on the same data.
Needs mariadb-server, mariadb-client and postgresql; runs the servers as mysql and postgres when the caller is root."""

import contextlib
import glob
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PORTS = range(22000, 22100)   # below 32768, where the kernel picks ports for outgoing connections
START_TIMEOUT = 60            # seconds


def free_port(taken=()):
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            return port
    sys.exit(f"no free port between {PORTS[0]} and {PORTS[-1]}")


def wait_until(is_true, what):
    deadline = time.monotonic() + START_TIMEOUT
    while not is_true():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within {START_TIMEOUT} s")
        time.sleep(0.02)


def is_gone(pid):
    """A zombie counts as gone: its parent may be slow to notice."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Server:
    """What both have in common. `start` and `stop` work from any process: all they need lies in the folder."""

    def __init__(self, directory, port=None):
        self.directory = directory
        self.port_file = os.path.join(directory, "port")
        if port is not None:
            os.makedirs(directory)
            with open(self.port_file, "w", encoding="ascii") as file:
                file.write(str(port))
        with open(self.port_file, encoding="ascii") as file:
            self.port = int(file.read())

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, command, **options):
        """Runs a command to its end; shows what it said when it failed."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **options)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}\n{done.stdout}")

    def pid(self):
        with open(self.pid_file(), encoding="ascii") as file:
            return int(file.readline())

    def stop(self, how=signal.SIGTERM):
        pid = self.pid()
        os.kill(pid, how)
        wait_until(lambda: is_gone(pid), f"stop of {self.name}")

    def restart(self):
        self.stop(signal.SIGKILL)
        self.start()

    def environment(self):
        here = os.path.abspath(__file__)
        return {f"TEST_{self.name.upper()}": self.parameters(),
                f"TEST_{self.name.upper()}_RESTART": shlex.join([sys.executable, here, "restart", self.name,
                                                                 self.directory])}


class MariaDB(Server):
    name = "mysql"

    def as_owner(self):
        return ["--user=mysql"] if os.geteuid() == 0 else []

    def pid_file(self):
        return self.path("pid")

    def install(self):
        if os.geteuid() == 0:
            shutil.chown(self.directory, "mysql", "mysql")
        self.run(["mariadb-install-db", "--no-defaults", *self.as_owner(), f"--datadir={self.path('data')}",
                  "--auth-root-authentication-method=normal", "--skip-test-db"])

    def launch(self):
        with open(self.path("log"), "ab") as log:
            return subprocess.Popen(["mariadbd", "--no-defaults", *self.as_owner(), f"--datadir={self.path('data')}",
                                     f"--socket={self.path('s')}", f"--pid-file={self.path('pid')}",
                                     f"--port={self.port}", "--bind-address=127.0.0.1",
                                     "--innodb-buffer-pool-size=16M", "--performance-schema=OFF", "--skip-log-bin"],
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def start(self):
        """Again and again: after a kill, the port or the data may still be held for a moment."""
        ping = ["mariadb-admin", "--no-defaults", f"--socket={self.path('s')}", "-uroot", "ping"]
        process = self.launch()

        def answers():
            nonlocal process
            if process.poll() is not None:
                process = self.launch()
            return subprocess.run(ping, capture_output=True, check=False).returncode == 0

        wait_until(answers, "start of mariadbd")

    def create_database(self):
        self.run(["mariadb", "--no-defaults", f"--socket={self.path('s')}", "-uroot", "-e",
                  "CREATE DATABASE media CHARACTER SET utf8mb4; "
                  "CREATE USER 'tester'@'%' IDENTIFIED BY 'sekret'; GRANT ALL ON media.* TO 'tester'@'%'"])

    def parameters(self):
        return f"host=127.0.0.1,port={self.port},user=tester,pass=sekret,dbname=media"


class PostgreSQL(Server):
    name = "pgsql"

    def tool(self, name):
        found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"),
                       key=lambda path: int(path.split("/")[4])) or [shutil.which(name)]
        if found[-1] is None:
            sys.exit(f"{name} is missing: install postgresql")
        return found[-1]

    def as_owner(self):
        if os.geteuid() != 0:
            return []
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def pid_file(self):
        return self.path("data/postmaster.pid")

    def install(self):
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write("sekret")
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        self.run([*self.as_owner(), self.tool("initdb"), "-D", self.path("data"), "-U", "tester", "-A",
                  "scram-sha-256", f"--pwfile={self.path('password')}", "--no-sync", "-E", "UTF8", "--locale=C"],
                 cwd=self.directory)

    def start(self):
        options = f"-p {self.port} -k {self.directory} -c listen_addresses=127.0.0.1 -c fsync=off " \
                  "-c shared_buffers=16MB"
        self.run([*self.as_owner(), self.tool("pg_ctl"), "-D", self.path("data"), "-w", "-t", str(START_TIMEOUT),
                  "-l", self.path("log"), "-o", options, "start"], cwd=self.directory)

    def stop(self, how=signal.SIGTERM):
        mode = "immediate" if how == signal.SIGKILL else "fast"
        self.run([*self.as_owner(), self.tool("pg_ctl"), "-D", self.path("data"), "-m", mode, "-w", "stop"],
                 cwd=self.directory)

    def create_database(self):
        self.run([self.tool("psql"), "-qh", "127.0.0.1", "-p", str(self.port), "-U", "tester", "-d", "postgres", "-c",
                  "CREATE DATABASE media"], env={**os.environ, "PGPASSWORD": "sekret"})

    def parameters(self):
        return f"host=127.0.0.1 port={self.port} user=tester password=sekret dbname=media"


KINDS = {"mysql": MariaDB, "pgsql": PostgreSQL}


class Started:
    def __init__(self):
        self.servers = {}
        self.environment = {}


@contextlib.contextmanager
def servers(names=tuple(KINDS)):
    """Starts the named servers; what it gives has .servers (by name) and .environment."""
    top = tempfile.mkdtemp(prefix="mediaupload-databases-")
    os.chmod(top, 0o755)   # mysql and postgres must reach their folders
    started = Started()
    try:
        for name in names:
            taken = [server.port for server in started.servers.values()]
            server = KINDS[name](os.path.join(top, name), free_port(taken))
            server.install()
            server.start()
            started.servers[name] = server
            server.create_database()
            started.environment.update(server.environment())
        yield started
    finally:
        for server in started.servers.values():
            server.stop()
        shutil.rmtree(top)


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if arguments[:2] == ["run", "--"] and len(arguments) > 2:
        with servers() as started:
            return subprocess.run(arguments[2:], env={**os.environ, **started.environment}, check=False).returncode
    if arguments[:1] == ["restart"] and len(arguments) == 3 and arguments[1] in KINDS:
        KINDS[arguments[1]](arguments[2]).restart()
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
