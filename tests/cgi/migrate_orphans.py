#!/usr/bin/python3
"""migrate.cgi orphans: what nobody names goes into quarantine and comes back with undo; what somebody may need stays; a
listing or table that cannot be read whole moves nothing. On every database, and in every storage that there is."""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, Application, kinds   # noqa: E402
from migrate_places import Local, conf, image, places, upload   # noqa: E402
from migrate_slices import ask, check_one_run, check_slices, journals, slices, total, whole   # noqa: E402
from programs import NOBODY, PROGRAMS, png   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

AGE = ["--min-age", "1s"]   # objects of S3 are as old as they are
IDS = {"sqlite3": "INTEGER", "mysql": "BIGINT", "pgsql": "INTEGER"}


def each_site(more="", text=CONF):
    for kind in kinds():
        for place in places(kind):
            with Application(kind, conf(place, more, text)) as site:
                place.enter(site)
                yield site, place, f"{kind}, {place.name}"


def quarantined(site, place):
    """Content by path of what is in quarantine."""
    if place.name == "local":
        top = site.path("var/mediaupload-quarantine/articles")
        return {os.path.relpath(path, top).split("/", 1)[1]: content for path, content in site.files(top).items()}
    return {key.split("/", 3)[3]: content for key, content in place.objects().items() if key.startswith("quarantine/")}


def at_home(place):
    return {key: content for key, content in place.objects().items() if not key.startswith("quarantine/")}


def old_enough():
    """What was made so far is more than a second old."""
    begun = time.time()
    while time.time() - begun < 1.1:
        time.sleep(0.1)


def fill(site, place):
    """(what must stay, what is orphaned), content by key."""
    wanted = {key: image(key) for key in ("full.png", "path.png", "deep/er.png", "by-name.png", "default_article.jpg",
                                          "twice/same.png", "page.html", "other/spelling.gif")}
    orphans = {key: image(key) for key in ("orphan.png", "deep/orphan.jpg", "twice/other.webp")}
    for key, content in {**wanted, **orphans}.items():
        place.put(key, content)
    for value in (place.address("full.png"), place.spellings("path.png")[0], place.spellings("deep/er.png")[1],
                  place.spellings("other/spelling.gif")[-1], "somewhere/by-name.png", "nowhere/same.png", None, "",
                  "https://elsewhere.example/orphan.png"):
        site.insert(value)
    status, answer = upload(site, png(b"uploaded"))
    is_equal(status, 201, "an upload that no record names")
    wanted[answer["files"][0]["key"]] = png(b"uploaded")
    old_enough()
    return wanted, orphans


def test_dry_real_undo():
    for site, place, name in each_site():
        wanted, orphans = fill(site, place)
        everything = {**wanted, **orphans}
        done = site.migrate("orphans", *AGE)
        is_equal((done.returncode, done.stderr, place.objects()), (0, b"", everything), f"{name}: dry: nothing moves")
        is_equal({item["from"].rsplit("/", 1)[1]: (item["status"], item["size"])
                  for item in site.report("orphans")["items"]},
                 {key.rsplit("/", 1)[-1]: ("planned", len(content)) for key, content in orphans.items()},
                 f"{name}: dry: they are listed with their sizes")
        ok(not os.path.exists(site.path("var/mediaupload-quarantine")), f"{name}: dry: no folder is made")
        done = site.migrate("orphans", "--no-dry-run", "--jobs", "3", *AGE)
        run = site.report("orphans")["run"]
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: a real run ends with 0")
        is_equal((at_home(place), quarantined(site, place)), (wanted, orphans), f"{name}: orphans are in quarantine")
        site.migrate("orphans", "--no-dry-run", *AGE)
        is_equal(site.totals("orphans")["migrated"], 0, f"{name}: a second run moves nothing")
        site.migrate("audit")
        ok(not any("quarantine" in (item["to"] or "") for item in site.report("audit")["items"]),
           f"{name}: audit does not see the quarantine")
        is_equal((site.migrate("undo", run).returncode, at_home(place)), (0, wanted), f"{name}: a dry undo: nothing")
        done = site.migrate("undo", run, "--no-dry-run")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: undo ends with 0")
        is_equal((at_home(place), quarantined(site, place)), (everything, {}), f"{name}: all are back")
        is_equal((site.migrate("undo", run, "--no-dry-run").returncode, site.totals("undo")["migrated"]), (0, 0),
                 f"{name}: a second undo finds nothing to do")


