#!/usr/bin/python3
"""migrate.cgi directory: every picture of a folder arrives exactly once, whatever happens; nothing else is changed."""
import collections
import fcntl
import hashlib
import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from programs import CONF, PROGRAMS, SECRET, Site, data, jpeg, png   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

STORED = "public_html/images"
WITHOUT_DATABASE = CONF.replace("MediaUploadDatabase sqlite3 var/media.db", "")
MEMBERS = ["run", "command", "dry_run", "started", "finished", "totals", "items"]
ITEM_MEMBERS = ["record", "from", "to", "url", "size", "sha256", "status", "error"]
BEARER = {"HTTP_AUTHORIZATION": f"Bearer {SECRET}"}


def migrate(site, *args, **options):
    return site.run("migrate.cgi", "directory", *args, **options)


def totals(site):
    return site.results()["totals"]


def check_once(site, name, sources="uploads"):
    """Every source is in the storage exactly once, and in the catalog where there is one."""
    wanted = collections.Counter(site.files(sources).values())
    stored = site.files(STORED)
    ok(collections.Counter(stored.values()) == wanted, f"{name}: each source is stored exactly once",
       f"{len(stored)} files for {wanted.total()} sources")
    if os.path.exists(site.path("var/media.db")):
        rows = {(key, sha256) for key, sha256, *_ in site.rows()}
        is_equal(rows, {(os.path.relpath(path, site.path(STORED)), hashlib.sha256(content).hexdigest())
                        for path, content in stored.items()}, f"{name}: rows and files agree")


def test_dry_run():
    with Site() as site:
        site.pictures("uploads", 100)
        before = site.fingerprint(".")
        done = migrate(site, "uploads", "--results", "/dev/null")
        is_equal(done.returncode, 2, "results that would not be a file are refused")
        done = migrate(site, "uploads")
        is_equal(done.returncode, 0, "a dry run ends with 0")
        results = site.results()
        os.unlink(site.path("migrate-directory-results.json"))
        is_equal(site.fingerprint("."), before, "it changed nothing but its results: no catalog, no journal")
        is_equal(list(results), MEMBERS, "the members of the results")
        ok(all(list(item) == ITEM_MEMBERS for item in results["items"]), "the members of each item")
        is_equal(results["totals"], {"seen": 100, "migrated": 0, "skipped": 0, "failed": 0,
                                     "bytes": sum(map(len, site.files("uploads").values()))}, "its totals")
        is_equal({item["status"] for item in results["items"]}, {"planned"}, "every item is planned")
        ok(results["dry_run"] is True and results["command"] == "directory", "it says that it was dry")
        plan = done.stdout.decode()
        contains(plan, "to move", "the plan")
        ok("At the speed" not in plan, "nobody knows yet how long it takes", plan)
        for kind in ("image/jpeg", "image/png", "image/gif", "image/webp"):
            contains(plan, kind, f"the plan counts {kind}")
        migrate(site, "uploads", "--no-dry-run")
        shutil.rmtree(site.path("uploads"))
        site.pictures("uploads", 110)
        before = site.fingerprint("var/mediaupload-journal", STORED), sorted(site.rows())
        plan = migrate(site, "uploads").stdout.decode()
        ok(re.search(r"At the speed of the last real run, [\d.]+ \w+/s, that takes \d+:\d\d:\d\d\.\n", plan),
           "once there was a real run, the plan says how long it takes", plan)
        is_equal((site.fingerprint("var/mediaupload-journal", STORED), sorted(site.rows())), before,
                 "a dry run beside an existing catalog changes nothing either")
        is_equal((totals(site)["skipped"], totals(site)["seen"]), (100, 110), "it knows what is there already")


