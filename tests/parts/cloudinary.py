"""A stand-in for Cloudinary's Upload API, Admin API and delivery, over https, as far as an upload module uses them. It
verifies what the real one does: keys, signatures (SHA-1 and SHA-256), time stamps, names, sizes, ranges of chunks. The
real SDK for node is its judge (tests/clients).

It is milder than the real one in one thing: an image or video may hold any bytes; where they tell no format, the
extension of the file's name does. Objects live in memory.

Beside the APIs, for tests: PUT /faults with a JSON list of what happens to the next requests of the APIs, GET /requests
for a JSON object of what came since: "requests" (as "METHOD path range"), and "connections", how many of them were the
first on theirs; each connection has a TLS handshake of its own. The faults:

    ok                          STATUS [RETRY-AFTER]        420     the hourly limit of the Admin API
    cut-request BYTES           cut-answer BYTES            lose-answer
    silent                      corrupt   stores other bytes        unsigned   signs the answer wrongly
    quota     the account is full

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
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Server, answers, make_certificate, wait_until   # noqa: E402

CLOUD, KEY, SECRET = "demo-cloud", "123456789012345", "s3cr3t/with+signs&more"
UNSIGNED = {"file", "cloud_name", "resource_type", "api_key", "signature"}
LIMITS = {"image": 20 << 20, "video": 2 << 30, "raw": 20 << 20}   # bytes, as a paid plan has them
CHUNK_MIN = 5 << 20
PAGE, PAGE_MAX = 10, 500
HOUR = 3600
MAGIC = [(b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"RIFF", "webp"), (b"<svg", "svg")]


class Refusal(Exception):
    def __init__(self, status, message, **headers):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


# --- what an account holds


def string_to_sign(params):
    """Signature version 2: "&" inside of a parameter is escaped."""
    return "&".join(f"{name}={value}".replace("&", "%26") for name, value in sorted(params.items())
                    if name not in UNSIGNED and value != "")


def signature_of(text, length):
    return (hashlib.sha256 if length == 64 else hashlib.sha1)((text + SECRET).encode()).hexdigest()


def check_signed(params):
    if "signature" not in params:
        raise Refusal(400, "Upload preset must be specified when using unsigned upload")
    if "api_key" not in params:
        raise Refusal(401, "Must supply api_key")
    if params["api_key"] != KEY:
        raise Refusal(401, f"Unknown API key {params['api_key']}")
    if not params.get("timestamp", "").isdigit():
        raise Refusal(400, "Missing required parameter - timestamp")
    text, given = string_to_sign(params), params["signature"]
    if given != signature_of(text, len(given)):
        raise Refusal(401, f"Invalid Signature {given}. String to sign - '{text}'.")
    age = time.time() - int(params["timestamp"])
    if abs(age) > HOUR:
        reported = time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(int(params["timestamp"])))
        raise Refusal(400, f"Stale request - reported time is {reported} which is more than 1 hour ago")


def check_public_id(public_id):
    if not 1 <= len(public_id) <= 255:
        raise Refusal(400, f"public_id ({public_id[:60]}...) is too long" if public_id else "public_id is empty")
    if re.search(r"[?&#\\%<>+]", public_id) or public_id != public_id.strip(" /"):
        raise Refusal(400, f"public_id ({public_id}) is invalid")
    if any(re.fullmatch(r"v\d+", folder) for folder in public_id.split("/")[:-1]):
        raise Refusal(400, f"public_id ({public_id}) has a folder that looks like a version")


def is_true(params, name, otherwise):
    return {"": otherwise, "0": False, "false": False}.get(params.get(name, ""), True)


def format_of(content, filename):
    if content[4:8] == b"ftyp":
        return "mp4"
    found = [extension for magic, extension in MAGIC if content.startswith(magic)]
    extension = os.path.splitext(filename)[1][1:].lower()
    return found[0] if found else {"jpeg": "jpg"}.get(extension, extension)


class Account:
    def __init__(self, base):
        self.base = base
        self.lock = threading.Lock()
        self.resources, self.parts = {}, {}

    def describe(self, resource):
        """The members that both APIs have."""
        return {name: value for name, value in resource.items() if name != "content"}

    def in_upload_answer(self, resource, **more):
        text = f"public_id={resource['public_id']}&version={resource['version']}"
        return {**self.describe(resource), "signature": signature_of(text, 40), "version_id": uuid.uuid4().hex,
                "original_filename": os.path.basename(resource["public_id"]), **more}

    def url(self, resource):
        extension = "." + resource["format"] if "format" in resource else ""
        return (f"{self.base}/{CLOUD}/{resource['resource_type']}/upload/v{resource['version']}/"
                f"{urllib.parse.quote(resource['public_id'])}{extension}")

    def put(self, kind, public_id, content, filename):
        now = int(time.time())
        resource = {"asset_id": uuid.uuid4().hex, "public_id": public_id, "version": now, "resource_type": kind,
                    "type": "upload", "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
                    "bytes": len(content), "etag": hashlib.md5(content).hexdigest(), "placeholder": False,
                    "content": content}
        if kind != "raw":
            resource.update(width=1, height=1, format=format_of(content, filename))
        self.resources[kind, public_id] = resource
        resource["secure_url"] = self.url(resource)
        resource["url"] = resource["secure_url"].replace("https:", "http:")
        return resource

    def upload(self, kind, params, file, headers, corrupt):
        filename, content = file if file else ("", None)
        public_id = params.get("public_id") or uuid.uuid4().hex[:20]
        if params.get("folder"):
            public_id = params["folder"].strip("/") + "/" + public_id
        check_public_id(public_id)
        if content is None:
            raise Refusal(400, "Missing required parameter - file")
        if not content:
            raise Refusal(400, "Empty file")
        if "X-Unique-Upload-Id" in headers:
            content = self.take_chunk(headers["X-Unique-Upload-Id"], headers.get("Content-Range", ""), content)
            if content is None:
                return {"done": False, "kind": "upload", "public_id": public_id}
        if len(content) > LIMITS[kind]:
            raise Refusal(400, f"File size too large. Got {len(content)}. Maximum is {LIMITS[kind]}.")
        existing = self.resources.get((kind, public_id))
        if existing and not is_true(params, "overwrite", True):
            return self.in_upload_answer(existing, existing=True)
        return self.in_upload_answer(self.put(kind, public_id, corrupt(content), filename))

    def take_chunk(self, upload_id, content_range, content):
        """The whole content once the last chunk is there."""
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(-1|\d+)", content_range)
        if not found:
            raise Refusal(400, f"Invalid Content-Range {content_range}")
        start, end, total = (int(word) for word in found.groups())
        parts = self.parts.setdefault(upload_id, bytearray())
        if end + 1 - start != len(content) or start not in (len(parts), len(parts) - len(content)):
            raise Refusal(400, f"Content-Range {content_range} does not follow on {len(parts)} bytes")
        is_last = end + 1 == total
        if not is_last and len(content) < CHUNK_MIN:
            raise Refusal(400, "All parts except the last must be larger than 5mb")
        parts[start:] = content
        return bytes(self.parts.pop(upload_id)) if is_last else None

    def destroy(self, kind, params):
        return {"result": "ok" if self.resources.pop((kind, params["public_id"]), None) else "not found"}

    def rename(self, kind, params):
        old, new = params["from_public_id"], params["to_public_id"]
        check_public_id(new)
        if (kind, old) not in self.resources:
            raise Refusal(404, f"Resource not found - {old}")
        if (kind, new) in self.resources and not is_true(params, "overwrite", False):
            raise Refusal(400, f"to_public_id ({new}) already exists")
        resource = self.resources.pop((kind, old))
        resource["public_id"] = new
        self.resources[kind, new] = resource
        resource["secure_url"] = self.url(resource)
        return self.in_upload_answer(resource)

    def list(self, kind, query):
        names = sorted(name for found, name in self.resources
                       if found == kind and name.startswith(query.get("prefix", "")))
        size = min(int(query.get("max_results", PAGE)), PAGE_MAX)
        start = int(base64.b64decode(query["next_cursor"])) if "next_cursor" in query else 0
        page = {"resources": [self.describe(self.resources[kind, name]) for name in names[start:start + size]]}
        if start + size < len(names):
            page["next_cursor"] = base64.b64encode(str(start + size).encode()).decode()
        return page


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
                self.answer(200, self.call(words[1:], dict(urllib.parse.parse_qsl(query))))
            elif words[0] == CLOUD:
                self.answer(200, self.delivered(words[1:]), **{"Content-Type": "application/octet-stream"})
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
        with server.account.lock:
            if self.command == "PUT" and word == "faults":
                server.faults, server.requests, server.connections = json.loads(body), [], 0
            value = {"connections": server.connections, "requests": server.requests}
        self.answer(200, value)

    def next_fault(self):
        """Notes the request; does what is to happen before it is read."""
        server = self.server
        with server.account.lock:
            self.fault = server.faults.pop(0) if server.faults else "ok"
            server.connections += self.is_new
            self.is_new = False
        fault, _, amount = self.fault.partition(" ")
        if fault == "cut-request":
            self.read_body(int(amount))
            self.close_connection = True
            raise ConnectionAbortedError
        body = self.read_body()
        with server.account.lock:
            server.requests.append(" ".join(filter(None, [self.command, self.path, self.headers.get("Content-Range")])))
        if fault == "silent":
            self.rfile.read(1)
            raise ConnectionAbortedError
        if fault == "quota":
            raise Refusal(400, "You have exceeded your storage quota")
        if fault == "420":
            reset = {"X-FeatureRateLimit-Reset": "Tue, 01 Jan 2030 00:00:00 GMT"}
            raise Refusal(420, "Rate Limit Exceeded. Limit of 500 api operations reached. Try again on "
                               "2030-01-01 00:00:00 UTC", **reset)
        if fault.isdigit():
            raise Refusal(int(fault), "asked for by a test", **({"Retry-After": amount} if amount else {}))
        return body

    def call(self, words, query):
        try:
            body = self.next_fault()
        except ConnectionAbortedError:
            self.close_connection = True
            self.fault = "lose-answer"
            return {}
        cloud, action = words[0], words[1:]
        if cloud != CLOUD:
            raise Refusal(401, f"Invalid cloud_name {cloud}")
        account = self.server.account
        if self.command == "GET":
            self.check_password()
            with account.lock:
                return self.ask(account, action, query)
        params, file = read_form(self.headers.get("Content-Type", ""), body)
        check_signed(params)
        kind, verb = action
        with account.lock:
            if verb == "upload":
                answer = account.upload(kind, params, file, self.headers, self.corrupt)
            else:
                answer = {"destroy": account.destroy, "rename": account.rename}[verb](kind, params)
        return {**answer, "signature": "0" * 40} if self.fault == "unsigned" else answer

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
    def ask(account, action, query):
        if action == ["ping"]:
            return {"status": "ok"}
        if action[:1] != ["resources"] or (len(action) > 2 and action[2] != "upload"):
            raise Refusal(404, "Not found")
        if len(action) <= 3:
            return account.list(action[1], query)
        public_id = "/".join(action[3:])
        if (action[1], public_id) not in account.resources:
            raise Refusal(404, f"Resource not found - {public_id}")
        return account.describe(account.resources[action[1], public_id])

    def delivered(self, words):
        kind, name = words[0], "/".join(words[3:] if re.fullmatch(r"v\d+", words[2]) else words[2:])
        with self.server.account.lock:
            stem, extension = os.path.splitext(name)
            resource = self.server.account.resources.get((kind, name if kind == "raw" else stem))
            if resource and (kind == "raw" or resource["format"] == extension[1:]):
                return resource["content"]
        raise Refusal(404, f"Resource not found - {name}", **{"X-Cld-Error": f"Resource not found - {name}"})


class StandIn(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, directory):
        super().__init__(("127.0.0.1", port), Handler)
        self.account = Account(f"https://127.0.0.1:{port}")
        self.faults, self.requests, self.connections = [], [], 0
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
