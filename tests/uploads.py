"""Forms, pictures and the configuration that tests of uploads share.

    with server(conf=ARTICLES + PLACE) as httpd:
        answer = post(httpd, [file("image", "a.jpg", JPEG)])
        check_stored(httpd, answer)
"""
import hashlib
import json
import os
import re
import struct
import zlib

from httpd import TOP, Httpd

SECRET = "an example secret of the tests"
BOUNDARY = "----WebKitFormBoundaryq3Y5xvJmZ8aTnC2e"   # as Chromium writes it

ARTICLES = """
MediaUploadDatabase sqlite3 var/media.db
MediaUploadSecret "%s"
<MediaUpload articles>
    MediaUploadStorage local:public_html/static/article_images
    MediaUploadURL http://127.0.0.1:@PORT@/static/article_images
    MediaUploadDefault default_article.jpg
</MediaUpload>
""" % SECRET

ANY = """
<MediaUpload any>
    MediaUploadStorage local:public_html/static/any
    MediaUploadURL http://127.0.0.1:@PORT@/static/any
    MediaUploadAccept */*
    MediaUploadEmpty on
    MediaUploadMaxSize 1G
</MediaUpload>
"""


def place(name, *directives, path=None):
    """The <Location> at which a collection is served."""
    lines = "\n".join(f"    {line}" for line in directives)
    return f"<Location {path or '/upload/' + name}>\n    SetHandler mediaupload\n" \
           f"    MediaUploadCollection {name}\n{lines}\n</Location>\n"


def data(name):
    with open(os.path.join(TOP, "tests", "data", name), "rb") as file:
        return file.read()


JPEG = data("baseline.jpg")
GIF = data("still.gif")
WEBP = data("lossy.webp")
PHP = b"<?php system($_GET['c']); ?>\n" * 100


def png(width=3, height=2, padding=0):
    """A PNG; `padding` bytes of a private chunk make it larger."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + b"\x40\x80\xc0" * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + (chunk(b"prVt", bytes(padding)) if padding else b"") + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


PNG = png()


def file(field, filename, content, mime="application/octet-stream"):
    """A file part, as browsers write it."""
    name = filename.encode() if isinstance(filename, str) else filename
    return (b'Content-Disposition: form-data; name="' + field.encode() + b'"; filename="' + name + b'"\r\n'
            b"Content-Type: " + mime.encode() + b"\r\n\r\n" + content)


def field(name, value):
    return b'Content-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value.encode()


def form(parts, boundary=BOUNDARY):
    """A multipart body of these parts."""
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def form_headers(boundary=BOUNDARY, **more):
    return {"Content-Type": f"multipart/form-data; boundary={boundary}",
            **{name.replace("_", "-"): value for name, value in more.items()}}


def post(httpd, parts, path="/upload/articles", headers=None, tls=False):
    return httpd.request("POST", path, headers={**form_headers(), **(headers or {})}, body=form(parts), tls=tls)


def answer_json(answer):
    """The reply's body; {} when it is no JSON."""
    try:
        return json.loads(answer.body)
    except (ValueError, AttributeError):
        return {}


def code(answer):
    return answer_json(answer).get("error", {}).get("code")


def server(conf=None, default_image=True, **options):
    """An httpd with the articles collection and its default image, unless told otherwise."""
    files = dict(options.pop("files", {}))
    if default_image:
        files["public_html/static/article_images/default_article.jpg"] = data("../../htdocs/default_article.jpg")
    return Httpd(conf=ARTICLES + place("articles") if conf is None else conf, files=files, **options)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def stored_files(httpd, folder="public_html/static/article_images"):
    """The names of what uploads left in a storage; the default image and .htaccess are not counted."""
    found = []
    for parent, _, names in os.walk(httpd.path(folder)):
        found += [os.path.relpath(os.path.join(parent, name), httpd.path(folder)) for name in names]
    return sorted(set(found) - {"default_article.jpg", ".htaccess"})


def without_names(text):
    """A reply's text with what differs from upload to upload (key, port) made the same."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "UUID", text)
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