def test_real_run():
    with Site() as site:
        site.pictures("uploads", 100)
        before = site.fingerprint("uploads")
        done = migrate(site, "uploads", "--no-dry-run", umask=0o077)
        is_equal((done.returncode, done.stderr), (0, b""), "a real run ends with 0 and says nothing on standard error")
        is_equal(site.fingerprint("uploads"), before, "sources are unchanged")
        check_once(site, "a real run")
        results = site.results()
        is_equal(results["totals"]["migrated"], 100, "100 are migrated")
        ok(all(os.path.exists(site.path(STORED, item["to"])) and item["url"].endswith("/" + item["to"])
               and hashlib.sha256(site.files("uploads")[item["from"]]).hexdigest() == item["sha256"]
               for item in results["items"][:10]), "items say from where to where, with the right digest")
        ok({os.stat(path).st_mode & 0o777 for path in site.files(STORED)} == {0o644}, "mode 0644 whatever the umask")
        ok(all(width > 0 for *_, width in site.rows()), "the catalog knows width")
        stored = site.fingerprint(STORED)
        done = migrate(site, "uploads", "--apply")
        is_equal((totals(site)["migrated"], totals(site)["skipped"]), (0, 100), "a second run moves nothing")
        is_equal(site.fingerprint(STORED), stored, "and leaves the storage alone")
        shutil.rmtree(site.path("var/mediaupload-journal"))
        migrate(site, "uploads", "--apply")
        is_equal(totals(site)["migrated"], 0, "nor without the journal: the catalog knows")
        os.rename(site.path("uploads"), site.path("renamed"))
        migrate(site, "renamed", "--apply")
        is_equal(totals(site)["migrated"], 0, "nor under another name")
        os.rename(site.path("renamed"), site.path("uploads"))
        migrate(site, "--apply")
        is_equal(totals(site)["seen"], 100, "without DIR the MediaUploadSource folders are taken")


def test_without_database():
    with Site(WITHOUT_DATABASE) as site:
        site.pictures("uploads", 40)
        migrate(site, "uploads", "--apply")
        check_once(site, "without a database")
        for path in site.files("uploads"):
            os.utime(path, (1, 1))
        migrate(site, "uploads", "--apply")
        is_equal((totals(site)["migrated"], totals(site)["skipped"]), (0, 40), "the journal knows files by content too")
        ok(os.path.isdir(site.path("var/mediaupload-journal")), "the journal is in var/ beside the configuration")


def test_equal_files():
    with Site() as site:
        for i in range(6):
            site.write(f"uploads/{i}.jpg", jpeg(b"the same"))
        migrate(site, "uploads", "--apply")
        check_once(site, "six equal files")
        migrate(site, "uploads", "--apply")
        is_equal(totals(site)["migrated"], 0, "equal files: a second run moves nothing")
        site.write("uploads/7.jpg", jpeg(b"the same"))
        migrate(site, "uploads", "--apply")
        is_equal(totals(site)["migrated"], 1, "another one is another picture")


def test_names_and_kinds():
    with Site() as site:
        names = [b"plain.jpg", b"\xff\xfe invalid.jpg", b"\xff\xfd invalid.jpg", "\u00e9t\u00e9.jpg".encode(),
                 "e\u0301te\u0301.jpg".encode(), b'quote"back\\slash.jpg', b"line\nfeed.jpg", b"x" * 251 + b".jpg",
                 b"none"]
        for i, name in enumerate(names):
            site.write(b"uploads/" + name, jpeg(f"name {i}".encode()))
        site.write("uploads/.hidden.jpg", jpeg(b"hidden"))
        site.write("uploads/.folder/a.jpg", jpeg(b"hidden too"))
        refused = {"notes.txt": b"some text", "page.html": b"<!DOCTYPE html><p>x", "fake.jpg": b"<?php echo 1; ?>" * 9,
                   "film.mp4": data("end.mp4"), "cut.png": png(b"cut")[:-9], "empty.gif": b"",
                   "large.jpg": jpeg(b"large") + bytes(11 << 20), "polyglot.jpg": jpeg(b"<?php system($_GET[0]); ?>")}
        for name, content in refused.items():
            site.write("uploads/" + name, content)
        os.symlink("plain.jpg", site.path("uploads/link.jpg"))
        os.symlink("/etc", site.path("uploads/etc"))
        os.mkfifo(site.path("uploads/pipe.jpg"))
        done = migrate(site, "uploads", "--apply")
        is_equal(done.returncode, 0, "what is refused is no failure")
        items = {item["from"].rsplit("/", 1)[1]: item for item in site.results()["items"]}
        is_equal(totals(site), {"seen": len(names) + len(refused) + 3, "migrated": len(names),
                                "skipped": len(refused) + 3, "failed": 0,
                                "bytes": sum(len(jpeg(f"name {i}".encode())) for i in range(len(names)))}, "the totals")
        for name in [*refused, "link.jpg", "etc", "pipe.jpg"]:
            ok(items[name]["status"] == "skipped" and items[name]["error"], f"{name} is skipped, with the reason",
               items[name])
        is_equal(len(site.files(STORED)), len(names), "only pictures are stored")
        migrate(site, "uploads", "--apply")
        is_equal(totals(site)["migrated"], 0, "names that are no UTF-8 are recognised by the second run")


