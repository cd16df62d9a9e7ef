#!/usr/bin/python3
"""Real FTP servers that are cut off, killed, silent, full, misconfigured or not the one that was meant: what is called
stored is there, whole; what is not has left nothing; and no password is told to anybody."""
import contextlib
import glob
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "host"), os.path.join(HERE, "..", "parts"), os.path.join(HERE, ".."), HERE]
from disk import Disk, hide_mounts   # noqa: E402
from ftp_proxy import CONTROL_DOWN, CONTROL_UP, DATA_DOWN, DATA_UP, Proxy   # noqa: E402
from httpd import wait_for   # noqa: E402
from proftpd import Proftpd   # noqa: E402
from pureftpd import OWNER, PASSWORD, USER, PureFtpd   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

CLIENT = os.path.join(HERE, "client")
OK, DOWN, FAILED, FULL, CONFIG = "ok", "storage_unavailable", "storage_failed", "disk_full", "misconfigured"
SHORT = 300000
MEMORY_KIB = 2048          # that a client may grow by, however large a file is
LARGE, SMALL = 1 << 30, 1 << 20


class Client:
    """tests/storage/client on a URL: one command at a time."""

    def __init__(self, url, **environment):
        self.said = ""
        with tempfile.NamedTemporaryFile(delete=False) as log:
            self.log = log.name
            self.process = subprocess.Popen([CLIENT, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                            text=True, env={"FTP_USER": USER, "FTP_PASSWORD": PASSWORD, **environment})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        with open(self.log, encoding="utf-8") as log:
            everything = self.said + log.read()
        os.unlink(self.log)
        if PASSWORD in everything:
            ok(False, "no word of the password", everything)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def answer(self):
        """(code, text)"""
        line = self.process.stdout.readline().rstrip("\n")
        self.said += line
        code, _, text = line.partition(" ")
        return code, text

    def do(self, command):
        self.ask(command)
        return self.answer()

    def peak(self):
        """KiB of memory that it has had at most."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


@contextlib.contextmanager
def running(kind=PureFtpd, before=lambda server: None, **attributes):
    """A server of its own; `before` changes what was installed."""
    top = tempfile.mkdtemp(prefix="mediaupload-ftp-")
    os.chmod(top, 0o755)
    try:
        server = kind(os.path.join(top, "server"))
        for name, value in attributes.items():
            setattr(server, name, value)
        server.install()
        before(server)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(top)


def with_tls(server, folder="media", options=""):
    return f"ftp://127.0.0.1:{server.port}/{folder}?ca={server.path('crt.pem')}{options}"


def plain(port, folder="media", options=""):
    return f"ftp://127.0.0.1:{port}/{folder}?tls=off{options}"


def stored(server, key="a.bin", folder="media"):
    """SHA-256 of what the server has under a key; None for nothing."""
    path = os.path.join(server.path("home"), folder, key)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hidden(server):
    return glob.glob(os.path.join(server.path("home"), "**", ".mu-*"), recursive=True)


def expected(size):
    """SHA-256 of the client's pattern."""
    with Client("memory:x") as client:
        return client.do(f"expect {size}")[1].split()[1]


# --- who may, and who is there ---

def test_wrong_password():
    with running(Proftpd) as server:
        with Client(with_tls(server), FTP_PASSWORD="something else") as client:
            code, text = client.do("put a.bin 5")
        is_equal(code, FAILED, "a wrong password is a failure that does not pass")
        contains(text, "FTP_PASSWORD", "and the text names what to look at")
        with open(server.path("commands"), encoding="utf-8") as log:
            is_equal(log.read().count("PASS "), 1, "one try: servers lock out who tries often")


def test_missing_credentials():
    for missing in ("FTP_HOST", "FTP_USER", "FTP_PASSWORD"):
        given = {name: value for name, value in (("FTP_HOST", "127.0.0.1:9"), ("FTP_USER", "u"),
                                                 ("FTP_PASSWORD", "p")) if name != missing}
        with Client("ftp:///media", **{missing: "", **given}) as client:
            code, text = client.answer()
            is_equal(code, CONFIG, f"without {missing} there is no start")
            contains(text, f"{missing}=", "and the text says what to write")


def test_no_tls():
    with running(tls=0) as server, Proxy(server.port) as proxy:
        with Client(with_tls(server).replace(str(server.port), str(proxy.port))) as client:
            code, text = client.do("put a.bin 5")
        is_equal(code, FAILED, "a server without TLS is refused")
        contains(text, "tls=off", "and the text tells what would take it")
        ok(b"USER" not in proxy.said and PASSWORD.encode() not in proxy.said, "it never got user and password",
           proxy.said)
        with Client(plain(server.port)) as client:
            is_equal(client.do("put a.bin 5")[0], OK, "with tls=off it is used")


def other_name(server):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", server.path("key.pem"),
                    "-out", server.path("crt.pem"), "-days", "30", "-subj", "/CN=ftp.example.org", "-addext",
                    "subjectAltName=DNS:ftp.example.org"], check=True, capture_output=True)
    with open(server.path("both.pem"), "w", encoding="ascii") as both:
        for name in ("key.pem", "crt.pem"):
            with open(server.path(name), encoding="ascii") as part:
                both.write(part.read())