def test_undo_refuses():
    for site, place, name in each_site():
        fill(site, place)
        site.migrate("orphans", "--no-dry-run", *AGE)
        run = site.report("orphans")["run"]
        place.put("orphan.png", b"a new one")
        done = site.migrate("undo", run, "--no-dry-run")
        is_equal((done.returncode, place.objects()["orphan.png"]), (1, b"a new one"), f"{name}: what came stays")
        ok("orphan.png" in quarantined(site, place), f"{name}: and the old one is still there")


def test_catalogued():
    for site, place, name in each_site():
        wanted, orphans = fill(site, place)
        uploaded = next(iter(site.catalog()))
        row = site.sql("SELECT * FROM mediaupload_media")
        done = site.migrate("orphans", "--no-dry-run", "--catalogued", *AGE)
        orphans[uploaded] = wanted.pop(uploaded)
        is_equal((done.returncode, at_home(place), site.catalog()), (0, wanted, set()),
                 f"{name}: --catalogued: what was uploaded and is in no record goes, with its row")
        site.migrate("undo", site.report("orphans")["run"], "--no-dry-run")
        is_equal((at_home(place), [line[1:] for line in site.sql("SELECT * FROM mediaupload_media")]),
                 ({**wanted, **orphans}, [line[1:] for line in row]), f"{name}: undo brings both back")


def test_named_meanwhile():
    """When the first one's row goes, the application names the other: that one stays."""
    with Application(conf=conf(Local())) as site:
        upload(site, png(b"a"), png(b"b"))
        site.sql("CREATE TRIGGER naming AFTER DELETE ON mediaupload_media BEGIN INSERT INTO article (title, image_url) "
                 "SELECT 'named', url FROM mediaupload_media; END")
        old_enough()
        done = site.migrate("orphans", "--no-dry-run", "--catalogued", "--jobs", "1", *AGE)
        totals = site.totals("orphans")
        is_equal((done.returncode, totals["migrated"], totals["skipped"]), (0, 1, 1), "one goes, one is skipped")
        is_equal([url for url in site.stored() if url.endswith(".png")], list(site.images().values()),
                 "which is the one that a record names by now")


def test_limits():
    for site, place, name in each_site():
        wanted, orphans = fill(site, place)
        everything = {**wanted, **orphans}
        done = site.migrate("orphans", "--no-dry-run", "--max-delete", "2", *AGE)
        is_equal((done.returncode, place.objects()), (2, everything), f"{name}: --max-delete 2: nothing moves")
        contains(done.stderr.decode(), "3 files would go", f"{name}: and it says why")
        site.migrate("orphans", "--no-dry-run", "--max-delete", "3", "--limit", "1", *AGE)
        is_equal(len(quarantined(site, place)), 1, f"{name}: --limit 1 moves one")
        place.put("young.png", b"young", age=0)
        done = site.migrate("orphans", "--no-dry-run", "--min-age", "12h")
        is_equal("young.png" in at_home(place), True, f"{name}: what is young stays")
        site.migrate("orphans", "--no-dry-run", "--delete-after", "1h", *AGE)
        ok(len(quarantined(site, place)) >= 3, f"{name}: --delete-after 1h leaves what is there for a moment")
        old_enough()
        site.migrate("orphans", "--delete-after", "1s", *AGE)
        ok(len(quarantined(site, place)) >= 3, f"{name}: a dry run deletes nothing")
        done = site.migrate("orphans", "--no-dry-run", "--delete-after", "1s", *AGE)
        is_equal((done.returncode, set(quarantined(site, place)) & set(orphans)), (0, set()),
                 f"{name}: --delete-after 1s deletes it")
        ok(set(wanted) <= set(at_home(place)), f"{name}: and nothing else")
        folders = list(os.walk(site.path("var/mediaupload-quarantine/articles")))[1:]
        ok(all(inner or files for _, inner, files in folders), f"{name}: no empty folder stays")
        for args in (["--delete-after", "soon"], ["--max-delete", "-1"], ["--min-age", "0"]):
            is_equal(site.migrate("orphans", *args).returncode, 2, f"{name}: {' '.join(args)}: 2")


