"""A stand-in for Cloudinary's Upload API, Admin API and delivery, over https, as far as an upload module uses them. It
verifies what the real one does: keys, signatures (SHA-1 and SHA-256), time stamps, names, sizes, ranges of chunks. The
real SDK for node is its judge (tests/clients).

It is milder than the real one in one thing: an image or video may hold any bytes; where they tell no format, the
extension of the file's name does. Objects live in memory.

Beside the APIs, for tests: PUT /faults with a JSON list of what happens to the next requests of the APIs, PUT
/deliveries with one for those of delivery URLs; GET /requests for a JSON object of what came since the last list:
"requests" (as "METHOD path range"), and "connections", how many of them were the first on theirs; each connection has
a TLS handshake of its own. PUT /limit with a number: so many requests may be made to the Admin API in this hour. The
faults:

    ok                          STATUS [RETRY-AFTER]        420     the hourly limit of the Admin API
    cut-request BYTES           cut-answer BYTES            lose-answer
    silent                      corrupt   stores other bytes        unsigned   signs the answer wrongly
    quota     the account is full
    stale     a listing as it was before the last change

and of deliveries: a status, or "corrupt".

Needs openssl."""

import base64
import hashlib
import http.server
import json
import os
import re
import signal
import ssl
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cloudinary_account import CLOUD, KEY, SECRET, Account, Refusal, check_signed, rate_limited   # noqa: E402
from server import Server, answers, make_certificate, wait_until   # noqa: E402


NEW_YEAR_2030 = 1893456000

# --- the wire


