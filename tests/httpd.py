"""A private httpd for one test: its own folder, configuration and free port, gone when the test ends.

    with Httpd(mpm="event", conf='<Location /upload> ... </Location>', files={"public_html/a.txt": b"a"}) as server:
        answer = server.request("POST", "/upload", body=b"...", headers={"Content-Type": "..."})
        is_equal(answer.status, 201, "stored")

Works as root (children run as www-data) and as an ordinary user. Starting waits until it answers. A line of level
error or worse in the error log that the test did not declare with expect() fails the test at the end of the block.
In conf and in text files, @ROOT@, @TOP@, @PORT@ and @TLS_PORT@ stand for the server's folder, the source tree and
the ports. The folder holds httpd.conf, error.log, public_html (the document root), var, run and, with cgi=True, a
cgi-bin with copies of the built programs (whose configuration is @ROOT@/mediaupload.conf).
"""
import ctypes
import os
import pwd
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SERVER_USER = "www-data"
PORTS = os.environ.get("TEST_PORTS", "20000-31999")   # below the range that the kernel hands out
PATIENCE = 60                                         # seconds until a start, a stop or an answer counts as failed
MODULES = ("authn_core authn_file auth_basic authz_core authz_host authz_user mime dir alias env setenvif headers "
           "status").split()
PROGRAMS = ("upload.cgi", "migrate.cgi", "health.cgi")
BAD_LINE = re.compile(r"\[[a-z0-9_]*:(?:error|crit|alert|emerg)\]")
STOP_NOISE = re.compile("AH0309[23]|AH10503")   # the event MPM, ended while a connection waits: its pollset is gone
PR_SET_PDEATHSIG = 1


class HttpdError(AssertionError):
    """httpd did not do what every test relies on."""


class Response:
    """status (int), reason, headers (list of pairs), body (bytes)."""

    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    def header(self, name):
        """The values of a header, joined with ", "; None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", "backslashreplace")

    def __repr__(self):
        return f"<{self.status} {self.reason}: {self.body[:300]!r}>"


class Stream:
    """Reads responses from a connected socket."""

    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def _fill(self):
        try:
            data = self.connection.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            data = b""
        self.buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self.buffer:
            if not self._fill():
                return None
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _exactly(self, size):
        while len(self.buffer) < size and self._fill():
            pass
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def _chunks(self):
        body = b""
        while True:
            size = int((self._until(b"\r\n") or b"0").split(b";")[0], 16)
            if size == 0:
                self._until(b"\r\n")
                return body
            body += self._exactly(size)
            self._exactly(2)

    def response(self, method="GET"):
        """The next response; None when the server closed the connection. 100 Continue is a response of its own."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        _, status, reason = (lines[0] + "  ").split(" ", 2)
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        response = Response(int(status), reason.strip(), headers, b"")
        if method == "HEAD" or response.status < 200 or response.status in (204, 304):
            return response
        if "chunked" in (response.header("Transfer-Encoding") or ""):
            response.body = self._chunks()
        elif response.header("Content-Length") is not None:
            response.body = self._exactly(int(response.header("Content-Length")))
        else:
            while self._fill():
                pass
            response.body, self.buffer = self.buffer, b""
        return response

    def responses(self):
        """All responses until the server closes the connection."""
        answers = []
        while (answer := self.response()) is not None:
            answers.append(answer)
        return answers


def free_port():
    """A port of PORTS that nobody listens on."""
    first, last = (int(word) for word in PORTS.split("-"))
    for _ in range(1000):
        port = random.randint(first, last)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise HttpdError(f"no free port in {PORTS}")


def apxs(variable):
    return subprocess.run(["apxs", "-q", variable], check=True, capture_output=True, text=True,
                          env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}).stdout.strip()


