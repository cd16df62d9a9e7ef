"""Storages for the tests of commands that work in any: a local folder; S3, FTP and Cloudinary where TEST_S3_HTTP,
TEST_FTP and TEST_CLOUDINARY_API say how to reach them.

    for place in places():
        with Application(kind, conf(place)) as site:
            place.enter(site)
            place.put("a.png", content)
            place.objects() == {"a.png": content}
            place.address("a.png")        what pages show; place.spellings: how else records may name it
"""
import json
import os
import subprocess
import time
import uuid

from cloudinary_client import Client
from migrate_application import CONF, STORED, URL
from programs import FORMATS, PROGRAMS, png

LONG_AGO = 3 * 24 * 3600   # seconds


class Place:
    """What is so unless a storage says otherwise."""
    own_addresses = False      # MediaUploadURL says where the public finds the files
    takes_empty = True         # files without a byte
    longest = "deep/" * 20 + "x" * 200 + ".png"

    def enter(self, site):
        """To be called first; nothing is there."""

    def address(self, key):
        return f"{URL}/{key}"

    def base(self):
        """What stands before the key in the address of a picture."""
        return self.address(".png")[:-4]

    def spellings(self, key):
        return f"images/{key}", f"/images/{key}"


class Local(Place):
    name = "local"
    url = f"local:{STORED}"

    def enter(self, site):
        self.root = site.path(STORED)

    def put(self, key, content, age=LONG_AGO):
        path = os.path.join(self.root, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o644)
        os.utime(path, (time.time() - age,) * 2)

    def remove(self, key):
        os.unlink(os.path.join(self.root, key))

    def objects(self):
        """Content by key."""
        found = {}
        for at, _, names in os.walk(self.root):
            for name in names:
                if not name.startswith("."):
                    path = os.path.join(at, name)
                    with open(path, "rb") as file:
                        found[os.path.relpath(path, self.root)] = file.read()
        return found


class Ftp(Local):
    name = "ftp"

    def __init__(self):
        self.folder = uuid.uuid4().hex
        self.url = f"ftp://tester:sekret@{os.environ['TEST_FTP']}/{self.folder}?tls=off"

    def enter(self, site):
        self.root = os.path.join(os.environ["TEST_FTP_HOME"], self.folder)
        os.mkdir(self.root)
        self.give()

    def give(self):
        owner = os.stat(os.environ["TEST_FTP_HOME"])
        for at, _, names in os.walk(self.root):
            for path in [at] + [os.path.join(at, name) for name in names]:
                os.chown(path, owner.st_uid, owner.st_gid)

    def put(self, key, content, age=LONG_AGO):
        super().put(key, content, age)
        self.give()


class S3(Place):
    """Objects are as old as they are: what needs older ones does not run here."""
    name = "s3"

    def __init__(self):
        import boto3
        import botocore.config
        self.prefix = uuid.uuid4().hex
        key, secret, endpoint = (os.environ[f"TEST_S3_{name}"] for name in ("ACCESS_KEY", "SECRET_KEY", "HTTP"))
        self.bucket = os.environ["TEST_S3_BUCKET"]
        self.url = f"s3://{key}:{secret}@{self.bucket}/{self.prefix}?endpoint={endpoint}"
        self.client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key,
                                   aws_secret_access_key=secret,
                                   config=botocore.config.Config(s3={"addressing_style": "path"}))

    def put(self, key, content, age=0):
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)

    def remove(self, key):
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")

    def objects(self):
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix + "/").get("Contents", [])
        return {entry["Key"][len(self.prefix) + 1:]:
                self.client.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read() for entry in listed}


class Cloudinary(Place):
    """With Cloudinary's own addresses. Objects are as old as they are."""
    name = "cloudinary"
    own_addresses = True
    takes_empty = False
    longest = "deep/" * 10 + "x" * 100 + ".png"   # with folder and quarantine, of 255

    def __init__(self):
        self.client = Client()
        self.folder = uuid.uuid4().hex
        secret = "".join(letter if letter.isalnum() else f"%{ord(letter):02X}" for letter in self.client.secret)
        self.url = (f"cloudinary://{self.client.key}:{secret}@{self.client.cloud}/{self.folder}"
                    f"?upload_prefix={self.client.api}&ca={self.client.ca}")

    def address(self, key):
        return f"https://res.cloudinary.com/{self.client.cloud}/{kind_of(key)}/upload/v1/{self.folder}/{key}"

    def spellings(self, key):
        """As its SDKs write them: with a version and transformations; in another format; without any."""
        base = f"res.cloudinary.com/{self.client.cloud}/{kind_of(key)}/upload"
        stem = f"{self.folder}/{key.rsplit('.', 1)[0]}"
        return (f"http://{base}/c_fill,w_300/f_auto/v1712345678/{self.folder}/{key}",
                f"https://{base}/v1712345678/{stem}.avif?_a=BAMAC", f"https://{base}/v1/{stem}")

    def public_id(self, key):
        return f"{self.folder}/{key if kind_of(key) == 'raw' else key.rsplit('.', 1)[0]}"

    def put(self, key, content, age=0):
        self.client.put(kind_of(key), self.public_id(key), os.path.basename(key), content)

    def remove(self, key):
        self.client.destroy(kind_of(key), self.public_id(key))

    def objects(self):
        return {entry["public_id"][len(self.folder) + 1:] + ("." + entry["format"] if "format" in entry else ""):
                self.client.fetch(entry["secure_url"]) for entry in self.client.resources(self.folder + "/")}


def kind_of(key):
    """What an object is called at Cloudinary."""
    extension = key.rsplit(".", 1)[-1]
    return "image" if extension in dict(FORMATS) else "video" if extension == "mp4" else "raw"


def image(key):
    """A picture of its own, of the type that the key's extension says; a PNG where that says none."""
    return dict(FORMATS).get(key.rsplit(".", 1)[-1], png)(key.encode()[:200])


def places(kind="sqlite3"):
    """Each storage with SQLite, the first with the other databases; all with all where TEST_MATRIX says "full"."""
    found = ([Local()] + ([S3()] if "TEST_S3_HTTP" in os.environ else [])
             + ([Ftp()] if "TEST_FTP" in os.environ else [])
             + ([Cloudinary()] if "TEST_CLOUDINARY_API" in os.environ else []))
    return found if kind == "sqlite3" or os.environ.get("TEST_MATRIX") == "full" else found[:1]


def conf(place, more="", text=CONF):
    """The configuration with this storage, and more lines in its section."""
    if place.own_addresses:
        text = text.replace(f"    MediaUploadURL {URL}\n", "")
    return (text.replace(f"MediaUploadStorage local:{STORED}", f'MediaUploadStorage "{place.url}"')
            .replace("</MediaUpload>", more + "</MediaUpload>"))


def upload(site, *pictures):
    """A form sent to upload.cgi; its answer as JSON, and the status."""
    boundary = b"boundary-of-the-test"
    body = b"".join(b'--%s\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n%s\r\n'
                    % (boundary, picture) for picture in pictures) + b"--%s--\r\n" % boundary
    done = subprocess.run([os.path.join(PROGRAMS, "upload.cgi")], input=body, capture_output=True, check=True, cwd="/",
                          env={"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1",
                               "MEDIAUPLOAD_CONFIG": site.conf, "PATH_INFO": "/articles", "HTTP_ACCEPT":
                               "application/json", "CONTENT_TYPE": f"multipart/form-data; boundary={boundary.decode()}",
                               "CONTENT_LENGTH": str(len(body))})
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    return int(head.split(b"Status: ")[1].split()[0]), json.loads(content)