def test_certificates():
    with running() as server:
        with Client(f"ftp://127.0.0.1:{server.port}/media") as client:
            is_equal(client.do("put a.bin 5")[0], FAILED, "a certificate of an unknown authority is refused")
    with running(before=other_name) as server:
        with Client(with_tls(server)) as client:
            code, text = client.do("put a.bin 5")
            is_equal(code, FAILED, "a certificate of another name is refused")
            contains(text, "as its certificate names it", "and the text says what to write")
        is_equal(stored(server), None, "nothing was sent to it")


# --- what the server does ---

def test_foreign_address():
    with running(passive_address="192.0.2.1") as server, Proxy(server.port, unknown=(b"EPSV",)) as proxy:
        with Client(plain(proxy.port)) as client:
            is_equal(client.do(f"put a.bin {SHORT}")[0], OK, "the address in the reply to PASV is ignored")
        ok(b"PASV" in proxy.said, "PASV was asked")
        is_equal(stored(server), expected(SHORT), "the file is there")


def test_old_server():
    """One that knows neither MLST nor MLSD, as vsftpd."""
    with running() as server, Proxy(server.port, unknown=(b"MLST", b"MLSD")) as proxy:
        with Client(plain(proxy.port)) as client:
            for key in ("a.bin", "sub/b.bin", "sub/-c/d.bin", "sub-e.bin"):
                is_equal(client.do(f"put {key} 300")[0], OK, f"{key} is stored")
            is_equal(client.do("put a.bin 5")[0], "already_exists", "what is there is seen")
            for prefix, count in (("", 4), ("sub", 3), ("sub/", 2), ("sub/-c/", 1), ("none/", 0)):
                is_equal(client.do(f"list {prefix}"), (OK, str(count)), f"the list of '{prefix}'")
            is_equal(client.do("stat sub/b.bin"), (OK, "300 0"), "SIZE tells the size")
            is_equal(client.do("stat sub"), (OK, "none"), "a folder is no file")
            is_equal(client.do("get sub/-c/d.bin"), (OK, f"300 {expected(300)}"), "a file is read")
            is_equal(client.do("remove a.bin"), (OK, ""), "and removed")
            is_equal(client.do("probe"), (OK, ""), "the probe passes")
        ok(b"LIST " in proxy.said and b"SIZE " in proxy.said, "LIST and SIZE were asked")


def test_modes():
    with running(options=("-U", "177:077", "-R")) as server:
        with Client(with_tls(server)) as client:
            code, text = client.do("put a.bin 5")
            is_equal(code, FAILED, "files that no web server could read are not called stored")
            contains(text, "chmod=off", "and the text tells what would take them")
        is_equal((stored(server), hidden(server)), (None, []), "nothing is left")
        with Client(with_tls(server, options="&chmod=off")) as client:
            is_equal(client.do("put a.bin 5")[0], OK, "with chmod=off they are")
            is_equal(client.do("probe")[0], OK, "and the probe has nothing against it")
    with running(options=("-R",)) as server, Client(with_tls(server)) as client:
        is_equal(client.do("put a.bin 5")[0], OK, "a server without SITE CHMOD whose files are readable is fine")
    with running(options=("-U", "177:077")) as server, Client(with_tls(server)) as client:
        client.do("put a.bin 5")
        is_equal(client.do("stat a.bin"), (OK, "5 644"), "SITE CHMOD makes the mode right")