def read_form(content_type, body):
    """Fields and (name, content) of the file, of multipart/form-data or application/x-www-form-urlencoded."""
    fields, file = {}, None
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if not boundary:
        return dict(urllib.parse.parse_qsl(body.decode())), None
    if not body.rstrip(b"\r\n").endswith(b"--" + boundary[1].encode() + b"--"):
        raise Refusal(400, "Invalid form: it does not end")
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', head)[1].decode()
        filename = re.search(rb'filename="([^"]*)"', head)
        if filename:
            file = filename[1].decode(), content
        elif name.endswith("[]"):
            fields[name[:-2]] = ",".join(filter(None, [fields.get(name[:-2]), content.decode()]))
        else:
            fields[name] = content.decode()
    return fields, file


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    is_new = True   # no request of the APIs came on this connection

    def log_message(self, *_):
        pass

    def answer(self, status, value, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        lines = {"Content-Type": "application/json; charset=utf-8", "Content-Length": len(body), **headers}
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {text}\r\n" for name, text in lines.items()) + "\r\n"
        self.send_raw(head.encode() + (b"" if self.command == "HEAD" else body))

    def send_raw(self, answer):
        fault, _, amount = self.fault.partition(" ")
        if fault == "lose-answer":
            answer = b""
        elif fault == "cut-answer":
            answer = answer[:int(amount)]
        self.close_connection = self.close_connection or fault in ("lose-answer", "cut-answer")
        self.wfile.write(answer)

    def handle_one(self):
        self.fault = "ok"
        path, _, query = self.path.partition("?")
        words = [urllib.parse.unquote(word) for word in path.strip("/").split("/")]
        try:
            if words[0] == "v1_1":
                value, headers = self.call(words[1:], dict(urllib.parse.parse_qsl(query)))
                self.answer(200, value, **headers)
            elif words[0] == CLOUD:
                content = self.delivered(path, words[1:])
                self.answer(200, content, **{"Content-Type": "application/octet-stream",
                                             "ETag": f'"{hashlib.md5(content).hexdigest()}"'})
            else:
                self.control(words[0])
        except Refusal as refusal:
            self.answer(refusal.status, {"error": {"message": refusal.message}}, **refusal.headers)

    do_GET = do_POST = do_PUT = do_HEAD = handle_one

    def read_body(self, most=None):
        size = int(self.headers.get("Content-Length", 0))
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(size if most is None else min(most, size))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def control(self, word):
        server = self.server
        body = self.read_body()
        with server.lock:
            if self.command == "PUT" and word == "faults":
                server.faults, server.requests, server.connections = json.loads(body), [], 0
            elif self.command == "PUT" and word == "deliveries":
                server.deliveries = json.loads(body)
            elif self.command == "PUT" and word == "limit":
                server.account.admin_left = json.loads(body)
            value = {"connections": server.connections, "requests": server.requests}
        self.answer(200, value)

    def next_fault(self):
        """Notes the request; does what is to happen before it is read."""
        server = self.server
        with server.lock:
            self.fault = server.faults.pop(0) if server.faults else "ok"
            server.connections += self.is_new
            self.is_new = False
        fault, _, amount = self.fault.partition(" ")
        if fault == "cut-request":
            self.read_body(int(amount))
            self.close_connection = True
            raise ConnectionAbortedError
        body = self.read_body()
        with server.lock:
            server.requests.append(" ".join(filter(None, [self.command, self.path, self.headers.get("Content-Range")])))
        if fault == "silent":
            self.rfile.read(1)
            raise ConnectionAbortedError
        if fault == "quota":
            raise Refusal(400, "You have exceeded your storage quota")
        if fault == "420":
            raise rate_limited(time.gmtime(NEW_YEAR_2030))
        if fault.isdigit():
            raise Refusal(int(fault), "asked for by a test", **({"Retry-After": amount} if amount else {}))
        return body

    def call(self, words, query):
        try:
            body = self.next_fault()
        except ConnectionAbortedError:
            self.close_connection = True
            self.fault = "lose-answer"
            return {}, {}
        cloud, action = words[0], words[1:]
        if cloud != CLOUD:
            raise Refusal(401, f"Invalid cloud_name {cloud}")
        account = self.server.account
        if self.command == "GET":
            self.check_password()
            with self.server.lock:
                headers = account.take_admin_request() if action[:1] == ["resources"] else {}
                return self.ask(account, action, query, self.fault == "stale"), headers
        params, file = read_form(self.headers.get("Content-Type", ""), body)
        check_signed(params)
        kind, verb = action
        with self.server.lock:
            if verb == "upload":
                answer = account.upload(kind, params, file, self.headers, self.corrupt)
            else:
                answer = {"destroy": account.destroy, "explicit": account.explicit,
                          "rename": account.rename}[verb](kind, params)
        return {**answer, "signature": "0" * 40} if self.fault == "unsigned" else answer, {}

    def corrupt(self, content):
        return b"?" + content[1:] if self.fault == "corrupt" else content

    def check_password(self):
        given = self.headers.get("Authorization", "").partition("Basic ")[2]
        user, _, password = base64.b64decode(given).decode().partition(":")
        if user != KEY:
            raise Refusal(401, f"unknown api_key {user}" if user else "Must supply api_key")
        if password != SECRET:
            raise Refusal(401, "api_secret mismatch")

    @staticmethod
    def ask(account, action, query, stale):
        if action == ["ping"]:
            return {"status": "ok"}
        if action[:1] != ["resources"] or (len(action) > 2 and action[2] != "upload"):
            raise Refusal(404, "Not found")
        if len(action) <= 3:
            return account.list(action[1], query, stale)
        public_id = "/".join(action[3:])
        if (action[1], public_id) not in account.resources:
            raise Refusal(404, f"Resource not found - {public_id}")
        return account.describe(account.resources[action[1], public_id])

    def delivered(self, path, words):
        kind, name = words[0], "/".join(words[3:] if re.fullmatch(r"v\d+", words[2]) else words[2:])
        with self.server.lock:
            fault = self.server.deliveries.pop(0) if self.server.deliveries else "ok"
            status, content = self.server.account.deliver(path, kind, name)
        if fault.isdigit() or status != 200:
            raise Refusal(int(fault) if fault.isdigit() else status, f"Resource not found - {name}",
                          **{"X-Cld-Error": f"Resource not found - {name}"})
        return b"?" + content[1:] if fault == "corrupt" else content


class StandIn(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, directory):
        super().__init__(("127.0.0.1", port), Handler)
        self.account, self.lock = Account(f"https://127.0.0.1:{port}"), threading.Lock()
        self.faults, self.requests, self.connections, self.deliveries = [], [], 0, []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(directory, "crt.pem"), os.path.join(directory, "key.pem"))

    def finish_request(self, request, client_address):
        """In the connection's own thread: the handshake must not keep others waiting."""
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        """Clients that go away are no news; all else is for the log."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


# --- the server as tests start it


class Cloudinary(Server):
    name = "cloudinary"

    def pid_file(self):
        return self.path("pid")

    def install(self):
        make_certificate(self.directory)

    def start(self):
        process = self.launch([sys.executable, os.path.abspath(__file__), str(self.port), self.directory], "log")
        with open(self.pid_file(), "w", encoding="ascii") as file:
            file.write(str(process.pid))
        wait_until(lambda: answers(self.port), "start of the stand-in for Cloudinary")

    def prepare(self):
        pass

    def variables(self):
        return {"TEST_CLOUDINARY_API": f"https://127.0.0.1:{self.port}", "TEST_CLOUDINARY_CA": self.path("crt.pem"),
                "TEST_CLOUDINARY_CLOUD": CLOUD, "TEST_CLOUDINARY_KEY": KEY, "TEST_CLOUDINARY_SECRET": SECRET}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    StandIn(int(sys.argv[1]), sys.argv[2]).serve_forever()


if __name__ == "__main__":
    main()
