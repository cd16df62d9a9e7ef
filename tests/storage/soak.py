#!/usr/bin/python3
"""Uploads go on while the storage comes and goes, and while one of two servers is killed: whatever was answered with
201 or 202 is in the bucket, once and whole, and its URL shows it at every moment."""
import os
import signal
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import servers   # noqa: E402
from httpd import wait_for   # noqa: E402
from tap.tap import diag, is_equal, main, ok   # noqa: E402
from uploads import answer_json, file, place, png, post, server, sha256   # noqa: E402

UPLOADS = 500
CLIENTS = 8
OUTAGES = 10

CONF = """
LogLevel warn
MediaUploadOutbox on
MediaUploadDatabase %(database)s
<MediaUpload articles>
    MediaUploadStorage "s3://%(key)s:%(secret)s@%(bucket)s/%(prefix)s?endpoint=%(endpoint)s"
    MediaUploadURL %(endpoint)s/%(bucket)s/%(prefix)s
</MediaUpload>
"""


class Uploads:
    """Numbered pictures, sent by several threads; calls `at[n]` when n answers have come, while the others wait."""

    def __init__(self, httpds, count=UPLOADS, at=None):
        self.httpds, self.count, self.at = httpds, count, at or {}
        self.lock, self.gate, self.next, self.answered = threading.Lock(), threading.Event(), 0, 0
        self.gate.set()
        self.accepted, self.refused, self.unanswered, self.queued, self.unseen = {}, [], 0, 0, []

    def take_number(self):
        with self.lock:
            self.next += 1
            return self.next - 1 if self.next <= self.count else None

    def note(self, answer, content, httpd):
        with self.lock:
            self.answered += 1
            then = self.at.get(self.answered)
        if then:
            self.gate.clear()
            then()
            self.gate.set()
        if answer is None:
            self.unanswered += 1
        elif answer.status in (201, 202):
            stored = answer_json(answer)["files"][0]
            self.accepted[stored["key"]] = sha256(content)
            if stored["state"] == "queued":
                self.queued += 1
                self.look(httpd, stored)
        else:
            self.refused.append(answer)

    def look(self, httpd, stored):
        """A queued picture is seen now; a moment later it may have moved."""
        try:
            seen = httpd.get(stored["url"].split(str(httpd.port), 1)[1])
        except OSError:
            return   # that server has been killed
        moved = seen is not None and seen.status == 302 and seen.header("Location") == stored["final_url"]
        if seen is not None and not moved and (seen.status != 200 or sha256(seen.body) != stored["sha256"]):
            self.unseen.append(f"{stored['url']}: {seen}")

    def work(self):
        while self.gate.wait() and (number := self.take_number()) is not None:
            httpd = self.httpds[number % len(self.httpds)]
            content = png(width=number + 1, padding=20000 + number)
            try:
                answer = post(httpd, [file("image", f"{number}.png", content)])
            except OSError:
                answer = None
            self.note(answer, content, httpd)

    def run(self):
        threads = [threading.Thread(target=self.work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def configuration(started, prefix, database):
    value = started.environment
    return CONF % {"key": value["TEST_S3_ACCESS_KEY"], "secret": value["TEST_S3_SECRET_KEY"], "prefix": prefix,
                   "bucket": value["TEST_S3_BUCKET"], "endpoint": value["TEST_S3_HTTP"], "database": database}


def waiting(httpd):
    """Entries of its outbox."""
    found = []
    for _, _, names in os.walk(httpd.path("var/outbox")):
        found += [name for name in names if name.endswith(".png")]
    return found


def is_down(httpd):
    """Whether uploads leave the storage alone."""
    return any(name.startswith("down-") for name in os.listdir(httpd.path("var/outbox")))


def objects(started, prefix):
    """SHA-256 of every object below the prefix, by key."""
    s3, bucket = started.servers["s3"].client(), started.environment["TEST_S3_BUCKET"]
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/"):
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found[entry["Key"][len(prefix) + 1:]] = sha256(body)
    return found


def check_outcome(started, prefix, uploads):
    found = objects(started, prefix)
    is_equal({key: found.get(key) for key in uploads.accepted}, uploads.accepted,
             f"all {len(uploads.accepted)} that were accepted are in the bucket, equal by SHA-256")
    is_equal(len(set(found.values())), len(found), "none is there twice")
    ok(not uploads.unseen, "every queued picture was seen meanwhile", *uploads.unseen[:5])
    ok(not uploads.refused, "none was refused", *uploads.refused[:5])
    return found


def check_rows(rows, uploads, httpd_conf_url):
    is_equal(len([key for key in uploads.accepted if rows.get(key) != f"{httpd_conf_url}/{key}"]), 0,
             "the catalog has the final URL of each")


def sqlite_rows(httpd):
    import sqlite3
    with sqlite3.connect(httpd.path("var/media.db")) as database:
        return dict(database.execute("SELECT object_key, url FROM mediaupload_media"))


def no_secret_in_logs(httpd, started):
    text = httpd.error_log()
    is_equal([name for name in ("TEST_S3_ACCESS_KEY", "TEST_S3_SECRET_KEY") if started.environment[name] in text], [],
             "no credential is in the log")


def test_storage_comes_and_goes():
    with servers.started("s3") as started:
        gateway = started.servers["s3"]
        step = UPLOADS // OUTAGES
        conf = configuration(started, "soak", "sqlite3 var/media.db") + place("articles")
        with server(conf=conf, default_image=False) as httpd:
            def come_back():
                gateway.start()
                wait_for(lambda: not is_down(httpd), "the storage is used again")

            at = {outage * step + step // 4: gateway.kill for outage in range(OUTAGES)}
            at.update({outage * step + step // 2: come_back for outage in range(OUTAGES)})
            uploads = Uploads([httpd], at=at)
            uploads.run()
            diag(f"{uploads.queued} of {UPLOADS} went through the outbox")
            ok(OUTAGES <= uploads.queued < UPLOADS, "some were stored at once, some later", uploads.queued)
            wait_for(lambda: not waiting(httpd), "the outbox empties by itself")
            is_equal(uploads.unanswered, 0, "every upload is answered")
            found = check_outcome(started, "soak", uploads)
            is_equal(len(found), UPLOADS, f"{UPLOADS} distinct objects")
            check_rows(sqlite_rows(httpd), uploads, f"{started.environment['TEST_S3_HTTP']}/media/soak")
            no_secret_in_logs(httpd, started)


def kill_server(httpd):
    """The machine goes down: no process of it lives on."""
    os.killpg(httpd.process.pid, signal.SIGKILL)
    httpd.process.wait()


def mysql_rows(started):
    server = started.servers["mysql"]
    text = server.run(["mariadb", "--no-defaults", f"--socket={server.path('s')}", "-uroot", "-N", "media", "-e",
                       "SELECT object_key, url FROM mediaupload_media"])
    return dict(line.split("\t") for line in text.splitlines())


def test_one_of_two_servers_is_killed():
    with servers.started("s3", "mysql") as started:
        gateway = started.servers["s3"]
        database = f'mysql "{started.environment["TEST_MYSQL"]}"'
        conf = configuration(started, "pair", database) + place("articles")
        with server(conf=conf, default_image=False) as one, server(conf=conf, default_image=False) as other:
            uploads = Uploads([one, other], at={UPLOADS // 5: gateway.kill, UPLOADS // 2: lambda: kill_server(one),
                                                UPLOADS * 3 // 4: gateway.start})
            uploads.run()
            ok(uploads.unanswered > 0, "some met the server that was killed", uploads.unanswered)
            ok(waiting(one), "its outbox is left behind")
            one.start()
            wait_for(lambda: not waiting(one) and not waiting(other), "both outboxes empty by themselves")
            check_outcome(started, "pair", uploads)
            check_rows(mysql_rows(started), uploads, f"{started.environment['TEST_S3_HTTP']}/media/pair")


if __name__ == "__main__":
    main()