def test_rights():
    def forbid(server):
        os.mkdir(os.path.join(server.path("home"), "media"), 0o755)

    with running(before=forbid) as server, Client(with_tls(server)) as client:
        code, text = client.do("put a.bin 5")
        is_equal(code, FAILED, "a folder where the account may not write is a failure that does not pass")
        contains(text, "ermission denied", "and the text says so")


def test_names():
    for url in ("ftp://h/a%0d%0aDELE%20b", "ftp://u%0aDELE%20b:p@h/", "ftp://u:p%0d@h/", "ftp://h/a/../b",
                "ftp://h/%2e%2e"):
        with Client(url) as client:
            is_equal(client.answer()[0], CONFIG, f"{url} is refused")


def test_quota():
    with running(options=("-n", "1000:1"), quota="1000:1048576") as server, Client(with_tls(server)) as client:
        is_equal(client.do("put a.bin 5000000")[0], FULL, "a file larger than the quota")
        is_equal((stored(server), hidden(server)), (None, []), "nothing is left")
        is_equal(client.do("put b.bin 5")[0], OK, "and the next is stored")


def test_full_disk():
    hide_mounts()
    mounted = []

    def small(server):
        mounted.append(Disk(server.path("home"), server.sessions))

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(before=small))
        disk = stack.enter_context(mounted[0])
        with Client(with_tls(server)) as client:
            is_equal(client.do("put a.bin 5")[0], OK, "a disk with room")
            disk.leave(pages=3)
            is_equal(client.do("put b.bin 5000000")[0], FULL, "a disk that gets full")
            is_equal((stored(server, "b.bin"), hidden(server)), (None, []), "nothing is left")
            disk.free()
            is_equal(client.do("put b.bin 500000")[0], OK, "and with room again the next is stored")


# --- the line ---

def cut_uploads(server, proxy, kind, places):
    """(outcomes that are right, all), for uploads that are cut once at one of these places."""
    right = 0
    whole = expected(SHORT)
    for at in places:
        key = f"{kind.replace(' ', '-')}-{at}.bin"
        proxy.cut(kind, at)
        with Client(plain(proxy.port)) as client:
            code, text = client.do(f"put {key} {SHORT}")
        good = stored(server, key) == (whole if code == OK else None) and code in (OK, DOWN) and proxy.cuts == 1
        good = good and not hidden(server)
        right += good
        if not good:
            ok(False, f"cut {kind} at {at}", code, text, proxy.cuts, stored(server, key), hidden(server))
            for path in hidden(server):
                os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
    return right, len(places)


def test_cuts_while_writing():
    with running() as server, Proxy(server.port) as proxy:
        with Client(plain(proxy.port)) as client:   # makes the folder
            client.do("put first.bin 5")
        said = len(proxy.said)
        with Client(plain(proxy.port)) as client:
            client.do(f"put to-control-1.bin {SHORT}")
        length = len(proxy.said) - said
        for kind, places in ((CONTROL_UP, range(0, length, 7)), (CONTROL_DOWN, range(0, 900, 29)),
                             (DATA_UP, range(1, SHORT, 29989))):
            right, count = cut_uploads(server, proxy, kind, places)
            is_equal(right, count, f"cut {kind} at {count} places: stored and whole, or reported and gone")


def test_cuts_while_reading():
    with running() as server, Proxy(server.port) as proxy:
        with Client(plain(proxy.port)) as client:
            client.do(f"put a.bin {SHORT}")
            whole = (OK, f"{SHORT} {expected(SHORT)}")
            for kind, places in ((DATA_DOWN, range(1, SHORT, 29989)), (CONTROL_DOWN, range(0, 900, 29))):
                good = 0
                for at in places:
                    proxy.cut(kind, at)
                    good += client.do("get a.bin") == whole
                is_equal(good, len(places), f"cut {kind} at {len(places)} places: read whole")
            proxy.cut(DATA_DOWN, 1000, times=None)
            is_equal(client.do("get a.bin")[0], DOWN, "a line that is cut each time is reported")