def test_storage_inside_the_folder():
    with Site() as site:
        site.pictures("public_html", 8)
        migrate(site, "public_html", "--apply")
        is_equal(totals(site), {**totals(site), "seen": 8, "migrated": 8}, "what the storage holds is not taken again")
        done = migrate(site, STORED, "--apply")
        is_equal(done.returncode, 2, "the storage itself is refused")


def test_limits():
    with Site() as site:
        site.pictures("uploads", 20)
        done = migrate(site, "uploads", "--apply", "--limit", "7")
        is_equal((done.returncode, totals(site)["migrated"]), (0, 7), "--limit 7 moves 7")
        contains(done.stdout.decode(), "13 files are left", "it says what remains")
        done = migrate(site, "uploads", "--apply", "--max-time=1h", "--limit=5")
        is_equal(totals(site)["migrated"], 5, "the next run goes on")
        migrate(site, "uploads", "--apply")
        check_once(site, "in slices")
        done = migrate(site, "uploads", "--json")
        is_equal(json.loads(done.stdout), site.results(), "--json prints the results")
        done = migrate(site, "uploads", "--apply", "--quiet")
        is_equal((done.stdout, done.stderr), (b"", b""), "--quiet is silent")


def test_usage():
    wrong = [([], "name a command"), (["nothing"], "there is no command nothing"),
             (["directory", "--job", "3"], "there is no option --job"),
             (["directory", "--limit"], "a value belongs to"), (["directory", "--limit", "0"], "a number from 1"),
             (["directory", "--max-time", "soon"], "a time such as"), (["directory", "a", "b"], "too many"),
             (["directory", "no-such-folder"], "cannot list the folder"),
             (["directory", "--collection", "products"], "the configuration has: articles"),
             (["directory", "uploads", "--results", "no/such/folder.json"], "results cannot be written"),
             (["directory", "uploads", "--json=yes"], "no value belongs to")]
    with Site() as site:
        site.write("uploads/a.jpg", jpeg(b"a"))
        for args, message in wrong:
            done = subprocess.run([os.path.join(PROGRAMS, "migrate.cgi"), *args], capture_output=True, cwd=site.root,
                                  env={"MEDIAUPLOAD_CONFIG": site.conf}, stdin=subprocess.DEVNULL)
            is_equal(done.returncode, 2, f"{' '.join(args)}: 2")
            contains(done.stderr.decode(), message, f"{' '.join(args)}: says why")
            is_equal(done.stderr.count(b"\n"), 1, f"{' '.join(args)}: in one line")
        site.write("two.conf", CONF + CONF.split("\n", 3)[3].replace("articles", "products"))
        done = subprocess.run([os.path.join(PROGRAMS, "migrate.cgi"), "--config", site.path("two.conf"), "directory",
                               "uploads"], capture_output=True, cwd=site.root, env={})
        contains(done.stderr.decode(), "articles, products", "with two collections one must be named")
        for args in (["--help"], ["directory", "--help"], ["directory", "-h"]):
            done = subprocess.run([os.path.join(PROGRAMS, "migrate.cgi"), *args], capture_output=True)
            ok(done.returncode == 0 and b"--config FILE" in done.stdout, f"{' '.join(args)} helps")
    with Site(CONF.replace("MediaUploadURL", "MediaUploadKey people_{id}.{ext}\n    MediaUploadURL")) as site:
        site.write("uploads/a.jpg", jpeg(b"a"))
        is_equal(migrate(site, "uploads").returncode, 2, "keys that need a record are refused")


def test_cron():
    with Site() as site:
        site.pictures("uploads", 5)
        command = ["env", "-i", os.path.join(PROGRAMS, "migrate.cgi"), "directory", site.path("uploads"),
                   "--no-dry-run", "--quiet", "--results", site.path("r.json"), "--config", site.conf]
        done = subprocess.run(command, cwd="/", capture_output=True, stdin=subprocess.DEVNULL)
        is_equal((done.returncode, done.stdout, done.stderr), (0, b"", b""), "env -i, in /: silent")
        check_once(site, "from cron")


