#!/usr/bin/python3
"""migrate.cgi references and undo: every image that a record names arrives once, and its record gets the URL; a run can
be taken back; nothing that changed in between is overwritten. On every database."""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, STORED, URL, Application, kinds   # noqa: E402
from programs import PROGRAMS, SECRET   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

CHANGING = "write,pwrite64,writev,linkat,sendto"


def fill(site, count=12):
    """Records whose paths are written in as many ways, each with its picture; content by id."""
    wanted = {}
    for i in range(count):
        name = f"static/uploads/{['', 'sub dir/', 'Été/'][i % 3]}photo {i}.{['jpg', 'png', 'gif', 'webp'][i % 4]}"
        path = site.picture(name)
        short = name.removeprefix("static/")
        stored = [name, short, "/" + name, short.replace("/", "\\"), f"http://old.example.com/{name}",
                  "/" + name.replace(" ", "%20").replace("É", "%C3%89").replace("é", "%C3%A9") + "?v=3",
                  short.upper(), unicodedata.normalize("NFD", name)][i % 8]
        with open(path, "rb") as file:
            wanted[site.insert(stored)] = file.read()
    return wanted


def check_moved(site, wanted, name):
    """Every record has the URL of a copy of its picture, and nothing else is stored."""
    images, stored = site.images(), site.stored()
    is_equal({key: stored.get(images[key]) for key in wanted}, wanted, f"{name}: each record shows its picture")
    is_equal(len(stored), len(set(images[key] for key in wanted)), f"{name}: nothing else is stored")
    is_equal(site.catalog(), {url[len(URL) + 1:] for url in stored}, f"{name}: the catalog knows what is stored")


def test_dry_and_real():
    for kind in kinds():
        with Application(kind) as site:
            wanted = fill(site)
            before, rows = site.fingerprint("static", "public_html"), site.images()
            tables = site.sql("SELECT COUNT(*) FROM article")
            done = site.migrate("references")
            is_equal((done.returncode, done.stderr), (0, b""), f"{kind}: a dry run ends with 0")
            contains(done.stdout.decode(), "to move", f"{kind}: it prints a plan")
            is_equal((site.images(), site.fingerprint("static", "public_html")), (rows, before),
                     f"{kind}: and changes nothing")
            is_equal({item["status"] for item in site.report("references")["items"]}, {"planned"},
                     f"{kind}: all is planned")
            try:
                site.sql("SELECT COUNT(*) FROM mediaupload_media")
                ok(False, f"{kind}: no table is made by a dry run")
            except Exception:
                ok(True, f"{kind}: no table is made by a dry run")
            done = site.migrate("references", "--no-dry-run")
            is_equal((done.returncode, done.stderr), (0, b""), f"{kind}: a real run ends with 0")
            check_moved(site, wanted, kind)
            is_equal(site.totals("references")["migrated"], len(wanted), f"{kind}: it says how many")
            is_equal(site.fingerprint("static"), site.fingerprint("static"), f"{kind}: sources are kept")
            item = site.report("references")["items"][0]
            is_equal((item["record"], item["url"]), ("1", site.images()[1]),
                     f"{kind}: record and URL are in the results")
            ok(os.path.exists(item["from"]) and len(item["sha256"]) == 64, f"{kind}: so are source and digest")
            moved = site.images()
            site.migrate("references", "--apply")
            is_equal((site.totals("references")["migrated"], site.images()), (0, moved),
                     f"{kind}: a second run moves nothing")
            is_equal(site.sql("SELECT COUNT(*) FROM article"), tables, f"{kind}: no row was added")


def test_kinds_of_values():
    for kind in kinds():
        with Application(kind) as site:
            site.picture("static/uploads/a.png")
            site.picture(f"{STORED}/kept.png")
            site.picture(f"{STORED}/has space.png")
            values = {None: "skipped", "": "skipped", "default_article.jpg": "skipped", f"{URL}/x.png": "skipped",
                      "https://www.gravatar.com/avatar/1": "skipped", "data:image/png;base64,AA==": "skipped",
                      "https://oaidalleapiprodscus.blob.core.windows.net/a.png?se=2026-03-01T09%3A30%3A00Z&sig=x":
                          "skipped",
                      "uploads/none.png": "failed", "elsewhere/a.png": "failed", "../../etc/passwd": "failed",
                      "uploads/a.png": "migrated", "/images/kept.png": "migrated", "images/has space.png": "migrated"}
            keys = {value: site.insert(value) for value in values}
            done = site.migrate("references", "--apply")
            is_equal(done.returncode, 1, f"{kind}: some failed")
            items = {int(item["record"]): item for item in site.report("references")["items"]}
            is_equal({value: items[key]["status"] for value, key in keys.items()}, values,
                     f"{kind}: what becomes of each")
            images = site.images()
            ok(all(images[keys[value]] == value for value, status in values.items() if status != "migrated"),
               f"{kind}: what is not moved stays as it is")
            is_equal(images[keys["/images/kept.png"]], f"{URL}/kept.png",
                     f"{kind}: what lies in the storage is not copied")
            contains(items[keys["elsewhere/a.png"]]["error"], "static/uploads/a.png has the same name",
                     f"{kind}: a file of the same name is proposed, not taken")


