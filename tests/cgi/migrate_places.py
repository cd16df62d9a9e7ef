"""Storages for the tests of commands that work in any: a local folder, and S3 and FTP where TEST_S3_HTTP and TEST_FTP
say how to reach them.

    for place in places():
        with Application(kind, conf(place)) as site:
            place.enter(site)
            place.put("a.png", content)
            place.objects() == {"a.png": content}
"""
import json
import os
import subprocess
import time
import uuid

from migrate_application import CONF, STORED, URL
from programs import PROGRAMS

LONG_AGO = 3 * 24 * 3600   # seconds


class Local:
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


class S3:
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

    def enter(self, site):
        pass

    def put(self, key, content, age=0):
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)

    def remove(self, key):
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")

    def objects(self):
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix + "/").get("Contents", [])
        return {entry["Key"][len(self.prefix) + 1:]:
                self.client.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read() for entry in listed}


def places(kind="sqlite3"):
    """Each storage with SQLite, the first with the other databases; all with all where TEST_MATRIX says "full"."""
    found = ([Local()] + ([S3()] if "TEST_S3_HTTP" in os.environ else [])
             + ([Ftp()] if "TEST_FTP" in os.environ else []))
    return found if kind == "sqlite3" or os.environ.get("TEST_MATRIX") == "full" else found[:1]


def conf(place, more="", text=CONF):
    """The configuration with this storage, and more lines in its section."""
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


def address(key):
    return f"{URL}/{key}"