def test_progress_bar():
    with Site() as site:
        site.pictures("uploads", 20)
        shown = {}
        for quiet in ([], ["--quiet"]):
            ours, theirs = pty.openpty()
            migrate(site, "uploads", *quiet, capture_output=False, stdout=subprocess.DEVNULL, stderr=theirs)
            os.close(theirs)
            try:
                shown[bool(quiet)] = os.read(ours, 100000).decode()
            except OSError:
                shown[bool(quiet)] = ""   # closed, and nothing was written
            os.close(ours)
        ok(re.search(r"\d+/20 files, \d+ %", shown[False]), "a bar on a terminal: count and per cent", shown[False])
        ok(shown[False].endswith("\r\x1b[K"), "it is removed in the end", repr(shown[False][-20:]))
        is_equal(shown[True], "", "none with --quiet")


def test_lock():
    with Site() as site:
        site.pictures("uploads", 3)
        migrate(site, "uploads", "--apply", "--limit", "1")
        with open(site.path("var/mediaupload-journal/articles.lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = migrate(site, "uploads", "--apply")
            is_equal((done.returncode, done.stderr.count(b"\n")), (4, 1), "another run is active: 4, one line")
            is_equal(migrate(site, "uploads").returncode, 0, "a dry run does not mind")
        is_equal(migrate(site, "uploads", "--apply").returncode, 0, "free again")


def test_unreadable():
    with Site() as site:
        site.pictures("uploads", 4)
        site.write("uploads/unreadable.jpg", jpeg(b"x"), mode=0)
        os.makedirs(site.path("uploads/closed"), 0)
        os.chmod(site.path("uploads/closed"), 0)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "65534:65534", site.root], check=True)
        done = migrate(site, "uploads", "--apply", as_nobody=os.geteuid() == 0)
        is_equal(done.returncode, 1, "some failed: 1")
        failed = {item["from"].rsplit("/", 1)[1] for item in site.results()["items"] if item["status"] == "failed"}
        is_equal(failed, {"unreadable.jpg", "closed"}, "they are listed")
        is_equal(totals(site)["migrated"], 4, "the others arrived")
        is_equal(done.stderr.count(b"\n"), 1, "one line says so")


def test_unreachable():
    with Site() as site:
        site.pictures("uploads", 3)
        site.write("var/media.db", "this is no database\n" * 100)
        done = migrate(site, "uploads", "--apply")
        is_equal((done.returncode, totals(site)["failed"]), (3, 0), "no database: 3, and no file is blamed")
        ok(not os.path.exists(site.path(STORED)), "nothing was stored")
    with Site() as site:
        site.pictures("uploads", 3)
        site.write(STORED, "a file where the folder should be")
        is_equal(migrate(site, "uploads", "--apply").returncode, 3, "no storage: 3")