def test_undo():
    for kind in kinds():
        with Application(kind) as site:
            wanted = fill(site, 8)
            before, sources = site.images(), site.fingerprint("static")
            site.migrate("references", "--apply")
            run = site.report("references")["run"]
            moved, stored = site.images(), site.stored()
            done = site.migrate("undo", run)
            is_equal((done.returncode, site.images(), site.stored()), (0, moved, stored),
                     f"{kind}: a dry undo changes nothing")
            done = site.migrate("undo", run, "--apply")
            is_equal((done.returncode, done.stderr), (0, b""), f"{kind}: undo ends with 0")
            is_equal((site.images(), site.stored(), site.catalog(), site.fingerprint("static")), (before, {}, set(),
                                                                                                  sources),
                     f"{kind}: rows, storage and catalog are as before")
            done = site.migrate("undo", run, "--apply")
            is_equal((done.returncode, site.totals("undo")["migrated"]), (0, 0),
                     f"{kind}: a second undo finds nothing to do")
            site.migrate("references", "--apply")
            check_moved(site, wanted, f"{kind}, again")


def test_undo_refuses():
    for kind in kinds():
        with Application(kind) as site:
            wanted = fill(site, 5)
            before = site.images()
            site.migrate("references", "--apply")
            run, moved = site.report("references")["run"], site.images()
            sources = {int(item["record"]): item["from"] for item in site.report("references")["items"]}
            site.sql("UPDATE article SET image_url = 'new.png' WHERE id = 1")       # changed by the application
            site.sql("DELETE FROM article WHERE id = 2")                            # deleted
            os.unlink(sources[3])                                                   # its source is gone
            with open(sources[4], "ab") as file:                                    # its source is another one
                file.write(b"more")
            done = site.migrate("undo", run, "--apply")
            is_equal((done.returncode, done.stderr.count(b"\n")), (1, 1), f"{kind}: something could not be taken back")
            is_equal(site.images(), {1: "new.png", 3: before[3], 4: moved[4], 5: before[5]},
                     f"{kind}: what changed since is left alone")
            with open(sources[3], "rb") as file:
                is_equal(file.read(), wanted[3], f"{kind}: a source that is gone is put back")
            is_equal(set(site.stored()), {moved[4]}, f"{kind}: a copy whose source changed is kept")
            is_equal(site.migrate("undo", "20200101T000000.000000Z-references").returncode, 2,
                     f"{kind}: no such run: 2")
            is_equal(site.migrate("undo", site.report("undo")["run"]).returncode, 2, f"{kind}: an undo is not undone")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


def test_changed_meanwhile():
    """The application writes between reading and changing: strace stops the program after each link."""
    for kind in kinds():
        with Application(kind) as site:
            fill(site, 1)
            command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=linkat", "-e",
                       "inject=linkat:signal=STOP",
                       os.path.join(PROGRAMS, "migrate.cgi"), "references", "--apply", "--quiet", "--config", site.conf]
            with subprocess.Popen(command, cwd=site.root, env={}, stderr=subprocess.DEVNULL) as program:
                while program.poll() is None:
                    if any(names for _, _, names in os.walk(site.path(STORED))):   # before, strace tries children out
                        site.sql("UPDATE article SET image_url = 'other.png'")
                        for child in children(program.pid):
                            with contextlib.suppress(ProcessLookupError):
                                os.kill(child, signal.SIGCONT)
                    time.sleep(0.01)
            is_equal((program.returncode, site.images()), (1, {1: "other.png"}),
                     f"{kind}: a record that changed meanwhile "
                     "is not overwritten")


