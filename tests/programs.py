"""A site of one's own for tests of migrate.cgi and health.cgi: a folder with a configuration, pictures, and the
programs run in it from a shell or as a web server would.

    with Site(CONF) as site:
        site.pictures("uploads", 100)
        done = site.run("migrate.cgi", "directory", "uploads")
"""
import hashlib
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import zlib

from httpd import TOP

PROGRAMS = os.environ.get("TEST_PROGRAMS", os.path.join(TOP, "cgi-bin"))
SECRET = "an example secret of the tests"
CONF = """
MediaUploadDatabase sqlite3 var/media.db
MediaUploadSecret "%s"
<MediaUpload articles>
    MediaUploadStorage local:public_html/images
    MediaUploadURL https://www.example.org/images
    MediaUploadDefault default_article.jpg
    MediaUploadSource uploads
</MediaUpload>
""" % SECRET
TIME_LIMIT = 120   # seconds for one run of a program: far more than any needs
NOBODY = 65534


def data(name):
    with open(os.path.join(TOP, "tests", "data", name), "rb") as file:
        return file.read()


def jpeg(text):
    """Pictures of four formats that differ in a comment."""
    whole = data("baseline.jpg")
    return whole[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + whole[2:]


def png(text):
    whole = data("rgb.png")
    chunk = b"tEXtComment\0" + text
    return whole[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + whole[33:]


def gif(text):
    whole = data("still.gif")
    return whole[:-1] + b"\x21\xfe" + bytes([len(text)]) + text + b"\0" + whole[-1:]


def webp(text):
    whole = data("lossy.webp")
    text += b" " * (len(text) % 2)
    body = whole[8:] + b"note" + struct.pack("<I", len(text)) + text
    return b"RIFF" + struct.pack("<I", len(body)) + body


FORMATS = [("jpg", jpeg), ("png", png), ("gif", gif), ("webp", webp)]


class Site:
    """A folder that is removed when the with-block ends."""

    def __init__(self, conf=CONF, prefix="site-"):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix=prefix))
        os.chmod(self.root, 0o755)
        self.conf = self.write("mediaupload.conf", conf)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["chmod", "-R", "u+rwx", self.root], check=False)
        shutil.rmtree(self.root)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def write(self, name, content, mode=0o644):
        """Writes a file, with its folders; `name` may be bytes."""
        path = os.path.join(os.fsencode(self.root), os.fsencode(name))
        if os.path.dirname(path) != os.fsencode(self.root):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(path, mode)
        return os.fsdecode(path)

    def pictures(self, folder, count):
        """`count` different pictures of four formats, with names as people give them."""
        for i in range(count):
            extension, make = FORMATS[i % 4]
            name = [f"photo {i}", f"été à Tunis {i}", f"{i}" + "x" * (199 - len(extension) - len(str(i))), f"p{i}",
                    f"sub folder/deep/été/{i}", f"CAPITALS {i}"][i % 6]
            self.write(f"{folder}/{name}.{extension}", make(f"picture {i}".encode()))

    def run(self, program, *args, as_nobody=False, **options):
        """A program as a person or cron starts it: with the configuration, in the site's folder."""
        where = PROGRAMS
        if as_nobody:
            where = os.path.join(self.root, "programs")
            if not os.path.isdir(where):
                shutil.copytree(PROGRAMS, where)
            options.update(user=NOBODY, group=NOBODY, extra_groups=[])
        return subprocess.run([os.path.join(where, program), *args, "--config", self.conf],
                              **{"cwd": self.root, "stdin": subprocess.DEVNULL, "capture_output": True,
                                 "timeout": TIME_LIMIT, "env": {}, **options})

    def web(self, program, method="GET", body=b"", args=(), **variables):
        """A program as a web server starts it: (status, headers, body, what it wrote to standard error)."""
        environment = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "SERVER_PROTOCOL": "HTTP/1.1",
                       "MEDIAUPLOAD_CONFIG": self.conf, **variables}
        if body:
            environment["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run([os.path.join(PROGRAMS, program), *args], cwd="/", env=environment, input=body,
                              capture_output=True, timeout=TIME_LIMIT)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return int(headers["Status"]), headers, content, done.stderr.decode()

    def files(self, folder):
        """Content by path of all visible files below a folder."""
        found = {}
        for at, _, names in os.walk(self.path(folder)):
            for name in names:
                if not name.startswith("."):
                    with open(os.path.join(at, name), "rb") as file:
                        found[os.path.join(at, name)] = file.read()
        return found

    def fingerprint(self, *folders):
        """A digest of names, modes, times and content of everything below some folders."""
        digest = hashlib.sha256()
        for folder in folders:
            for at, folders_in, names in os.walk(self.path(folder)):
                for name in sorted(folders_in + names):
                    path = os.path.join(at, name)
                    info = os.lstat(path)
                    digest.update(f"{os.fsencode(path)} {info.st_mode} {info.st_mtime_ns} {info.st_size}\n".encode())
                    if os.path.isfile(path):
                        with open(path, "rb") as file:
                            digest.update(file.read())
        return digest.hexdigest()

    def rows(self):
        """The catalog: key, sha256, size, filename, width of each row."""
        with sqlite3.connect(self.path("var/media.db")) as database:
            return list(database.execute("SELECT object_key, sha256, size, filename, width FROM mediaupload_media"))

    def results(self, name="migrate-directory-results.json"):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)