def test_dead_line():
    with running() as server, Client(with_tls(server)) as client:
        is_equal(client.do("put a.bin 5")[0], OK, "a first file")
        for command, name in (("put b.bin 5", "a line that died while it was idle is replaced"),
                              ("get b.bin", "for reading"), ("list", "for lists"), ("remove b.bin", "for removing")):
            for pid in server.sessions():
                os.kill(pid, signal.SIGKILL)
            is_equal(client.do(command)[0], OK, name)


def test_killed_in_the_middle():
    with running() as server, Client(with_tls(server)) as client:
        client.do("begin")
        client.do("write 500000")
        wait_for(server.sessions, "the server has the connection")
        for pid in server.sessions():
            os.kill(pid, signal.SIGKILL)
        client.ask(f"write {8 * SMALL}")
        code, _ = client.answer()
        is_equal(code, DOWN, "a server that is killed in the middle")
        is_equal((stored(server), hidden(server)), (None, []), "nothing is left")
        is_equal(client.do("put a.bin 5")[0], OK, "and the next is stored")


def test_silent():
    with running() as server, Client(with_tls(server, options="&timeout=1")) as client:
        client.do("begin")
        client.do("write 500000")
        wait_for(server.sessions, "the server has the connection")
        frozen = [server.pid(), *server.sessions()]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        code, _ = client.do(f"write {64 * SMALL}")
        is_equal(code, DOWN, "a server that falls silent is given up")
        is_equal(client.do("put b.bin 5")[0], DOWN, "and is not reached")
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        is_equal(client.do("put c.bin 5")[0], OK, "until it speaks again")


def test_silent_at_the_end():
    """A client that ends does not wait for the good-bye of a server that hangs."""
    with running() as server:
        with Client(with_tls(server)) as client:
            client.do("put a.bin 5")
            frozen = server.sessions()
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
        ok(client.process.returncode == 0, "the client has ended while the server is stopped")
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)


def test_slow_client():
    with running() as server, Client(with_tls(server, options="&timeout=1")) as client:
        client.do("begin")
        client.do("write 1000")
        time.sleep(3)   # longer than the server may be silent
        client.do(f"write {SHORT - 1000}")
        is_equal(client.do("commit a.bin")[0], OK, "a client may be slower than the server's time-out")
        is_equal(stored(server), expected(SHORT), "the file is whole")


# --- one of several ---

def test_lock():
    """While somebody else has the lock of a key, a commit waits."""
    with running(Proftpd) as server, Client(with_tls(server)) as client:
        client.do("put other.bin 5")
        lock = f".mu-{hashlib.sha256(b'a.bin').hexdigest()[:32]}.lock"
        held = os.path.join(server.path("home"), "media", lock)
        os.mkdir(held)
        os.chown(held, OWNER, OWNER)
        client.ask("put a.bin 5")

        def tries():
            with open(server.path("commands"), encoding="utf-8") as log:
                return log.read().count(f"MKD media/{lock}")

        wait_for(lambda: tries() > 3, "the lock is asked for again and again")
        is_equal(stored(server), None, "nothing is published meanwhile")
        os.rmdir(held)
        is_equal(client.answer()[0], OK, "then it is")
        is_equal(hidden(server), [], "and the lock is gone")


def test_one_login():
    def make_folder(server):
        os.mkdir(os.path.join(server.path("home"), "media"))
        os.chown(os.path.join(server.path("home"), "media"), OWNER, OWNER)

    with running(Proftpd, before=make_folder) as server, Client(with_tls(server)) as client:
        good = sum(client.do(f"put {i}.bin 200000")[0] == OK for i in range(50))
        with open(server.path("commands"), encoding="utf-8") as log:
            said = log.read()
        is_equal((good, said.count("PASS "), said.count("AUTH TLS"), said.count("STOR ")), (50, 1, 1, 50),
                 "50 uploads: one login and one TLS handshake on the control connection")


def test_memory():
    with running() as server, Client(with_tls(server)) as client:
        client.do(f"put small.bin {SMALL}")
        client.do("get small.bin")
        before = client.peak()
        is_equal(client.do(f"put large.bin {LARGE}")[0], OK, "1 GiB is stored")
        is_equal(client.do("get large.bin")[1].split()[0], str(LARGE), "and read")
        grown = client.peak() - before
        ok(grown < MEMORY_KIB, f"memory grew by {grown} KiB")


if __name__ == "__main__":
    main()