def test_ids_as_names():
    conf = CONF.replace("MediaUploadURL", "MediaUploadKey characters/character_{id}.{ext}\n    MediaUploadURL")
    for kind in kinds():
        with Application(kind, conf) as site:
            site.picture("static/uploads/one.png")
            for value in ("uploads/one.png", "static/uploads/one.png", "uploads/one.png"):
                site.insert(value)
            site.migrate("references", "--apply", "--jobs", "3")
            is_equal(site.images(), {i: f"{URL}/characters/character_{i}.png" for i in (1, 2, 3)},
                     f"{kind}: names by record")
            is_equal(len(site.stored()), 3, f"{kind}: each record has its own copy")
            shutil.rmtree(site.path("var/mediaupload-journal"))
            site.sql("UPDATE article SET image_url = 'uploads/one.png' WHERE id = 2")
            site.migrate("references", "--apply")
            is_equal(site.images()[2], f"{URL}/characters/character_2.png", f"{kind}: found again without a journal")


def test_without_host():
    with Application(conf=CONF.replace(f"    MediaUploadURL {URL}\n", "")) as site:
        wanted = fill(site, 6)
        done = site.migrate("references", "--apply")
        is_equal((done.returncode, done.stderr), (0, b""), "without MediaUploadURL: done")
        images = site.images()
        is_equal({url.rpartition("/")[0] for url in images.values()}, {"/images"}, "records get a path of the site")
        stored = {"/images/" + url[len(URL) + 1:]: content for url, content in site.stored().items()}
        is_equal({key: stored.get(images[key]) for key in wanted}, wanted, "each shows its picture")
        done = site.migrate("references", "--apply")
        is_equal((done.returncode, site.images(), len(site.stored())), (0, images, 6), "a second run moves nothing")


def test_parallel_and_limits():
    for kind in kinds():
        with Application(kind) as site:
            wanted = fill(site, 30)
            site.migrate("references", "--apply", "--jobs", "4", "--limit", "7")
            is_equal(site.totals("references")["migrated"], 7, f"{kind}: --limit 7 moves 7, whatever --jobs")
            site.migrate("references", "--apply", "--jobs", "8", "--bwlimit", "10M", "--max-time", "1h")
            check_moved(site, wanted, f"{kind}, --jobs 8")
            for args in (["--jobs", "65"], ["--bwlimit", "fast"], ["--bwlimit", "0"], ["--bwlimit", "-1"]):
                is_equal(site.migrate("references", *args).returncode, 2, f"{kind}: {' '.join(args)}: 2")


def test_one_file_for_many():
    for kind in kinds():
        with Application(kind) as site:
            site.picture("static/uploads/same.png")
            for _ in range(20):
                site.insert("uploads/same.png")
            site.migrate("references", "--apply", "--jobs", "8")
            is_equal((len(set(site.images().values())), len(site.stored())), (1, 1),
                     f"{kind}: 20 records share one copy")


def test_wrong_configuration():
    for kind in kinds():
        for old, new, text in (("article id image_url", "articles id image_url", "did you mean article?"),
                               ("article id image_url", "article id image", "did you mean image_url?"),
                               ("    MediaUploadRecord article id image_url\n", "", "names no table")):
            with Application(kind, CONF.replace(old, new)) as site:
                done = site.migrate("references", "--apply")
                is_equal(done.returncode, 2, f"{kind}: {text}: 2")
                contains(done.stderr.decode(), text, f"{kind}: {text}")
    with Application("sqlite3", CONF.replace("MediaUploadDatabase {database}", "")) as site:
        is_equal(site.migrate("references").returncode, 2, "no database: 2")


def test_too_long():
    for kind in kinds():
        if kind == "sqlite3":
            continue
        with Application(kind) as site:
            site.picture("static/uploads/a.png")
            site.insert("uploads/a.png")
            site.sql("ALTER TABLE article MODIFY image_url VARCHAR(40)" if kind == "mysql"
                     else "ALTER TABLE article ALTER COLUMN image_url TYPE VARCHAR(40)")
            done = site.migrate("references", "--apply")
            is_equal((done.returncode, site.stored(), site.images()), (1, {}, {1: "uploads/a.png"}),
                     f"{kind}: a column that is too short for the URL stops the record before anything is stored")
            contains(site.report("references")["items"][0]["error"], "holds 40 characters", f"{kind}: and says so")