def test_not_whole():
    for site, place, name in each_site():
        wanted, orphans = fill(site, place)
        everything = {**wanted, **orphans}
        with open(site.conf, encoding="utf-8") as file:
            text = file.read()
        site.write("mediaupload.conf", text.replace("article id image_url", "article id image"))
        is_equal((site.migrate("orphans", "--no-dry-run", *AGE).returncode, place.objects()), (2, everything),
                 f"{name}: a column that is not there: nothing moves")
        site.write("mediaupload.conf", text.replace("    MediaUploadRecord article id image_url\n", ""))
        is_equal((site.migrate("orphans", "--no-dry-run", *AGE).returncode, place.objects()), (2, everything),
                 f"{name}: no table: nothing moves")
        if place.name != "local":
            site.write("mediaupload.conf", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", text))
            is_equal((site.migrate("orphans", "--no-dry-run", *AGE).returncode, place.objects()), (3, everything),
                     f"{name}: a storage that does not answer: 3, nothing moves")
    with Application() as site:
        place = Local()
        place.enter(site)
        wanted, orphans = fill(site, place)
        os.chmod(os.path.join(place.root, "deep"), 0)
        for at, folders, names in os.walk(site.root):
            for path in [at] + [os.path.join(at, one) for one in folders + names]:
                os.chown(path, NOBODY, NOBODY)
        done = site.run("migrate.cgi", "orphans", "--no-dry-run", *AGE, as_nobody=True)
        contains(done.stderr.decode(), "cannot be listed whole", "a folder that cannot be read: it says so")
        os.chmod(os.path.join(place.root, "deep"), 0o755)
        is_equal((done.returncode, place.objects()), (3, {**wanted, **orphans}), "and nothing moves")


def test_shared_storage():
    """Another collection's files in the same storage, or in a folder of it, are its own."""
    for kind in kinds():
        for place in places(kind):
            more = (f'</MediaUpload>\n<MediaUpload logos>\n    MediaUploadStorage "{place.url}"\n'
                    "    MediaUploadURL https://www.example.org/logos\n    MediaUploadRecord people id picture\n")
            inner = place.url.replace("?", "/inner?") if "?" in place.url else place.url + "/inner"
            more += (f'</MediaUpload>\n<MediaUpload inner>\n    MediaUploadStorage "{inner}"\n'
                     "    MediaUploadURL https://www.example.org/inner\n    MediaUploadRecord people id second\n")
            with Application(kind, conf(place, more)) as site:
                place.enter(site)
                site.sql(f"CREATE TABLE people (id {IDS[kind]} PRIMARY KEY, picture VARCHAR(200), second VARCHAR(200))")
                site.sql("INSERT INTO people VALUES (1, 'https://www.example.org/logos/logo.png', "
                         "'https://www.example.org/inner/deep/one.png')")
                wanted = {key: key.encode() for key in ("logo.png", "inner/deep/one.png")}
                for key, content in {**wanted, "orphan.png": b"o", "inner/orphan.png": b"i"}.items():
                    place.put(key, content)
                old_enough()
                done = site.migrate("orphans", "--no-dry-run", "--collection", "articles", *AGE)
                is_equal((done.returncode, at_home(place)), (0, wanted), f"{kind}, {place.name}: shared storage")
                site.sql("DROP TABLE people")
                place.put("orphan.png", b"o")
                done = site.migrate("orphans", "--no-dry-run", "--collection", "articles", *AGE)
                is_equal((done.returncode, "orphan.png" in at_home(place)), (2, True),
                         f"{kind}, {place.name}: the other's table cannot be read: nothing moves")


def test_odd_names():
    """In a local storage names are as people give them."""
    names = ["has space.png", "Été.png", "x" * 200 + ".png", b"latin-\xe9.png", "sub folder/a b.jpg"]
    for kind in kinds():
        with Application(kind) as site:
            for name in names:
                path = os.fsdecode(site.write(os.path.join(b"public_html/images", os.fsencode(name)), b"x"))
                os.utime(path, (1, 1))
            site.write("public_html/images/.htaccess", "x")
            before = site.files("public_html")
            site.migrate("orphans", "--no-dry-run")
            is_equal((site.totals("orphans")["migrated"], site.files("public_html")), (len(names), {}),
                     f"{kind}: odd names are moved")
            ok(os.path.exists(site.path("public_html/images/.htaccess")), f"{kind}: .htaccess stays")
            site.migrate("undo", site.report("orphans")["run"], "--no-dry-run")
            is_equal(site.files("public_html"), before, f"{kind}: and come back")


def test_another_file_system():
    """Where a name cannot be moved the bytes are."""
    for kind in kinds():
        folder = tempfile.mkdtemp(prefix="images-", dir="/dev/shm")
        with Application(kind, CONF.replace("local:public_html/images", f"local:{folder}/images")) as site:
            ok(os.stat(folder).st_dev != os.stat(site.root).st_dev, "/dev/shm is a file system of its own")
            wanted = {}
            for name in ("a.png", "é b.png", "deep/c.png"):
                path = os.fsdecode(site.write(os.path.join(folder, "images", name), name))
                os.utime(path, (1, 1))
                wanted[path] = name.encode()
            done = site.migrate("orphans", "--no-dry-run")
            is_equal((done.returncode, done.stderr, site.files(f"{folder}/images")), (0, b"", {}), f"{kind}: moved")
            is_equal(sorted(site.files("var/mediaupload-quarantine").values()), sorted(wanted.values()),
                     f"{kind}: all are in quarantine")
            shutil.rmtree(f"{folder}/images/deep")
            done = site.migrate("undo", site.report("orphans")["run"], "--no-dry-run")
            is_equal((done.returncode, site.files(f"{folder}/images")), (0, wanted), f"{kind}: and come back")
        shutil.rmtree(folder)


def test_killed():
    for site, place, name in each_site():
        killed, calls = 0, "renameat2,pwrite64,write,sendto,linkat,unlinkat"
        for point in (2, random.randrange(3, 8), random.randrange(8, 40)):
            wanted = {"wanted.png": b"wanted"}
            orphans = {f"{i}.png": b"orphan %d" % i for i in range(4)}
            for key, content in {**wanted, **orphans}.items():
                if key not in place.objects():
                    place.put(key, content)
            site.sql("DELETE FROM article")
            site.insert(place.address("wanted.png"))
            old_enough()
            command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                       f"inject={calls}:signal=KILL:when={point}",
                       os.path.join(PROGRAMS, "migrate.cgi"), "orphans", "--apply", *AGE, "--config", site.conf]
            done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
            killed += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
            done = site.migrate("orphans", "--apply", *AGE)
            is_equal((done.returncode, at_home(place)), (0, wanted), f"{name}: killed: the next run does the rest")
            ok({**quarantined(site, place)}.items() >= orphans.items(), f"{name}: killed: nothing is lost")
            for run in sorted(os.listdir(site.path("var/mediaupload-journal")), reverse=True):
                if run.endswith("orphans.jsonl"):
                    site.migrate("undo", run[:-6], "--apply")
            is_equal((at_home(place), quarantined(site, place)), ({**wanted, **orphans}, {}),
                     f"{name}: killed: all undone")
        ok(killed > 0, f"{name}: killed {killed} times")


