#!/usr/bin/python3
"""What uploads that are killed leave on an FTP server: migrate.cgi orphans finds it and does away with it once it is
older than a day, health.cgi tells of it, and nothing else on the server is touched."""
import contextlib
import json
import os
import signal
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import servers   # noqa: E402
from httpd import wait_for   # noqa: E402
from processes import children, threads   # noqa: E402
from pureftpd import OWNER, PASSWORD, USER   # noqa: E402
from remote_site import few_threads, remote_site, run   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402
from uploads import JPEG, file, form, form_headers, png, post   # noqa: E402

HOUR = 3600
ID = "0123456789abcdef0123456789abcdef"
CONF = """
MediaUploadEnvFile .env
MediaUploadDatabase sqlite3 var/media.db
<MediaUpload articles>
    MediaUploadStorage "ftp://%(host)s/media?ca=%(ca)s"
    MediaUploadURL https://cdn.example.org/media
    %(more)s
</MediaUpload>
"""
RECORDS = "MediaUploadRecord article id image_url"


class Media:
    """The storage's folder, seen from the server."""

    def __init__(self, started):
        self.value = started.environment
        self.path = os.path.join(self.value["TEST_FTP_HOME"], "media")

    def site(self, more=""):
        conf = CONF % {"host": self.value["TEST_FTP"], "ca": self.value["TEST_FTP_CA"], "more": more}
        return remote_site(conf, {"FTP_USER": USER, "FTP_PASSWORD": PASSWORD}, "articles", before=few_threads(4))

    def put(self, name, hours, folder=False):
        """Something that was changed so many hours ago; NAME/ABOVE makes the folder as well."""
        path = os.path.join(self.path, name)
        os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
        if not folder:
            with open(path, "wb") as made:
                made.write(b"12345")
        for made in path, os.path.dirname(path):
            if made != self.path:
                os.chown(made, OWNER, OWNER)
                os.utime(made, (time.time() - hours * HOUR,) * 2)

    def age(self, name, hours):
        os.utime(os.path.join(self.path, name), (time.time() - hours * HOUR,) * 2)

    def names(self):
        """All files and folders below."""
        found = set()
        for parent, folders, files in os.walk(self.path):
            found |= {os.path.relpath(os.path.join(parent, name), self.path) for name in folders + files}
        return found


@contextlib.contextmanager
def media(more=""):
    """(httpd, Media), with one picture in it."""
    with servers.started("ftp") as started:
        folder = Media(started)
        with folder.site(more) as httpd:
            httpd.expect("AH10159", "AH03490")   # few threads; the place of a child that was killed is still taken
            is_equal(post(httpd, [file("image", "a.jpg", JPEG)]).status, 201, "a picture is stored")
            yield httpd, folder


def orphans(httpd, *arguments, expected=0):
    """What became of each file, by the results of migrate.cgi."""
    code, said = run(httpd, "migrate.cgi", "orphans", *arguments)
    if not ok(code == expected, f"migrate.cgi ends with {expected}", code, said):
        return {}
    with open(httpd.path("migrate-orphans-results.json"), encoding="utf-8") as results:
        items = json.load(results)["items"]
    return {item["from"].rsplit("/", 1)[1]: item["status"] for item in items}


def begin_and_die(httpd, folder):
    """Kills the child that takes an upload; the name of what that leaves."""
    before = folder.names()
    body = form([file("image", "a.png", png(padding=300000))])
    head = "POST /upload/articles HTTP/1.1\r\nHost: localhost\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in {**form_headers(), "Content-Length": len(body)}.items())
    with httpd.connect() as connection:
        connection.sendall(head.encode() + b"\r\n" + body[:200000])
        wait_for(lambda: folder.names() - before, "the storage has some of it")
        os.kill(next(pid for pid in children(httpd) if threads(pid) > 1), signal.SIGKILL)
        while connection.recv(1000):
            pass
    left = folder.names() - before
    ok(len(left) == 1 and all(name.startswith(".mu-") and name.endswith(".part") for name in left),
       "an upload that is killed leaves its hidden file", left)
    return left.pop()


