"""What an account at Cloudinary holds and does, for the stand-in (cloudinary.py): signatures, names, uploads, renaming,
lists, delivery.

What goes beyond the plain description of the methods, and where it is documented:

    a listing has no etag of its objects           cloudinary-go: api.BriefAssetResult; rclone takes MD5 from others
    "explicit" describes like an upload and has    cloudinary-go, api/admin/asset.go (Asset): "which return the same
    no hourly limit                                information and are not rate limited"
    the words and headers of the hourly limit      "Admin API reference", "Usage limits"; yoelpc4/laravel-cloudinary #11
    a version is the time of an upload, renaming   support.cloudinary.com, "What are image versions"
    keeps it
    a URL with another extension gives another     "Image format support", "Delivering in a different format"
    format; without one, the object's own
    what was delivered stays in caches unless a    "Invalidate cached media assets on the CDN"
    change asks to invalidate it
    an etag is the MD5 of what was uploaded        rclone/rclone #8051, by Cloudinary
"""

import base64
import hashlib
import os
import re
import time
import urllib.parse
import uuid

CLOUD, KEY, SECRET = "demo-cloud", "123456789012345", "s3cr3t/with+signs&more"
UNSIGNED = {"file", "cloud_name", "resource_type", "api_key", "signature"}
LIMITS = {"image": 20 << 20, "video": 2 << 30, "raw": 20 << 20}   # bytes, as a paid plan has them
CHUNK_MIN = 5 << 20
PAGE, PAGE_MAX = 10, 500
ADMIN_LIMIT = 500        # requests an hour, of a free plan; nothing is counted before a test says so
BRIEF = {"asset_id", "public_id", "format", "version", "resource_type", "type", "created_at", "bytes", "width",
         "height", "placeholder", "url", "secure_url"}   # of a listed object
HOUR = 3600
MAGIC = [(b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"RIFF", "webp"), (b"<svg", "svg")]


class Refusal(Exception):
    def __init__(self, status, message, **headers):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


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


def rate_headers(left, hour):
    return {"X-FeatureRateLimit-Limit": ADMIN_LIMIT, "X-FeatureRateLimit-Remaining": left,
            "X-FeatureRateLimit-Reset": time.strftime("%a, %d %b %Y %H:%M:%S GMT", hour)}


def rate_limited(hour):
    return Refusal(420, f"Rate Limit Exceeded. Limit of {ADMIN_LIMIT} api operations reached. Try again on "
                        f"{time.strftime('%Y-%m-%d %H:%M:%S UTC', hour)}", **rate_headers(0, hour))


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
        self.resources, self.parts = {}, {}
        self.before = {}              # the objects of the last change, as they were: brief, or None
        self.cached = {}              # what the network of caches has: (type, public ID) and content, by path
        self.admin_left = None        # of the requests of this hour; None: they are not counted

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

    def change(self, params, *names):
        """To be called before something happens to objects."""
        self.before = {name: self.brief(self.resources[name]) if name in self.resources else None for name in names}
        if is_true(params, "invalidate", False):
            self.cached = {path: entry for path, entry in self.cached.items() if entry[0] not in names}

    @staticmethod
    def brief(resource):
        return {name: value for name, value in resource.items() if name in BRIEF}

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
        self.change(params, (kind, public_id))
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

    def explicit(self, kind, params):
        if params.get("type") != "upload":
            raise Refusal(400, "Missing required parameter - type")
        if (kind, params["public_id"]) not in self.resources:
            raise Refusal(404, f"Resource not found - {params['public_id']}")
        return self.in_upload_answer(self.resources[kind, params["public_id"]])

    def destroy(self, kind, params):
        self.change(params, (kind, params["public_id"]))
        return {"result": "ok" if self.resources.pop((kind, params["public_id"]), None) else "not found"}

    def rename(self, kind, params):
        old, new = params["from_public_id"], params["to_public_id"]
        check_public_id(new)
        if (kind, old) not in self.resources:
            raise Refusal(404, f"Resource not found - {old}")
        if (kind, new) in self.resources and not is_true(params, "overwrite", False):
            raise Refusal(400, f"to_public_id ({new}) already exists")
        self.change(params, (kind, old), (kind, new))
        resource = self.resources.pop((kind, old))
        resource["public_id"] = new
        self.resources[kind, new] = resource
        resource["secure_url"] = self.url(resource)
        return self.in_upload_answer(resource)

    def list(self, kind, query, stale):
        known = {name: self.brief(resource) for (found, name), resource in self.resources.items()
                 if found == kind and name.startswith(query.get("prefix", ""))}
        for (found, name), resource in self.before.items() if stale else ():
            if resource is None:
                known.pop(name, None)
            elif found == kind and name.startswith(query.get("prefix", "")):
                known[name] = resource
        names = sorted(known)
        size = min(int(query.get("max_results", PAGE)), PAGE_MAX)
        start = int(base64.b64decode(query["next_cursor"])) if "next_cursor" in query else 0
        page = {"resources": [known[name] for name in names[start:start + size]]}
        if start + size < len(names):
            page["next_cursor"] = base64.b64encode(str(start + size).encode()).decode()
        return page

    def take_admin_request(self):
        """Counts one; the headers of its answer."""
        hour = time.gmtime((time.time() // HOUR + 1) * HOUR)
        if self.admin_left is None:
            return {}
        if self.admin_left == 0:
            raise rate_limited(hour)
        self.admin_left -= 1
        return rate_headers(self.admin_left, hour)

    def deliver(self, path, kind, name):
        """(status, content) of a delivery URL without transformations."""
        if path not in self.cached:
            stem, extension = os.path.splitext(name)
            public_id = name if (kind, name) in self.resources else stem
            resource = self.resources.get((kind, public_id))
            if resource is None:
                return 404, b""
            wanted = {"jpeg": "jpg"}.get(extension[1:], extension[1:])
            converts = public_id != name and wanted != resource.get("format")
            content = f"{public_id} as {wanted}".encode() if converts else resource["content"]
            self.cached[path] = (kind, public_id), content
        return 200, self.cached[path][1]