def stop_after_one(site, **more):
    """The first of several slices of a real run."""
    return next(slices(site, command="orphans", min_age=1, apply=True, **more))


def go_on(site, answer, **more):
    """The slices after it."""
    return list(slices(site, command="orphans", min_age=1, apply=True, **{"continue": answer["continue"]}, **more))


def homes(answers):
    """The paths that the items are about, as they end."""
    return sorted(item["from"].rsplit("/", 1)[1] for answer in answers for item in answer["items"])


def test_slices():
    for site, place, name in each_site():
        wanted, orphans = fill(site, place)
        for i in range(3):
            key = f"folder-{i}/orphan.png"
            orphans[key] = png(key.encode())
            place.put(key, orphans[key])
        old_enough()
        request = {"command": "orphans", "min_age": 1}
        plan = whole(site, **request)
        check_slices(f"{name}: a plan", list(slices(site, **request)), plan)
        is_equal(place.objects(), {**wanted, **orphans}, f"{name}: a plan moves nothing")
        answers = list(slices(site, apply=True, **request))
        is_equal((at_home(place), quarantined(site, place)), (wanted, orphans), f"{name}: a run moves all")
        is_equal(homes(answers), homes([plan]), f"{name}: each once")
        is_equal({key: total(answers, key) for key in ("seen", "migrated", "skipped", "failed", "bytes")},
                 {**plan["totals"], "migrated": len(orphans)}, f"{name}: counted once, what stays too")
        check_one_run(f"{name}: a run", answers)
        is_equal(journals(site), [answers[0]["run"] + ".jsonl"], f"{name}: with one journal")
        undone = list(slices(site, command="undo", run=answers[0]["run"], apply=True))
        is_equal((at_home(place), quarantined(site, place), total(undone)), ({**wanted, **orphans}, {}, len(orphans)),
                 f"{name}: one undo brings all back")
        old_enough()
        answers = list(slices(site, apply=True, limit=2, **request))
        is_equal((total(answers), len(quarantined(site, place))), (2, 2), f"{name}: a limit is of all slices")
        site.migrate("orphans", "--no-dry-run", *AGE)
        old_enough()
        answers = list(slices(site, apply=True, delete_after=1, **request))
        is_equal((at_home(place), quarantined(site, place), total(answers)), (wanted, {}, len(orphans)),
                 f"{name}: what was long enough in quarantine is deleted in slices, too")
        is_equal(len(set(item["from"] for answer in answers for item in answer["items"])), len(orphans),
                 f"{name}: each once")