def wait_for(condition, what):
    """Polls until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise HttpdError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.01)


def _end_with_parent():
    """httpd ends when the test program is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Httpd:
    """mpm     event, worker or prefork
    conf      configuration of the test, at server level, after the document root's
    files     what to put into the folder before the start: {path: bytes or text}
    modules   httpd modules to load besides MODULES
    module    whether to load mod_mediaupload
    cgi       whether to serve copies of the programs at /cgi-bin/
    tls       whether to listen on tls_port as well; the certificate is root/crt.pem, for localhost and 127.0.0.1
    http2     whether to offer h2 and h2c
    env       environment of httpd besides PATH; its values are expanded
    umask     httpd's"""

    def __init__(self, mpm="event", conf="", files=None, modules=(), module=True, cgi=False, tls=False, http2=False,
                 env=None, umask=0o022):
        self.mpm, self.conf, self.files, self.modules = mpm, conf, files or {}, list(modules)
        self.module, self.cgi, self.tls, self.http2 = module, cgi, tls, http2
        self.env, self.umask = env or {}, umask
        self.root, self.process, self.expected, self.lines_before_stop = None, None, [], None
        self.port = self.tls_port = 0

    # Starting and stopping

    def __enter__(self):
        try:
            self.make_folder()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        unexpected = self.close(keep=kind is not None)
        if kind is None and unexpected:
            raise HttpdError("unexpected lines in the error log:\n" + "\n".join(unexpected))

    def close(self, keep=False):
        """Stops httpd and removes its folder; the lines of the error log that nobody expected. With TEST_KEEP in the
        environment the folder of a test that failed stays."""
        unexpected = []
        try:
            self.stop()
            if self.root is not None:
                unexpected = self.unexpected_lines()
        finally:
            if self.root is not None and not ((keep or unexpected) and os.environ.get("TEST_KEEP")):
                shutil.rmtree(self.root, ignore_errors=True)
        return unexpected

    def make_folder(self):
        self.root = tempfile.mkdtemp(prefix="mediaupload-httpd-")
        os.chmod(self.root, 0o755)
        for folder in ("public_html", "var", "run", "cgi-bin"):
            self.make(folder)
        self._choose_ports()
        if self.cgi:
            for name in PROGRAMS:
                shutil.copy(os.path.join(TOP, "cgi-bin", name), os.path.join(self.root, "cgi-bin", name))
                os.chmod(os.path.join(self.root, "cgi-bin", name), 0o755)
        if self.tls:
            self._make_certificate()

    def _choose_ports(self):
        self.port = self.tls_port = free_port()
        while self.tls_port == self.port:
            self.tls_port = free_port()
        for path, content in self.files.items():
            self.write(path, content)

    def start(self):
        for _ in range(5):
            self.write("httpd.conf", self._configuration(), mode=0o644)
            self._launch()
            if self._answers_or_ends():
                return
            output = self._read("httpd.out") + self.error_log()
            if "Address already in use" not in output:
                raise HttpdError("httpd did not start:\n" + output)
            self._choose_ports()
        raise HttpdError("httpd found no free port")

    def stop(self):
        """Ends httpd and waits for it."""
        if self.process is None:
            return
        self.lines_before_stop = len(self.error_log().splitlines())
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise HttpdError("httpd did not stop") from None
        finally:
            self.process = None

    def restart_graceful(self):
        """Returns when the new generation serves."""
        before = self._generation()
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: self._generation() not in (before, None), "graceful restart")

    def check_syntax(self):
        """(whether httpd -t takes the configuration, what it says); make_folder() must have been called."""
        self.write("httpd.conf", self._configuration(), mode=0o644)
        done = subprocess.run(self._command() + ["-t"], env=self._environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode == 0, done.stdout

    def _command(self):
        return [os.path.join(apxs("sbindir"), apxs("progname")), "-f", os.path.join(self.root, "httpd.conf")]

    def _environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                **{name: self.expand(value) for name, value in self.env.items()}}

    def _launch(self):
        with open(os.path.join(self.root, "httpd.out"), "wb") as output:
            self.process = subprocess.Popen(self._command() + ["-DFOREGROUND"], env=self._environment(),
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output, umask=self.umask,
                                            start_new_session=True, preexec_fn=_end_with_parent)

    def _answers_or_ends(self):
        wait_for(lambda: self.process.poll() is not None or self._generation() is not None, "httpd's first answer")
        return self.process.poll() is None

    def _generation(self):
        try:
            found = re.search(r"ParentServerConfigGeneration: (\d+)", self.get("/server-status?auto").text)
        except (OSError, AttributeError):
            return None
        return found and found[1]

    # Configuration

    def expand(self, text):
        for name, value in (("ROOT", self.root), ("TOP", TOP), ("PORT", self.port), ("TLS_PORT", self.tls_port)):
            text = text.replace(f"@{name}@", str(value))
        return text

    def _configuration(self):
        folder = apxs("LIBEXECDIR")
        names = [f"mpm_{self.mpm}", *MODULES, *self.modules] + ["cgid"] * self.cgi
        names += ["ssl", "socache_shmcb"] * self.tls + ["http2"] * self.http2
        lines = [f"LoadModule {name}_module {folder}/mod_{name}.so" for name in dict.fromkeys(names)]
        if self.module:
            lines.append(f"LoadModule mediaupload_module {TOP}/mod_mediaupload/.libs/mod_mediaupload.so")
        if os.geteuid() == 0:
            lines += [f"User {SERVER_USER}", f"Group {SERVER_USER}"]
        lines += self._basics()
        if self.cgi:
            lines += ["ScriptSock @ROOT@/run/cgisock", "ScriptAlias /cgi-bin/ @ROOT@/cgi-bin/",
                      "<Directory @ROOT@/cgi-bin>", "Require all granted",
                      "SetEnv MEDIAUPLOAD_CONFIG @ROOT@/mediaupload.conf", "</Directory>"]
        if self.tls:
            lines += ["Listen 127.0.0.1:@TLS_PORT@", "<VirtualHost 127.0.0.1:@TLS_PORT@>", "SSLEngine on",
                      "SSLCertificateFile @ROOT@/crt.pem", "SSLCertificateKeyFile @ROOT@/key.pem", "</VirtualHost>"]
        if self.http2:
            lines.append("Protocols h2 h2c http/1.1")
        return self.expand("\n".join(lines + [self.conf, ""]))

    @staticmethod
    def _basics():
        return ["ServerRoot @ROOT@", "DefaultRuntimeDir @ROOT@/run", "PidFile @ROOT@/run/httpd.pid",
                "Mutex file:@ROOT@/run default", "ServerName 127.0.0.1:@PORT@",
                "Listen 127.0.0.1:@PORT@", "ErrorLog @ROOT@/error.log", "LogLevel info", "TypesConfig /etc/mime.types",
                "DocumentRoot @ROOT@/public_html", "<Directory />", "AllowOverride None", "Require all denied",
                "</Directory>", "<Directory @ROOT@/public_html>", "AllowOverride All", "Require all granted",
                "</Directory>", "<Location /server-status>", "SetHandler server-status", "Require local",
                "</Location>"]

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.root + "/key.pem",
                        "-out", self.root + "/crt.pem", "-days", "30", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)

    # Files of the server's folder

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def make(self, folder):
        """A folder that httpd's children may write to."""
        path = self.path(folder)
        os.makedirs(path, exist_ok=True)
        for made in [path, *Path(path).parents]:
            if str(made) == self.root:
                break
            self._give(made)
        return path

    def write(self, path, content, mode=None):
        """A file that belongs to whom httpd's children run as; text expands @ROOT@ and the like."""
        if os.path.dirname(path):
            self.make(os.path.dirname(path))
        path = self.path(path)
        with open(path, "wb") as file:
            file.write(self.expand(content).encode() if isinstance(content, str) else content)
        if mode is not None:
            os.chmod(path, mode)
        self._give(path)
        return path

    @staticmethod
    def _give(path):
        if os.geteuid() == 0:
            user = pwd.getpwnam(SERVER_USER)
            os.chown(path, user.pw_uid, user.pw_gid)

    def _read(self, path):
        try:
            with open(self.path(path), encoding="utf-8", errors="backslashreplace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    # The error log

    def error_log(self):
        return self._read("error.log")

    def expect(self, *patterns):
        """Lines of the error log that match one of these regular expressions do not fail the test."""
        self.expected += [re.compile(pattern) for pattern in patterns]

    def unexpected_lines(self):
        lines = self.error_log().splitlines()
        lines = lines[:self.lines_before_stop] + [line for line in lines[self.lines_before_stop or len(lines):]
                                                  if not STOP_NOISE.search(line)]
        return [line for line in lines
                if BAD_LINE.search(line) and not any(pattern.search(line) for pattern in self.expected)]

    # Requests

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self):
        return f"https://127.0.0.1:{self.tls_port}"

    def connect(self, tls=False):
        """A connected socket, with TLS when asked; the caller closes it."""
        connection = socket.create_connection(("127.0.0.1", self.tls_port if tls else self.port), timeout=PATIENCE)
        if tls:
            context = ssl.create_default_context(cafile=self.path("crt.pem"))
            connection = context.wrap_socket(connection, server_hostname="localhost")
        return connection

    def raw(self, data, tls=False, finish=False):
        """Sends bytes as they are and returns all responses until the server closes the connection, so the last
        request should say "Connection: close"; finish=True ends our sending side after the bytes."""
        with self.connect(tls) as connection:
            try:
                connection.sendall(data)
                if finish:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass   # refused early: the answer is there to be read
            return Stream(connection).responses()

    def request(self, method, path, headers=None, body=b"", tls=False):
        """One request on a connection of its own; None when there was no answer."""
        fields = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", **(headers or {})}
        if body and "Content-Length" not in fields and "Transfer-Encoding" not in fields:
            fields["Content-Length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in fields.items())
        with self.connect(tls) as connection:
            try:
                connection.sendall(head.encode() + b"\r\n" + body)
            except (BrokenPipeError, ConnectionResetError):
                pass
            stream = Stream(connection)
            answer = stream.response(method)
            while answer is not None and answer.status < 200:
                answer = stream.response(method)
            return answer

    def get(self, path, headers=None):
        return self.request("GET", path, headers)
