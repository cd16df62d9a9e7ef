#!/usr/bin/python3
"""Connections to a storage are kept: however many images come, there are no more than httpd has workers.

The servers bear witness. radosgw's log has a line for each request and none about connections, and Pure-FTPd's goes to
syslog: both run with tests/faults/witness.c preloaded, which writes down the connections that they accept, the TLS
handshakes that they finish and what they log. ProFTPD has a log of commands, the stand-in for Cloudinary its own."""
import json
import os
import re
import ssl
import sys
import threading
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts"), os.path.join(HERE, "..", "host")]
import servers   # noqa: E402
from httpd import wait_for   # noqa: E402
from pureftpd import OWNER, PASSWORD, USER   # noqa: E402
from remote_site import few_threads, remote_site   # noqa: E402
from shim import build_shim   # noqa: E402
from tap.tap import diag, is_equal, main, ok   # noqa: E402
from uploads import file, png, post   # noqa: E402

IMAGES = 50
WORKERS = 4
PREFORK = "StartServers %d\nServerLimit %d\nMinSpareServers 1\nMaxSpareServers %d\nMaxRequestWorkers %d\n"
MPMS = {"event": few_threads(WORKERS), "prefork": PREFORK % ((WORKERS,) * 4)}
CONF = """
MediaUploadEnvFile .env
<MediaUpload articles>
    MediaUploadStorage "%s"
    MediaUploadURL https://cdn.example.org/media
</MediaUpload>
"""
FTP_ENV = {"FTP_USER": USER, "FTP_PASSWORD": PASSWORD}


class Witness:
    """Starts a server anew and knows what its process has seen since."""

    def __init__(self, server):
        self.path = server.path("witness")
        os.environ.update(LD_PRELOAD=build_shim(server.directory, "witness"), WITNESS=self.path)
        try:
            server.restart()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["WITNESS"]

    def count(self, pattern):
        """Lines that begin so."""
        return count_in(self.path, "^" + pattern)


def count_in(path, pattern):
    with open(path, encoding="utf-8", errors="replace") as log:
        return len(re.findall(pattern, log.read(), re.MULTILINE))


def upload_all(httpd):
    """Sends the images, as many at once as there are workers."""
    statuses = []

    def send(first):
        for number in range(first, IMAGES, WORKERS):
            statuses.append(post(httpd, [file("image", "a.png", png(padding=1000 * number + 1))]).status)

    clients = [threading.Thread(target=send, args=(first,)) for first in range(WORKERS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    is_equal(statuses, [201] * IMAGES, f"{IMAGES} images are stored")


def check(name, storage, env, record):
    """`record` gives what the server has seen, as numbers by name: "images" is for each image, all else must not be."""
    for mpm, before in MPMS.items():
        with remote_site(CONF % storage, env, "articles", mpm=mpm, before=before) as httpd:
            httpd.expect("AH10159")   # all threads are busy
            start = record()
            upload_all(httpd)
            wait_for(lambda: record()["images"] >= start["images"] + IMAGES, f"the record of {name}")
            seen = {what: number - start[what] for what, number in record().items()}
        diag(f"{name}, {mpm}: {seen}")
        is_equal(seen.pop("images"), IMAGES, f"{name} tells of each image ({mpm})")
        for what, number in seen.items():
            ok(1 <= number <= WORKERS, f"and of one to {WORKERS} {what}", number)


def test_bucket():
    with servers.started("s3") as started:
        gateway, value = started.servers["s3"], started.environment
        witness = Witness(gateway)
        log, bucket = gateway.path("client.rgw.a.log"), value["TEST_S3_BUCKET"]
        check("radosgw", f"s3://{bucket}/reuse?endpoint={value['TEST_S3_HTTPS']}&ca={value['TEST_S3_CA']}",
              {"AWS_ACCESS_KEY_ID": value["TEST_S3_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": value["TEST_S3_SECRET_KEY"]},
              lambda: {"images": count_in(log, rf'beast: .*"PUT /{bucket}/reuse/\S+ HTTP/1\.1" 200 '),
                       "connections": witness.count(f"accepted {gateway.ports[1]}$"),
                       "TLS handshakes": witness.count("(handshake|resumed) ")})


def test_ftp():
    """Files go through connections of their own, as FTP is, which take up the keys of the one for commands."""
    with servers.started("ftp") as started:
        server, value = started.servers["ftp"], started.environment
        witness = Witness(server)
        check("Pure-FTPd", f"ftp://{value['TEST_FTP']}/media?ca={value['TEST_FTP_CA']}", FTP_ENV,
              lambda: {"images": witness.count(r"log .* uploaded "),
                       "connections for commands": witness.count(f"accepted {server.port}$"),
                       "connections in its log": witness.count("log .* New connection from "),
                       "logins": witness.count(f"log .* {USER} is now logged in"),
                       "TLS handshakes": witness.count("handshake ")})


def test_ftps():
    """In a folder that is there: one that is missing costs a further login (mu_ftp_session_end says why)."""
    with servers.started("proftpd") as started:
        value = started.environment
        log, folder = value["TEST_PROFTPD_LOG"], os.path.join(value["TEST_PROFTPD_HOME"], "media")
        os.mkdir(folder)
        os.chown(folder, OWNER, OWNER)
        check("ProFTPD", f"ftps://{value['TEST_PROFTPD_IMPLICIT']}/media?ca={value['TEST_PROFTPD_CA']}", FTP_ENV,
              lambda: {"images": count_in(log, "^STOR .*: 226"), "logins": count_in(log, "^PASS .*: 230")})


def test_account():
    """The stand-in ends a connection with its handshake: there are as many of one as of the other."""
    with servers.started("cloudinary") as started:
        value = started.environment
        tls = ssl.create_default_context(cafile=value["TEST_CLOUDINARY_CA"])

        def record():
            with urllib.request.urlopen(value["TEST_CLOUDINARY_API"] + "/requests", context=tls) as answer:
                told = json.load(answer)
            return {"images": sum(bool(re.match(r"POST .*/image/upload", request)) for request in told["requests"]),
                    "connections": told["connections"]}

        check("Cloudinary", f"cloudinary:///reuse?upload_prefix={value['TEST_CLOUDINARY_API']}"
              f"&ca={value['TEST_CLOUDINARY_CA']}",
              {"CLOUDINARY_CLOUD_NAME": value["TEST_CLOUDINARY_CLOUD"],
               "CLOUDINARY_API_KEY": value["TEST_CLOUDINARY_KEY"],
               "CLOUDINARY_API_SECRET": f"'{value['TEST_CLOUDINARY_SECRET']}'"}, record)


if __name__ == "__main__":
    main()
