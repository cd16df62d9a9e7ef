"""Another host for tests that fetch: HTTPS with a certificate of its own, on 127.0.0.1.

    with remote_host() as remote:
        remote.url + "/a.png"      is remote.pictures["/a.png"], else remote.picture, with remote.etag; so is any path
                               that Handler does not know
        remote.certificate         to be trusted (PEM)
        remote.seen                the paths that were asked for
"""
import contextlib
import http.server
import os
import ssl
import subprocess
import tempfile
import threading

from httpd import free_port
from uploads import PNG, png

LIMIT = 100000   # bytes: what /announced and /endless go beyond


class Remote(http.server.ThreadingHTTPServer):
    """The other host. Counts requests by path."""
    daemon_threads = True

    def __init__(self, folder):
        files = make_certificate(folder)
        super().__init__(("127.0.0.1", free_port()), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_port}"
        with open(files[0], encoding="ascii") as file:
            self.certificate = file.read()
        self.seen, self.over, self.picture, self.etag = [], threading.Event(), PNG, '"v1"'
        self.pictures = {}

    def handle_error(self, request, client_address):
        """A client that hangs up is no error here."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        remote = self.server
        path, _, query = self.path.partition("?")
        remote.seen.append(path)
        if path == "/to":
            self.answer(302, Location=query)
        elif path.startswith("/status/"):
            self.answer(int(path[len("/status/"):]), b"no")
        elif path == "/page":
            self.answer(200, b"<!DOCTYPE html><html>not a picture</html>" * 100, Content_Type="image/png")
        elif path == "/announced":
            self.answer(200, Content_Length=LIMIT + 1)
        elif path == "/endless":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(png(padding=4 * LIMIT))
        elif path == "/cut":
            self.answer(200, PNG[:-10])
        elif path == "/silent":
            self.answer(200, PNG[:20], Content_Length=len(PNG))
            remote.over.wait()
        elif self.headers.get("If-None-Match") == remote.etag:
            self.answer(304, ETag=remote.etag)
        else:
            self.answer(200, remote.pictures.get(path, remote.picture), ETag=remote.etag, Content_Type="text/plain")


def make_certificate(folder):
    """Paths of a certificate and its key."""
    certificate, key = os.path.join(folder, "crt.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=remote", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
                   check=True, capture_output=True)
    return certificate, key


@contextlib.contextmanager
def remote_host():
    with tempfile.TemporaryDirectory() as folder, Remote(folder) as remote:
        thread = threading.Thread(target=remote.serve_forever)
        thread.start()
        try:
            yield remote
        finally:
            remote.over.set()
            remote.shutdown()
            thread.join()