def test_named_between_slices():
    """A plan is never acted on later: what somebody names by now stays, and what nobody names by now goes."""
    for site, place, name in each_site():
        wanted, orphans = fill(site, place)
        for key in ("x-catalogued.png", "x-named.png", "x-orphan.png", "x-freed.png"):
            place.put(key, key.encode())
        freed = site.insert(place.address("x-freed.png"))
        old_enough()
        first = stop_after_one(site)
        moved = quarantined(site, place)
        is_equal(len(moved), 1, f"{name}: one is moved")
        site.insert(place.address("x-named.png"))
        columns = "collection, storage, url, filename, type, size, sha256, width, height, created"
        site.sql(f"INSERT INTO mediaupload_media (object_key, {columns}) "
                 f"SELECT 'x-catalogued.png', {columns} FROM mediaupload_media")
        site.sql(f"DELETE FROM article WHERE id = {freed}")
        answers = go_on(site, first)
        is_equal(at_home(place), {**wanted, "x-catalogued.png": b"x-catalogued.png", "x-named.png": b"x-named.png"},
                 f"{name}: what a record or the catalog names now stays")
        orphans.update({key: key.encode() for key in ("x-orphan.png", "x-freed.png")})
        is_equal(quarantined(site, place), orphans, f"{name}: the rest is moved")
        progress = answers[-1]["progress"]
        is_equal((progress["files"], progress["files_done"]), (5, 5), f"{name}: the progress is of what was to do")
        site.migrate("undo", first["run"], "--no-dry-run")
        is_equal(len(quarantined(site, place)), 0, f"{name}: one undo brings all back")


def test_more_than_allowed_between_slices():
    for site, place, name in each_site():
        fill(site, place)
        first = stop_after_one(site, max_delete=3)
        site.sql(f"DELETE FROM article WHERE image_url = '{place.address('full.png')}'")
        before = place.objects()
        status, answer, _ = ask(site, command="orphans", min_age=1, apply=True, max_delete=3,
                                **{"continue": first["continue"]})
        is_equal((status, answer["error"]["code"], place.objects()), (400, "usage", before),
                 f"{name}: more than max_delete by now: nothing further moves")
        contains(answer["error"]["message"], "4 files would go", f"{name}: of the whole run")


def test_not_whole_between_slices():
    for site, place, name in each_site():
        fill(site, place)
        first = stop_after_one(site)
        before = place.objects(), len(quarantined(site, place))
        with open(site.conf, encoding="utf-8") as file:
            text = file.read()
        asked = {"command": "orphans", "min_age": 1, "apply": True, "continue": first["continue"]}
        site.sql("ALTER TABLE article RENAME TO articles")
        status, answer, _ = ask(site, **asked)
        is_equal((status, answer["error"]["code"]), (500, "misconfigured"), f"{name}: a table that went away")
        is_equal((place.objects(), len(quarantined(site, place))), before, f"{name}: nothing moves")
        site.sql("ALTER TABLE articles RENAME TO article")
        if place.name == "local":
            deep = os.path.join(place.root, *["deep"] * 210)
            os.makedirs(deep)
            status, _, errors = ask(site, **asked)
            contains(errors, "cannot be listed whole", f"{name}: folders deeper than are listed")
            shutil.rmtree(os.path.join(place.root, "deep/deep"))
        else:
            site.write("mediaupload.conf", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", text))
            status, answer, _ = ask(site, **asked)
            site.write("mediaupload.conf", text)
        is_equal((status // 100, place.objects(), len(quarantined(site, place))), (5, *before),
                 f"{name}: a storage that is not listed whole: nothing moves")
        go_on(site, first)
        is_equal(len(quarantined(site, place)), 3, f"{name}: when both are there again the run goes on")


def test_what_fails_is_not_tried_forever():
    with Application() as site:
        place = Local()
        place.enter(site)
        fill(site, place)
        first = stop_after_one(site)
        site.write(f"var/mediaupload-quarantine/articles/{first['run']}/orphan.png", "in its way")
        answers = [first, *go_on(site, first)]
        is_equal((total(answers), total(answers, "failed"), homes(answers)),
                 (2, 1, ["orphan.jpg", "orphan.png", "other.webp"]), "what cannot be moved is told once")
        ok("orphan.png" in at_home(place), "and stays")


if __name__ == "__main__":
    main()
