#!/usr/bin/python3
"""migrate.cgi backup and restore: one archive that any tar reads, checked whole before anything is changed; what is
there and differs stays; undo. On every database, and in every storage that there is."""
import hashlib
import io
import json
import os
import random
import signal
import stat
import subprocess
import sys
import tarfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import Application, kinds   # noqa: E402
from migrate_places import Local, conf, image, places, upload   # noqa: E402
from programs import PROGRAMS, SECRET, png, webp   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

ROWS = "SELECT object_key, url, filename, type, size, sha256, width, height, created FROM mediaupload_media ORDER BY 1"


def each_site():
    for kind in kinds():
        for place in places(kind):
            with Application(kind, conf(place)) as site:
                place.enter(site)
                yield site, place, f"{kind}, {place.name}"


def fill(site, place):
    for key in ("a.png", place.longest, "sub/b.jpg"):
        place.put(key, image(key))
    place.put("large.webp", webp(os.urandom(300000)))
    if place.takes_empty:
        place.put("empty.gif", b"")
    _, answer = upload(site, png(b"uploaded"))
    for value in (place.address("a.png"), place.spellings("sub/b.jpg")[0], None, "", answer["files"][0]["url"],
                  "ünï 'quoted'.png"):
        site.insert(value)


def state(site, place):
    return (site.images(), site.sql(ROWS),
            {key: content for key, content in place.objects().items() if not key.startswith("quarantine/")})


def backup(site, name="site.tar"):
    done = site.migrate("backup", name, "--no-dry-run")
    is_equal((done.returncode, done.stderr), (0, b""), "a backup is made")
    return site.path(name)


def empty(site, place):
    for key in place.objects():
        place.remove(key)
    site.sql("DELETE FROM mediaupload_media")
    site.sql("UPDATE article SET image_url = NULL")


def test_round_trip():
    for site, place, name in each_site():
        fill(site, place)
        before = state(site, place)
        done = site.migrate("backup", "site.tar")
        is_equal((done.returncode, done.stderr, os.path.exists(site.path("site.tar"))), (0, b"", False),
                 f"{name}: a dry run writes no archive")
        path = backup(site)
        is_equal((stat.S_IMODE(os.stat(path).st_mode), os.path.exists(path + ".part")), (0o600, False),
                 f"{name}: it is its owner's")
        done = site.migrate("backup", "site.tar", "--no-dry-run")
        is_equal(done.returncode, 2, f"{name}: an archive is not overwritten")
        with tarfile.open(path) as tar:
            contents = {member.name: tar.extractfile(member).read() for member in tar}
        manifest = json.loads(contents.pop("manifest.json"))
        is_equal({entry["name"]: (entry["size"], entry["sha256"]) for entry in manifest["files"]},
                 {one: (len(content), hashlib.sha256(content).hexdigest()) for one, content in contents.items()},
                 f"{name}: any tar reads it, and the manifest is right")
        is_equal({one[6:]: content for one, content in contents.items() if one.startswith("files/")}, before[2],
                 f"{name}: it has every file")
        ok(subprocess.run(["tar", "tf", path], capture_output=True, check=False).returncode == 0, f"{name}: GNU tar")
        done = site.migrate("restore", "site.tar", "--no-dry-run")
        is_equal((done.returncode, site.totals("restore")["migrated"], state(site, place)), (0, 0, before),
                 f"{name}: where nothing is missing nothing is restored")
        empty(site, place)
        wiped = state(site, place)
        done = site.migrate("restore", "site.tar")
        is_equal((done.returncode, state(site, place)), (0, wiped), f"{name}: dry: nothing changes")
        done = site.migrate("restore", "site.tar", "--no-dry-run")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: restore ends with 0")
        after = state(site, place)
        is_equal(after[1:], before[1:], f"{name}: files and catalog are back")
        is_equal({key: value or None for key, value in after[0].items()},
                 {key: value or None for key, value in before[0].items()}, f"{name}: records are back")
        done = site.migrate("undo", site.report("restore")["run"], "--no-dry-run")
        is_equal((done.returncode, done.stderr, state(site, place)), (0, b"", wiped), f"{name}: undo takes it back")


def test_differs():
    for site, place, name in each_site():
        fill(site, place)
        path, before = backup(site), state(site, place)
        place.put("a.png", b"newer")
        site.sql("UPDATE article SET image_url = 'newer.png' WHERE id = 1")
        site.sql("DELETE FROM article WHERE id = 2")
        site.sql("UPDATE mediaupload_media SET filename = 'newer'")
        changed = state(site, place)
        done = site.migrate("restore", path, "--no-dry-run")
        is_equal((done.returncode, state(site, place)), (1, changed), f"{name}: what differs stays")
        is_equal(site.totals("restore")["failed"], 3, f"{name}: and is told")
        done = site.migrate("restore", path, "--no-dry-run", "--replace")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: --replace")
        del before[0][2]
        is_equal(state(site, place), before, f"{name}: all but the record that is gone is as it was")
        done = site.migrate("undo", site.report("restore")["run"], "--no-dry-run")
        is_equal((done.returncode, state(site, place)), (0, changed), f"{name}: undo brings the newer ones back")


