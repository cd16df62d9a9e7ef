#!/usr/bin/python3
"""./serve as a stranger meets it: in a fresh copy of the tree, as root below a folder that others cannot enter, then as
an ordinary user.

Nothing is configured in the copy at first, so that the first test also proves the build of a clean clone."""
import contextlib
import glob
import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "guards")]
import tree   # noqa: E402
from httpd import PATIENCE, Stream, free_port, wait_for   # noqa: E402
from tap.tap import contains, is_equal, main, ok, skip   # noqa: E402

ORDINARY_USER = "nobody"
ROOT = os.geteuid() == 0
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + b"\x01" * 64 + bytes.fromhex(
    "ffc0000b080001000101011100ffc40014000100000000000000000000000000000000ffda0008010100003f0000ffd9")
CONFIG = """MediaUploadSecret 0123456789abcdef
<MediaUpload pictures>
    MediaUploadStorage local:public_html/pictures
    MediaUploadURL ${MEDIAUPLOAD_ORIGIN}/pictures
    MediaUploadAccept */*
</MediaUpload>
<MediaUpload portraits>
    MediaUploadStorage local:static/portraits
    MediaUploadAccept */*
</MediaUpload>
"""


class Tree:
    """A copy of the sources below a folder of mode 0700, and ./serve in it."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="mediaupload-serve-")   # 0700
        self.top = os.path.join(self.base, "tree")
        self.become = []
        for path in tree.files():
            target = os.path.join(self.top, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(os.path.join(tree.TOP, path), target)

    def command(self, *options):
        return [*self.become, os.path.join(self.top, "serve"), *map(str, options)]

    def serve(self, *options, env=None, umask=0o022):
        """(exit status, standard output, standard error)"""
        done = subprocess.run(self.command(*options), cwd=self.base if not self.become else "/", umask=umask,
                              env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def stop(self):
        return self.serve("--stop")

    def give_to(self, user):
        """From now on the tree belongs to an ordinary user, who runs ./serve; what root's ./serve made goes."""
        entry = pwd.getpwnam(user)
        self.stop()
        os.chmod(self.base, 0o755)
        for folder in "var", "public_html", "build":
            shutil.rmtree(os.path.join(self.top, folder), ignore_errors=True)
        subprocess.run(["chown", "-R", f"{entry.pw_uid}:{entry.pw_gid}", self.top], check=True)
        self.become = ["setpriv", "--reuid", user, "--regid", str(entry.pw_gid), "--clear-groups"]

    def processes(self):
        """Command lines of living processes that name the tree."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
                if self.top in line and "httpd.conf" in line:
                    found.append(f"{pid} {line}")
        return found

    def close(self):
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)


COPY = None   # the Tree that all tests use, in order


def request(port, method, path, body=b"", content_type=None):
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    head += f"Content-Type: {content_type}\r\n" if content_type else ""
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + body)
        return Stream(connection).response(method)


def post_file(port, path, content, name="a.jpg"):
    body = (f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode() + content +
            b"\r\n--b--\r\n")
    return request(port, "POST", path, body, "multipart/form-data; boundary=b")


def answers(port):
    with contextlib.suppress(OSError):
        return request(port, "GET", "/").status == 200
    return False


def write_script(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)


def one_sentence(error, name):
    """A failure is told in one line, and a log file that it names exists."""
    is_equal(error.count("\n"), 1, name + ": in one sentence")
    log = re.search(r"full output: (\S+?)\)", error)
    return ok(log is None or os.path.exists(log[1]), name + ": names a log file that exists", error)


# Command line and failures, before anything is built

def test_usage():
    for options in (["--nonsense"], ["--port", "0"], ["--port", "65536"], ["--port"], ["--port", "8080x"],
                    ["--workers", "none"], ["--config", "/nonexistent/file"]):
        status, out, error = COPY.serve(*options)
        is_equal((status, out, error.count("\n")), (2, "", 1), f"{' '.join(options)}: one line, exit status 2")
    status, out, _ = COPY.serve("--help")
    ok(status == 0 and "--port N" in out, "--help explains the options", out)
    is_equal(COPY.stop()[:2], (0, "Nothing was running.\n"), "--stop when nothing runs")


def test_missing_package():
    tools = os.path.join(COPY.base, "no-packages")
    os.mkdir(tools)
    write_script(tools + "/dpkg-query", "#!/bin/sh\nexit 1\n")
    write_script(tools + "/apt-get", "#!/bin/sh\necho 'E: Unable to locate package'\nexit 100\n")
    write_script(tools + "/sudo", '#!/bin/sh\nshift\nexec "$@"\n')
    status, _, error = COPY.serve("--port", free_port(), env={"PATH": tools + ":" + os.environ["PATH"]})
    is_equal(status, 1, "no source for a package: exit status 1")
    contains(error, "libssl-dev", "no source for a package: names it")
    contains(error, "/etc/apt", "no source for a package: says the remedy")
    one_sentence(error, "no source for a package")


def test_old_compiler():
    compiler = os.path.join(COPY.base, "old-cc")
    write_script(compiler, '#!/bin/bash\nfor a; do case $a in -std=*) ;; *) b+=("$a") ;; esac; done\n'
                           'exec gcc -std=gnu89 "${b[@]}"\n')
    status, _, error = COPY.serve("--port", free_port(), env={"CC": compiler})
    is_equal(status, 1, "old compiler: exit status 1")
    contains(error, "does not compile C11: install gcc", "old compiler: says the remedy")
    one_sentence(error, "old compiler")


def test_port_in_use():
    with socket.socket() as taken:
        port = free_port()
        taken.bind(("127.0.0.1", port))
        taken.listen()
        status, _, error = COPY.serve("--port", port, "--detach")
    is_equal(status, 1, "port in use: exit status 1")
    contains(error, f"port {port} is in use", "port in use: says so")
    contains(error, "--port", "port in use: says the remedy")
    one_sentence(error, "port in use")


# The server

def check_serving(who):
    """Builds when needed, starts two servers under a strict umask, uploads by both doors, stops both."""
    first = free_port()
    status, out, error = COPY.serve("--detach", "--port", first, umask=0o077)
    ok(status == 0, f"{who}: starts", out, error)
    contains(out, f"http://127.0.0.1:{first}/\n", f"{who}: prints the page's address")
    page = request(first, "GET", "/")
    is_equal(page.status, 200, f"{who}: answers when it returns")
    contains(page.text.lower(), "<!doctype html>", f"{who}: with the page")
    contains(page.header("Content-Security-Policy") or "", "default-src 'none'", f"{who}: under a strict policy")
    check_upload(who, first)
    second = free_port()
    status, out, error = COPY.serve("--detach", "--port", second, "--any", "--workers", 3)
    ok(status == 0, f"{who}: a second one on another port", out, error)
    check_any(who, second)
    check_workers(who, second, 3)
    is_equal(COPY.serve("--detach", "--port", first)[0], 1, f"{who}: not twice on one port")
    ok(answers(first), f"{who}: and the first one still serves")
    status, out, error = COPY.serve("--stop", "--port", first)
    ok(status == 0 and not answers(first) and answers(second), f"{who}: --stop --port N stops that one", out, error)
    COPY.stop()
    is_equal(COPY.processes(), [], f"{who}: --stop leaves nothing running")
    ok(not answers(second), f"{who}: and the port is free")


def check_upload(who, port):
    for door in "/upload/articles", "/cgi-bin/upload.cgi/articles":
        answer = post_file(port, door, JPEG)
        is_equal(answer.status, 201, f"{who}: {door} takes a picture")
        found = re.search(r"http://127\.0\.0\.1:\d+(/static/article_images/[^\"]+)\"", answer.text)
        if not ok(found, f"{who}: and tells its URL", answer):
            continue
        path = found[1]
        is_equal(request(port, "GET", path).body, JPEG, f"{who}: and its URL returns the same bytes")
        stored = os.path.join(COPY.top, "public_html" + path)
        is_equal(stat.S_IMODE(os.stat(stored).st_mode), 0o644, f"{who}: mode 644 whatever the umask")
    is_equal(post_file(port, "/upload/articles", b"<?php phpinfo();").status, 415, f"{who}: refuses a program")
    is_equal(request(port, "GET", "/static/article_images/default_article.jpg").status, 200,
             f"{who}: the default image is there")
    is_equal(stat.S_IMODE(os.stat(COPY.top + "/var/serve.env").st_mode), 0o600, f"{who}: the secret is private")


def check_any(who, port):
    for door in "/upload/any", "/cgi-bin/upload.cgi/any":
        is_equal(post_file(port, door, b"anything", "a.bin").status, 201, f"{who}: {door} takes every type")
        is_equal(post_file(port, door, b"", "empty").status, 201, f"{who}: {door} takes an empty file")


def check_workers(who, port, threads):
    scoreboard = re.search(r"^Scoreboard: (.*)$", request(port, "GET", "/server-status?auto").text, re.MULTILINE)[1]
    is_equal(len(scoreboard), threads, f"{who}: --workers {threads} makes one child with {threads} threads")


def test_as_root():
    if not ROOT:
        skip("root in a closed folder", "the tests do not run as root")
        return
    check_serving("root in a closed folder")
    os.chmod(COPY.base, 0o755)
    check_serving("root in an open folder")


def test_as_ordinary_user():
    if ROOT:
        COPY.give_to(ORDINARY_USER)
    check_serving("ordinary user")


def make_site(name, configuration):
    """A folder of whom ./serve runs as, with media.conf and public_html/index.html."""
    folder = os.path.join(COPY.base, name)
    os.makedirs(folder + "/public_html")
    for path, text in (("media.conf", configuration), ("public_html/index.html", "mine\n")):
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)
    if ROOT:
        user = pwd.getpwnam(ORDINARY_USER)
        subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", folder], check=True)
    return folder


def test_configuration_file():
    folder = make_site("site of mine", CONFIG)
    port = free_port()
    status, out, error = COPY.serve("--detach", "--port", port, "--config", folder + "/media.conf")
    ok(status == 0, "--config: starts", out, error)
    contains(out, "/upload/pictures", "--config: names the collection")
    is_equal(request(port, "GET", "/").text, "mine\n", "--config: public_html beside the file is the document root")
    is_equal(post_file(port, "/upload/pictures", JPEG).status, 201, "--config: its collection takes a picture")
    stored = glob.glob(folder + "/public_html/pictures/*.jpg")
    is_equal(len(stored), 1, "--config: relative paths start at the file")
    url = json.loads(post_file(port, "/upload/portraits", JPEG).text)["url"]
    ok(re.fullmatch(r"/static/portraits/[0-9a-f-]{36}\.jpg", url), "--config: a collection without MediaUploadURL", url)
    shown = request(port, "GET", url)
    is_equal((shown.status, shown.body), (200, JPEG), "--config: its picture is shown")
    COPY.stop()


def test_refused_configuration():
    path = make_site("wrong", "# first line\nMediaUploadNonsense on\n") + "/media.conf"
    status, _, error = COPY.serve("--detach", "--port", free_port(), "--config", path)
    is_equal(status, 1, "refused configuration: exit status 1")
    contains(error, f"line 2 of {path}", "refused configuration: httpd names file and line")
    is_equal(COPY.processes(), [], "refused configuration: nothing runs")


def test_foreground():
    port = free_port()
    with subprocess.Popen(COPY.command("--port", port), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        wait_for(lambda: answers(port) or process.poll() is not None, "foreground start")
        is_equal(process.poll(), None, "without --detach it stays in the foreground")
        os.killpg(process.pid, signal.SIGINT)
        is_equal(process.wait(PATIENCE), 0, "Ctrl-C ends it")
    is_equal(COPY.processes(), [], "Ctrl-C leaves nothing running")


if __name__ == "__main__":
    COPY = Tree()
    try:
        main()
    finally:
        COPY.close()