def test_full_disk():
    def limit(size):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    with Site() as site:
        site.pictures("uploads", 8)
        site.write("uploads/sub folder/large.jpg", data("baseline.jpg")[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 8
                   + data("baseline.jpg")[2:])
        migrate(site, "uploads", "--apply", "--limit", "1")
        before = site.fingerprint("uploads")
        done = migrate(site, "uploads", "--apply", preexec_fn=limit(200000))
        is_equal((done.returncode, done.stderr.count(b"\n")), (3, 1), "a disk that is full: 3, one line")
        is_equal(totals(site)["failed"], 1, "the file that met it is listed, no other")
        left = set(site.files(STORED).values()) - set(site.files("uploads").values())
        is_equal(left, set(), "nothing half is left")
        is_equal(site.fingerprint("uploads"), before, "sources are whole")
        migrate(site, "uploads", "--apply")
        check_once(site, "with room again")


def killed_after(site, calls):
    """Runs a migration that is killed at its N-th system call that changes something; whether it was."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=write,pwrite64,writev,linkat",
               "-e", f"inject=write,pwrite64,writev,linkat:signal=KILL:when={calls}",
               os.path.join(PROGRAMS, "migrate.cgi"), "directory", "uploads", "--apply", "--quiet", "--config",
               site.conf]
    done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
    return done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


def kill_and_resume(conf, name, points):
    with Site(conf) as site:
        site.pictures("uploads", 12)
        kills = sum(killed_after(site, point) for point in points)
        ok(kills > 0, f"{name}: killed {kills} times")
        done = migrate(site, "uploads", "--apply")
        is_equal(done.returncode, 0, f"{name}: the run after it ends with 0")
        check_once(site, name)
        migrate(site, "uploads", "--apply")
        is_equal(totals(site)["migrated"], 0, f"{name}: then nothing is left to move")
        ok(not [path for path in os.listdir(site.path(STORED)) if path.endswith(".part")], f"{name}: no leftovers")


def test_kills():
    if shutil.which("strace") is None:
        ok(False, "strace is there to kill at a system call", "apt-get install strace")
        return
    for first in range(1, 40, 3):
        kill_and_resume(CONF, f"killed at call {first}", [first])
    kill_and_resume(CONF, "killed again and again", range(2, 60, 7))
    for first in range(1, 24, 4):
        kill_and_resume(WITHOUT_DATABASE, f"without database, killed at call {first}", [first])


def test_old_results_survive_a_kill():
    if shutil.which("strace") is None:
        return
    with Site() as site:
        site.pictures("uploads", 4)
        migrate(site, "uploads")
        before = site.results()
        ok(killed_after(site, 12), "killed")
        is_equal(site.results(), before, "a killed run leaves the old results")


def post(site, json_body, **variables):
    status, headers, body, _ = site.web("migrate.cgi", "POST", json.dumps(json_body).encode(), **variables)
    return status, headers, json.loads(body)


def test_web():
    with Site() as site:
        site.pictures("uploads", 9)
        for name, variables in {"without secret": {}, "with a wrong one": {"HTTP_AUTHORIZATION": "Bearer wrong"},
                                "in the query": {"QUERY_STRING": f"secret={SECRET}"},
                                "with an empty one": {"HTTP_X_MEDIA_SECRET": ""}}.items():
            status, _, answer = post(site, {"command": "directory", "apply": True}, **variables)
            is_equal((status, answer["error"]["code"]), (403, "forbidden"), f"{name}: 403")
        ok(not os.path.exists(site.path(STORED)), "nothing was done")
        status, _, answer = post(site, {"command": "directory"}, **BEARER)
        is_equal((status, answer["dry_run"], answer["done"], answer["totals"]["seen"]), (200, True, True, 9),
                 "a dry run")
        status, headers, answer = post(site, {"command": "directory", "dir": "uploads", "apply": True},
                                       HTTP_X_MEDIA_SECRET=SECRET)
        is_equal((status, answer["totals"]["migrated"], answer["done"]), (200, 9, True),
                 "a real one, by the other header")
        is_equal((headers["Content-Type"], headers["Cache-Control"]), ("application/json", "no-store"), "its headers")
        check_once(site, "over HTTP")
        ok(not os.path.exists("/migrate-directory-results.json"), "no results file is left about")
        wrong = [({"command": "directory", "dir": "/etc"}, 400), ({"command": "directory", "dir": "uploads/.."}, 400),
                 ({"command": "undo"}, 400), ({}, 400), ([], 400), ({"command": "directory", "collection": "x"}, 400)]
        for body, expected in wrong:
            status, _, answer = post(site, body, **BEARER)
            is_equal((status, answer["error"]["code"]), (expected, "usage"), f"{body}: {expected}")
        status, headers, body, _ = site.web("migrate.cgi", "GET", **BEARER)
        is_equal((status, headers.get("Allow")), (405, "POST"), "GET: 405")
        status, _, body, _ = site.web("migrate.cgi", "POST", b"no json", **BEARER)
        is_equal(status, 400, "no JSON: 400")
        status, _, _, _ = site.web("migrate.cgi", "GET", args=["directory", "uploads", "--apply"])
        is_equal(status, 403, "argv is ignored")
    with Site(CONF.replace(f'MediaUploadSecret "{SECRET}"', "")) as site:
        is_equal(post(site, {"command": "directory"}, HTTP_X_MEDIA_SECRET="")[0], 403, "no secret configured: closed")


def test_secrets_stay_secret():
    with Site() as site:
        site.pictures("uploads", 2)
        seen = b""
        for args in (["uploads"], ["uploads", "--apply"], ["none"], ["--json"]):
            done = migrate(site, *args)
            seen += done.stdout + done.stderr
        for variables in ({}, BEARER):
            _, headers, body, errors = site.web("migrate.cgi", "POST", b'{"command":"directory"}', **variables)
            seen += str(headers).encode() + body + errors.encode()
        os.unlink(site.conf)
        seen += b"".join(site.files("").values())
        ok(SECRET.encode() not in seen, "the secret is in no output, journal or result")


if __name__ == "__main__":
    main()
