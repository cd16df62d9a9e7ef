"""A site on which everything is right, with the web server that shows its pictures, and stand-ins for servers that do
not behave."""
import http.server
import email.utils
import json
import os
import socket
import subprocess
import threading
import time

from httpd import free_port
from programs import CONF, SECRET, Site, data, jpeg

STORED = "public_html/images"
WITH_ENV_FILE = "MediaUploadEnvFile .env\n" + CONF.replace(f'"{SECRET}"', "${MEDIAUPLOAD_SECRET}")


class Web:
    """Serves files of a folder; `answer` (a function of path and headers, giving status, headers and body) stands in.
    `ahead` seconds are added to its clock."""

    def __init__(self, folder=None, answer=None, ahead=0):
        self.folder, self.answer, self.ahead, self.seen = folder, answer, ahead, []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + web.ahead, usegmt=True)

            def log_message(self, *_):
                pass

            def reply(self):
                web.seen.append((self.command, self.path))
                status, headers, body = (web.answer or web.file)(self)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = reply

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def file(self, request):
        path = os.path.join(self.folder, request.path.lstrip("/"))
        if not os.path.isfile(path):
            return 404, {}, b"not here"
        with open(path, "rb") as file:
            return 200, {}, file.read()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Silent:
    """A server that takes connections and never says a word."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.socket.close()


class GoodSite(Site):
    """Everything is right here."""

    def __init__(self, conf=CONF):
        super().__init__(conf)
        self.web_server = Web(self.path(STORED))
        self.rewrite("https://www.example.org/images", self.web_server.url)
        self.write(".env", f"MEDIAUPLOAD_SECRET='{SECRET}'\n", mode=0o600)
        self.write(f"{STORED}/default_article.jpg", data("baseline.jpg"))
        self.write(f"{STORED}/2026/a.jpg", jpeg(b"a"))
        self.write("uploads/b.jpg", jpeg(b"b"))
        subprocess.run(["find", self.path("public_html"), "-type", "d", "-exec", "chmod", "0755", "{}", "+"],
                       check=True)

    def __exit__(self, *trace):
        self.web_server.close()
        super().__exit__(*trace)

    def rewrite(self, old, new):
        with open(self.conf, encoding="utf-8") as file:
            conf = file.read()
        self.write("mediaupload.conf", conf.replace(old, new))


def check(site, *args, **options):
    done = site.run("health.cgi", "check", "--json", *args, **options)
    return done.returncode, json.loads(done.stdout)


def levels(answer, *wanted):
    """The checks of these levels."""
    return {one["name"] for one in answer["checks"] if one["level"] in wanted}


def named(answer, name):
    """The checks of this name."""
    return [one for one in answer["checks"] if one["name"] == name]
