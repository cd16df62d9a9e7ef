#!/usr/bin/python3
"""migrate.cgi outbox: what waited for a storage arrives, once, and the records that showed it where it waited get its
final address; cron hears nothing when all is well. On every database, with each remote storage that there is."""
import os
import random
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, Application, kinds   # noqa: E402
from migrate_places import conf, places, upload   # noqa: E402
from migrate_slices import MOST, SHORTEST, ask   # noqa: E402
from migrate_terminal import see   # noqa: E402
from programs import PROGRAMS, SECRET, png   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

ENDPOINT = "https://www.example.org/cgi-bin/upload.cgi/articles"
NOBODY = "ftp://a:b@127.0.0.1:1/x?tls=off"   # a storage that is down
MORE = f"    MediaUploadEndpoint {ENDPOINT}\n"
WITH_OUTBOX = CONF.replace("<MediaUpload", "MediaUploadOutbox on\n<MediaUpload", 1)


def down(site, place):
    """The storage stops to answer."""
    with open(site.conf, encoding="utf-8") as file:
        site.up = file.read()
    nobody = f'MediaUploadStorage "{NOBODY}"'
    if place.own_addresses:
        nobody += f"\n    MediaUploadURL {place.base()}"
    site.write("mediaupload.conf", re.sub(r'MediaUploadStorage "[^"]*"', nobody, site.up))


def up(site):
    """It answers again, and nobody remembers that it did not."""
    site.write("mediaupload.conf", site.up)


def queue(site, place, *texts):
    """Uploads that find the storage down; content by key. Their queued addresses are in a record each."""
    down(site, place)
    status, answer = upload(site, *(png(text.encode()) for text in texts))
    is_equal((status, {entry["state"] for entry in answer["files"]}), (202, {"queued"}), "they are queued")
    for entry in answer["files"]:
        ok(entry["url"].startswith(ENDPOINT), "each at an address of its own")
        site.insert(entry["url"])
    return {entry["key"]: png(text.encode()) for entry, text in zip(answer["files"], texts)}


def remote_places(kind):
    found = [place for place in places() if place.name != "local"]
    return found if kind == "sqlite3" or os.environ.get("TEST_MATRIX") == "full" else found[:1]


def each_site():
    for kind in kinds():
        for place in remote_places(kind):
            with Application(kind, conf(place, MORE, WITH_OUTBOX)) as site:
                place.enter(site)
                yield site, place, f"{kind}, {place.name}"


def waiting(site):
    return {os.path.basename(path) for path in site.files("var/outbox") if "/down-" not in path}


def check_delivered(site, place, wanted, name):
    is_equal(place.objects(), wanted, f"{name}: the storage has each once")
    is_equal(waiting(site), set(), f"{name}: nothing waits")
    is_equal({url for url in site.images().values() if url.startswith("http")}, {place.address(key) for key in wanted},
             f"{name}: records have the final addresses")
    is_equal({url for url, in site.sql("SELECT url FROM mediaupload_media")}, {place.address(key) for key in wanted},
             f"{name}: so has the catalog")


def test_deliver():
    for site, place, name in each_site():
        wanted = queue(site, place, "one", "two", "three")
        site.insert("default_article.jpg")
        before = site.images()
        done = site.migrate("outbox", "--no-dry-run")
        is_equal((done.returncode, done.stdout, done.stderr.count(b"\n")), (3, b"", 1), f"{name}: down: one line, 3")
        done = site.migrate("outbox", "--no-dry-run")
        is_equal((done.returncode, done.stderr.count(b"\n")), (3, 1), f"{name}: a moment later still")
        is_equal((site.images(), waiting(site)), (before, set(wanted)), f"{name}: all waits")
        up(site)
        done = site.migrate("outbox")
        contains(" ".join(done.stdout.decode().split()), "to deliver 3 files", f"{name}: a dry run says what would be")
        is_equal((done.returncode, place.objects()), (0, {}), f"{name}: and delivers nothing")
        done = site.migrate("outbox", "--no-dry-run")
        is_equal((done.returncode, done.stdout, done.stderr), (0, b"", b""), f"{name}: delivered in silence")
        check_delivered(site, place, wanted, name)
        is_equal(site.totals("outbox")["migrated"], 3, f"{name}: the results say how many")
        is_equal(site.images()[max(before)], "default_article.jpg", f"{name}: the default image stays where it is")
        site.migrate("outbox", "--no-dry-run")
        is_equal(site.totals("outbox")["migrated"], 0, f"{name}: a second run delivers nothing")


def test_collections():
    for site, place, name in each_site():
        wanted = queue(site, place, "one")
        up(site)
        with open(site.conf, "a", encoding="utf-8") as file:
            file.write("<MediaUpload logos>\n    MediaUploadStorage local:logos\n"
                       "    MediaUploadURL https://www.example.org/logos\n</MediaUpload>\n")
        done = site.migrate("outbox", "--no-dry-run", "--collection", "logos")
        is_equal((done.returncode, waiting(site)), (0, set(wanted)), f"{name}: another collection's is left alone")
        is_equal(site.migrate("outbox", "--no-dry-run", "--collection", "none").returncode, 2, f"{name}: none such: 2")
        done = site.migrate("outbox", "--no-dry-run")
        is_equal(done.returncode, 0, f"{name}: without a collection it is for all")
        check_delivered(site, place, wanted, name)