def killed_after(site, calls, *args):
    """Runs a command that is killed at its N-th system call that changes something; whether it was."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CHANGING}",
               "-e", f"inject={CHANGING}:signal=KILL:when={calls}", os.path.join(PROGRAMS, "migrate.cgi"), *args,
               "--apply", "--quiet", "--config", site.conf]
    done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
    return done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_kills():
    for kind in kinds():
        killed = 0
        for point in random.sample(range(2, 90), 12):
            with Application(kind) as site:
                wanted = fill(site, 6)
                before = site.images()
                jobs = ["--jobs", str(random.choice((1, 3)))]
                killed += killed_after(site, point, "references", *jobs)
                done = site.migrate("references", "--apply")
                is_equal(done.returncode, 0, f"{kind}: killed at call {point}: the next run ends with 0")
                check_moved(site, wanted, f"{kind}: killed at call {point}")
                site.migrate("references", "--apply")
                is_equal(site.totals("references")["migrated"], 0, f"{kind}: killed at call {point}: nothing is left")
                journal = site.path("var/mediaupload-journal")
                for run in sorted(name[:-6] for name in os.listdir(journal) if name.endswith("references.jsonl")):
                    killed += killed_after(site, point // 4 + 1, "undo", run)
                    site.migrate("undo", run, "--apply")
                is_equal((site.images(), site.stored()), (before, {}), f"{kind}: killed at call {point}: all undone")
        ok(killed > 0, f"{kind}: killed {killed} times")


def test_s3():
    """From disk into a bucket and back; what was moved is compared by reading it again."""
    if "TEST_S3_HTTP" not in os.environ:
        return
    keys = {"AWS_ACCESS_KEY_ID": "TEST_S3_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY": "TEST_S3_SECRET_KEY",
            "AWS_S3_ENDPOINT_URL": "TEST_S3_HTTP"}
    env = {name: os.environ[value] for name, value in keys.items()} | {"AWS_S3_REGION_NAME": "default"}
    for kind in kinds():
        bucket = f"s3://{os.environ['TEST_S3_BUCKET']}/{kind}-{os.getpid()}"
        with Application(kind, CONF.replace(f"local:{STORED}", bucket)) as site:
            fill(site, 16)
            before = site.images()
            done = site.migrate("references", "--apply", "--jobs", "4", env=env)
            is_equal((done.returncode, done.stderr), (0, b""), f"{kind}: into a bucket")
            run, moved = site.report("references")["run"], site.images()
            ok(all(url.startswith(URL + "/") for url in moved.values()), f"{kind}: every record has its URL", moved)
            done = site.migrate("audit", "--quiet", env=env)
            is_equal((done.returncode, site.report("audit")["items"]), (0, []), f"{kind}: the audit lists the bucket")
            site.sql(f"UPDATE article SET image_url = '{URL}/none.png' WHERE id = 1")
            site.migrate("audit", "--quiet", env=env)
            is_equal(sorted(item["problem"] for item in site.report("audit")["items"]), ["missing", "orphaned"],
                     f"{kind}: and sees what is missing and what is too much")
            site.sql(f"UPDATE article SET image_url = '{moved[1]}' WHERE id = 1")
            done = site.migrate("undo", run, "--apply", "--jobs", "4", env=env)
            is_equal((done.returncode, site.images(), site.catalog()), (0, before, set()), f"{kind}: and back")


def test_undo_of_a_directory():
    with Application() as site:
        for i in range(5):
            site.picture(f"static/uploads/{i}.png")
        sources = site.fingerprint("static")
        site.migrate("directory", "--apply", "--jobs", "3")
        run = site.report("directory")["run"]
        site.insert(sorted(site.stored())[0])
        done = site.migrate("undo", run, "--apply")
        is_equal((done.returncode, len(site.stored())), (1, 1), "a copy that a record shows is kept")
        site.sql("DELETE FROM article")
        done = site.migrate("undo", run, "--apply")
        is_equal((done.returncode, site.stored(), site.catalog()), (0, {}, set()), "the others are removed")
        is_equal(site.fingerprint("static"), sources, "the folder is as it was")


def test_web():
    with Application() as site:
        wanted = fill(site, 4)
        headers = {"HTTP_X_MEDIA_SECRET": SECRET}
        status, _, body, _ = site.web("migrate.cgi", "POST", b'{"command":"references","apply":true}', **headers)
        contains(body.decode(), '"done": true' if '"done": true' in body.decode() else '"done":true', "done over HTTP")
        is_equal(status, 200, "references over HTTP")
        check_moved(site, wanted, "over HTTP")
        run = body.decode().split('"run":')[1].split('"')[1]
        is_equal(site.web("migrate.cgi", "POST", b'{"command":"undo"}', **headers)[0], 400, "undo without a run: 400")
        status, _, _, _ = site.web("migrate.cgi", "POST", b'{"command":"undo","apply":true,"run":"%s"}' % run.encode(),
                                   **headers)
        is_equal((status, site.stored()), (200, {}), "undo over HTTP")


if __name__ == "__main__":
    main()
