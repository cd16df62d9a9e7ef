"""A small client of Cloudinary's APIs, to see and change what an account holds from outside.

    client = Client()                    the account that TEST_CLOUDINARY_... describe
    client.put("image", "folder/a", "a.png", content)
    client.resources("folder/")          all that is below it, as the Admin API lists it
"""
import base64
import hashlib
import http.client
import json
import os
import ssl
import time
import urllib.parse
import uuid

TYPES = ("image", "video", "raw")


class Client:
    def __init__(self, environment=None):
        values = os.environ if environment is None else environment
        self.api, self.ca, self.cloud, self.key, self.secret = (
            values[f"TEST_CLOUDINARY_{name}"] for name in ("API", "CA", "CLOUD", "KEY", "SECRET"))
        self.connection = None

    def ask(self, method, path, body=b"", **headers):
        """(status, content) of a request; the connection is kept."""
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(urllib.parse.urlsplit(self.api).netloc, timeout=60,
                                                          context=ssl.create_default_context(cafile=self.ca))
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()   # it was closed meanwhile: once more on a new one
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()

    def fetch(self, url):
        """The content of a delivery URL."""
        status, content = self.ask("GET", urllib.parse.urlsplit(url).path)
        if status != 200:
            raise AssertionError(f"{url}: {status}")
        return content

    def post(self, action, params, file=None):
        """A signed request to the Upload API."""
        params = {**params, "timestamp": str(int(time.time()))}
        text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        params.update(signature=hashlib.sha1((text + self.secret).encode()).hexdigest(), api_key=self.key)
        boundary = uuid.uuid4().hex
        body = b"".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                        for name, value in params.items())
        if file:
            body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file[0]}"\r\n\r\n'
                     ).encode() + file[1] + b"\r\n"
        status, content = self.ask("POST", f"/v1_1/{self.cloud}/{action}", body + f"--{boundary}--\r\n".encode(),
                                   **{"Content-Type": f"multipart/form-data; boundary={boundary}"})
        if status != 200:
            raise AssertionError(f"{action}: {status} {content}")
        return json.loads(content)

    def put(self, kind, public_id, filename, content):
        return self.post(f"{kind}/upload", {"public_id": public_id, "overwrite": "true", "invalidate": "true"},
                         (filename, content))

    def destroy(self, kind, public_id):
        return self.post(f"{kind}/destroy", {"public_id": public_id, "invalidate": "true"})["result"]

    def resources(self, prefix="", kinds=TYPES):
        """What a listing tells of all that is below."""
        password = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        found = []
        for kind in kinds:
            query = {"max_results": 500, **({"prefix": prefix} if prefix else {})}
            while query:
                status, content = self.ask("GET", f"/v1_1/{self.cloud}/resources/{kind}/upload?"
                                           + urllib.parse.urlencode(query), Authorization=f"Basic {password}")
                if status != 200:
                    raise AssertionError(f"resources: {status} {content}")
                page = json.loads(content)
                found += page["resources"]
                query = {**query, "next_cursor": page["next_cursor"]} if "next_cursor" in page else None
        return found

    def control(self, what, value):
        """Tells the stand-in what shall happen: "faults", "deliveries", "limit"."""
        self.ask("PUT", f"/{what}", json.dumps(value).encode())

    def requests(self):
        """What came since the last control of "faults"."""
        return json.loads(self.ask("GET", "/requests")[1])["requests"]