def test_on_a_terminal():
    """Nobody counts what waits before it is delivered."""
    for site, place, name in each_site():
        wanted = queue(site, place, "one", "two", "three")
        up(site)
        frames, lines, code = see(site, 80, "outbox", "--no-dry-run", "--limit", "2")
        is_equal((code, frames[1], len(waiting(site))), (0, "1 file", 1), f"{name}: what was done, without bar")
        is_equal(lines[0].split()[:2], ["delivered", "2"], f"{name}: then the sum")
        contains(lines, "Stopped by a limit. Run it again to go on.", f"{name}: no count of what is left either")
        see(site, 80, "outbox", "--no-dry-run")
        check_delivered(site, place, wanted, name)


def test_refused():
    for site, place, name in each_site():
        wanted = queue(site, place, "one")
        up(site)
        key = next(iter(wanted))
        place.put(key, b"of somebody else")
        done = site.migrate("outbox", "--no-dry-run")
        is_equal((done.returncode, place.objects()), (1, {key: b"of somebody else"}), f"{name}: refused: 1")
        is_equal(site.migrate("outbox", "--no-dry-run").returncode, 0, f"{name}: told once")
        place.remove(key)
        done = site.migrate("outbox", "--no-dry-run", "--refused")
        is_equal(done.returncode, 0, f"{name}: --refused tries again")
        check_delivered(site, place, wanted, name)


def test_tables_that_are_wrong():
    """A record's table must not hold up the file."""
    for site, place, name in each_site():
        wanted = queue(site, place, "one")
        queued = site.images()
        up(site)
        site.write("mediaupload.conf", site.up.replace("Record article", "Record articles"))
        done = site.migrate("outbox", "--no-dry-run")
        is_equal((done.returncode, place.objects(), site.images()), (0, wanted, queued), f"{name}: the file arrives")
        contains(done.stderr.decode(), "did you mean article?", f"{name}: and the table is told")
    for kind in kinds():
        for place in remote_places(kind) if kind != "sqlite3" else []:
            with Application(kind, conf(place, MORE.replace("/articles", "/a"), WITH_OUTBOX)) as site:
                place.enter(site)
                down(site, place)
                _, answer = upload(site, png(b"one"))
                site.insert("q")
                site.sql("ALTER TABLE article MODIFY image_url VARCHAR(20)" if kind == "mysql"
                         else "ALTER TABLE article ALTER COLUMN image_url TYPE VARCHAR(20)")
                up(site)
                done = site.migrate("outbox", "--no-dry-run")
                is_equal((done.returncode, set(place.objects())), (0, {answer["files"][0]["key"]}),
                         f"{kind}: a column that is too short holds nothing up")
                contains(done.stderr.decode(), "holds 20 characters", f"{kind}: and is told")


def test_killed():
    calls = "pwrite64,write,sendto,unlinkat"
    for site, place, name in each_site():
        wanted, killed = {}, 0
        for i, point in enumerate((2, random.randrange(3, 8), random.randrange(8, 40))):
            wanted.update(queue(site, place, f"one {i}", f"two {i}"))
            up(site)
            command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                       f"inject={calls}:signal=KILL:when={point}",
                       os.path.join(PROGRAMS, "migrate.cgi"), "outbox", "--apply", "--config", site.conf]
            done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
            killed += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
            done = site.migrate("outbox", "--apply")
            is_equal((done.returncode, done.stderr), (0, b""), f"{name}: the next run ends with 0")
            check_delivered(site, place, wanted, name)
        ok(killed > 0, f"{name}: killed {killed} times")


def test_web():
    for site, place, name in each_site():
        wanted = queue(site, place, "one")
        up(site)
        status, _, body, _ = site.web("migrate.cgi", "POST", b'{"command":"outbox","apply":true}',
                                      HTTP_X_MEDIA_SECRET=SECRET)
        is_equal(status, 200, f"{name}: over HTTP")
        contains(body.decode(), '"migrated"', f"{name}: with results")
        check_delivered(site, place, wanted, name)


def test_time():
    """What was begun is sent whole, what is left is the next run's: it has nothing to remember."""
    for site, place, name in each_site():
        wanted = queue(site, place, "one", "two", "three")
        up(site)
        counts, done = [], False
        while not done and len(counts) < MOST:
            status, answer, _ = ask(site, command="outbox", apply=True, max_time=SHORTEST)
            is_equal((status, "continue" in answer, answer["totals"]["failed"]), (200, False, 0),
                     f"{name}: over HTTP, a moment at a time")
            counts.append(answer["totals"]["migrated"])
            done = answer["done"]
        is_equal(counts, [1, 1, 1], f"{name}: one file each time")
        check_delivered(site, place, wanted, name)
        queue(site, place, "four", "five")
        up(site)
        site.migrate("outbox", "--no-dry-run", "--max-time", "1s", "--limit", "1")
        is_equal((site.totals("outbox")["migrated"], len(waiting(site))), (1, 1), f"{name}: a limit leaves the rest")


def test_local():
    with Application() as site:
        done = site.migrate("outbox", "--no-dry-run")
        is_equal((done.returncode, done.stdout, done.stderr), (0, b"", b""), "no outbox: silence")


if __name__ == "__main__":
    main()