def test_odd_names():
    for kind in kinds():
        with Application(kind) as site:
            for name in (b"has space.png", "Été.png".encode(), b"latin-\xe9.png"):
                site.write(b"public_html/images/" + name, name)
            before = site.files("public_html")
            backup(site)
            for path in before:
                os.unlink(path)
            done = site.migrate("restore", "site.tar", "--no-dry-run")
            is_equal((done.returncode, site.files("public_html")), (0, before), f"{kind}: names of any bytes")


def rewrite(path, change):
    """The archive once more, with `change` made to (name, content) of each file; NULL leaves it out."""
    with tarfile.open(path) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in filter(None, (change(*member) for member in members)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_damaged():
    with Application() as site:
        place = Local()
        place.enter(site)
        fill(site, place)
        path = backup(site)
        with open(path, "rb") as file:
            whole = file.read()
        empty(site, place)
        wiped = state(site, place)

        def refused(what, code=1):
            done = site.migrate("restore", path, "--no-dry-run")
            is_equal((done.returncode, done.stderr.count(b"\n"), state(site, place)), (code, 1, wiped),
                     f"{what}: refused in one line, nothing changes")

        for cut in [0, 1, 511, 512] + [random.randrange(len(whole) - 1500) for _ in range(20)]:
            with open(path, "wb") as file:
                file.write(whole[:cut])
            refused(f"cut at {cut}")
        in_headers = (3, 512, 1154)
        for at in (whole.index(image("a.png")) + 40, whole.index(b'"sha256"') + 14, *in_headers):
            with open(path, "wb") as file:
                file.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            refused(f"a bit at {at}")
        bad = {"files/a.png": "files/../../a.png", "files/sub/b.jpg": "files/.htaccess", "catalog.jsonl": "other.txt",
               "files/large.webp": "files//large.webp"}
        for old, new in bad.items():
            with open(path, "wb") as file:
                file.write(whole)
            names = {entry: new if entry == old else entry for entry in [old]}
            rewrite(path, lambda name, content: (names.get(name, name), content.replace(
                old.encode(), new.encode()) if name == "manifest.json" else content))
            refused(f"{new} instead of {old}")
            ok(not os.path.exists(site.path("a.png")), f"{new}: nothing outside")
        with open(path, "wb") as file:
            file.write(whole)
        rewrite(path, lambda name, content: None if name == "files/a.png" else (name, content))
        refused("a file that is missing")
        with open(path, "wb") as file:
            file.write(whole)
        rewrite(path, lambda name, content: (name, content))
        is_equal(site.migrate("restore", path, "--no-dry-run").returncode, 0, "written by another tar it is as good")
        is_equal(site.migrate("restore", "nothing.tar").returncode, 2, "no archive: 2")
        is_equal(site.migrate("restore").returncode, 2, "no name: 2")


def test_another_collection():
    with Application() as site:
        place = Local()
        place.enter(site)
        fill(site, place)
        path = backup(site)
        with open(site.conf, "a", encoding="utf-8") as file:
            file.write("<MediaUpload logos>\n    MediaUploadStorage local:logos\n"
                       "    MediaUploadURL https://www.example.org/logos\n</MediaUpload>\n")
        done = site.migrate("restore", path, "--collection", "logos", "--no-dry-run")
        is_equal((done.returncode, site.files("logos")), (2, {}), "a backup of another collection: 2")
        contains(done.stderr.decode(), "--collection articles", "and it says which")


def test_not_whole():
    """What cannot be read makes no archive."""
    for site, place, name in each_site():
        fill(site, place)
        site.sql("ALTER TABLE article RENAME TO elsewhere")
        done = site.migrate("backup", "site.tar", "--no-dry-run")
        is_equal((done.returncode, [one for one in os.listdir(site.root) if "site.tar" in one]), (2, []),
                 f"{name}: no table: no archive")
        site.sql("DROP TABLE elsewhere")
    with Application() as site:
        is_equal(site.migrate("backup", "none/site.tar", "--no-dry-run").returncode, 2, "no folder: 2")
        is_equal(site.web("migrate.cgi", "POST", b'{"command":"backup","file":"x.tar","apply":true}',
                          HTTP_X_MEDIA_SECRET=SECRET)[0], 400, "not over HTTP")


def test_killed():
    calls = "pwrite64,write,writev,linkat,sendto,renameat2"
    for site, place, name in each_site():
        fill(site, place)
        before, killed = state(site, place), 0
        path = backup(site)
        for point in (3, random.randrange(4, 12), random.randrange(12, 60)):
            empty(site, place)
            wiped = state(site, place)
            command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                       f"inject={calls}:signal=KILL:when={point}",
                       os.path.join(PROGRAMS, "migrate.cgi"), "restore", path, "--apply", "--config", site.conf]
            done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
            killed += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
            done = site.migrate("restore", path, "--apply")
            is_equal((done.returncode, state(site, place)[1:]), (0, before[1:]),
                     f"{name}: killed: the rest is restored")
            for run in sorted(os.listdir(site.path("var/mediaupload-journal")), reverse=True):
                if run.endswith("restore.jsonl"):
                    site.migrate("undo", run[:-6], "--apply")
            is_equal(state(site, place), wiped, f"{name}: killed: all undone")
        ok(killed > 0, f"{name}: killed {killed} times")
        os.unlink(path)
        command[command.index("restore")] = "backup"
        subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
        ok(not os.path.exists(path) or tarfile.open(path).getnames()[-1] == "manifest.json",
           f"{name}: a backup that was killed has no name")


if __name__ == "__main__":
    main()