def test_killed_upload():
    with media() as (httpd, folder):
        stored = folder.names()
        left = begin_and_die(httpd, folder)
        is_equal((orphans(httpd, "--leftovers", "--no-dry-run"), folder.names()), ({}, stored | {left}),
                 "what is young may belong to an upload that goes on: it stays")
        contains(run(httpd, "health.cgi", "check")[1], "leftovers", "health.cgi looks for it")
        folder.age(left, 25)
        said = run(httpd, "health.cgi", "check")[1]
        contains(said, "1 of interrupted uploads, older than a day", "and tells of it a day later")
        contains(said, "migrate.cgi orphans --leftovers --collection articles --no-dry-run", "with what to do")
        is_equal((orphans(httpd, "--leftovers"), folder.names()), ({left: "planned"}, stored | {left}),
                 "a dry run finds it and changes nothing")
        is_equal((orphans(httpd, "--leftovers", "--no-dry-run"), folder.names()), ({left: "migrated"}, stored),
                 "a real one removes it")
        is_equal(orphans(httpd, "--leftovers", "--no-dry-run"), {}, "once")
        ok("of interrupted uploads" not in run(httpd, "health.cgi", "check")[1], "health.cgi is content")


def test_nothing_else():
    ours = {f".mu-{ID}.part": False, f".mu-{ID}.lock": True}
    foreign = {
        f".mu-{ID}.part.bak": False, f".mu-{ID[1:]}.part": False, f".mu-0{ID}.part": False, f".mu-{ID.upper()}.part":
        False, f"mu-{ID}.part": False, f".mu-{ID}.tmp": False, f".mu-{ID[::-1]}.lock": False, ".htaccess": False,
        "old.jpg": False, ".mu-.part": False, f".mu-{ID[::-1]}.part": True, f"deeper/.mu-{ID}.part": False,
    }
    used = f".mu-{ID[:-1]}0.lock"
    with media() as (httpd, folder):
        for name, is_folder in {**foreign, **ours}.items():
            folder.put(name, 48, is_folder)
        folder.put(f".mu-{ID[:-1]}1.part", 23)
        before = folder.names()
        is_equal(orphans(httpd, "--leftovers", "--no-dry-run"), dict.fromkeys(ours, "migrated"),
                 "hidden files and locks of before yesterday are ours")
        is_equal(before - folder.names(), set(ours), "nothing else goes, be its name as like as can be")
        folder.put(f"{used}/somebodys.txt", 48)
        folder.put(f".mu-{ID}.part", 48)
        is_equal(orphans(httpd, "--leftovers", "--no-dry-run", expected=1),
                 {used: "failed", f".mu-{ID}.part": "migrated"}, "a lock with something in it is told of")
        ok(f"{used}/somebodys.txt" in folder.names(), "and stays")


def test_with_orphans():
    """One run does both, where records tell what is an orphan."""
    with media(RECORDS) as (httpd, folder):
        with sqlite3.connect(httpd.path("var/media.db")) as database:
            database.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, image_url TEXT)")
        stored = folder.names()
        folder.put("nobodys.jpg", 48)
        folder.put(f".mu-{ID}.part", 48)
        both = {"nobodys.jpg", f".mu-{ID}.part"}
        is_equal(orphans(httpd), dict.fromkeys(both, "planned"), "a dry run lists both")
        code, said = run(httpd, "migrate.cgi", "orphans", "--no-dry-run", "--max-delete", "1")
        is_equal((code, both <= folder.names()), (2, True), "--max-delete counts both")
        is_equal(orphans(httpd, "--no-dry-run"), dict.fromkeys(both, "migrated"), "a real run takes both")
        is_equal({name for name in folder.names() if not name.startswith("quarantine")}, stored,
                 "what uploads left is deleted, what nobody names is in quarantine")
        is_equal(sorted(name.rsplit("/", 1)[1] for name in folder.names() if name.endswith(".jpg")
                        and name.startswith("quarantine/")), ["nobodys.jpg"], "that alone")


if __name__ == "__main__":
    main()
