#!/usr/bin/python3
"""migrate.cgi sites: what lies flat gets its place below the site of its record, and the record its URL; sources stay
until nobody needs them; undo. On every database, and in every storage that there is."""
import os
import random
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, Application, kinds   # noqa: E402
from migrate_places import Local, conf, places, upload   # noqa: E402
from migrate_slices import check_one_run, check_slices, journals, names, slices, total, whole   # noqa: E402
from programs import PROGRAMS, png   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
SITES = CONF.replace("<MediaUpload", "MediaUploadSite www.shop.example 9\n<MediaUpload", 1)
KEY = "    MediaUploadKey sites/{site}/articles/{uuid}.{ext}\n"


def each_site(more=KEY):
    for kind in kinds():
        for place in places(kind):
            with Application(kind, conf(place, more, SITES)) as site:
                place.enter(site)
                site.sql("ALTER TABLE article ADD COLUMN site_id VARCHAR(40)")
                yield site, place, f"{kind}, {place.name}"


def add(site, value, at=None):
    key = site.insert(value)
    if at is not None:
        site.sql(f"UPDATE article SET site_id = '{at}' WHERE id = {key}")
    return key


def fill(site, place):
    """(content by key that there is, (site, content) by record)."""
    contents = {name: png(name.encode()) for name in (f"{UUID}.png", "one.png", "two.png", "shared.png", "old/in.png")}
    for key, content in contents.items():
        place.put(key, content)
    records = {add(site, place.address(f"{UUID}.png"), "7"): ("7", contents[f"{UUID}.png"]),
               add(site, place.spellings("one.png")[0], "8"): ("8", contents["one.png"]),
               add(site, place.address("two.png")): ("default", contents["two.png"]),
               add(site, place.address("shared.png"), "7"): ("7", contents["shared.png"]),
               add(site, place.address("shared.png"), "8"): ("8", contents["shared.png"]),
               add(site, place.address("shared.png"), "7"): ("7", contents["shared.png"]),
               add(site, place.spellings("old/in.png")[-1], "www.shop.example"): ("9", contents["old/in.png"])}
    for value in (None, "default_article.jpg", "https://elsewhere.example/a.png"):
        add(site, value, "7")
    return contents, records


def shown(site, place, records):
    """(site, content) by record, as the URLs say."""
    objects, images = place.objects(), site.images()
    base = place.base()
    return {key: (images[key][len(base):].split("/")[1], objects.get(images[key][len(base):])) for key in records}


def test_dry_real_undo():
    for site, place, name in each_site():
        contents, records = fill(site, place)
        before = site.images()
        done = site.migrate("sites")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: a dry run ends with 0")
        is_equal((site.images(), place.objects()), (before, contents), f"{name}: dry: nothing changes")
        is_equal(site.totals("sites")["migrated"], 0, f"{name}: dry: nothing is done")
        is_equal(sum(item["status"] == "planned" for item in site.report("sites")["items"]), len(records),
                 f"{name}: dry: the plan has all")
        done = site.migrate("sites", "--no-dry-run", "--jobs", "3")
        run = site.report("sites")["run"]
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: a real run ends with 0")
        is_equal(shown(site, place, records), records, f"{name}: each record shows its image, in its site")
        is_equal(site.images()[1], place.address(f"sites/7/articles/{UUID}.png"), f"{name}: a UUID is kept")
        is_equal({key: place.objects().get(key) for key in contents}, contents, f"{name}: sources are kept")
        is_equal(len(place.objects()), len(contents) + 6, f"{name}: a file that two records of a site share stays one")
        is_equal({key: value for key, value in site.images().items() if key not in records},
                 {key: value for key, value in before.items() if key not in records}, f"{name}: others stay")
        is_equal(site.catalog() >= {url[len(place.base()):] for key, url in site.images().items() if key in records},
                 True, f"{name}: the catalog has them")
        after, objects = site.images(), place.objects()
        site.migrate("sites", "--no-dry-run")
        is_equal((site.totals("sites")["migrated"], site.images(), place.objects()), (0, after, objects),
                 f"{name}: a second run moves nothing")
        done = site.migrate("undo", run, "--no-dry-run")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: undo ends with 0")
        is_equal((site.images(), place.objects(), site.catalog()), (before, contents, set()),
                 f"{name}: all is as before")


def test_remove_source():
    for site, place, name in each_site():
        _, records = fill(site, place)
        place.put("foreign.png", b"of nobody")
        _, answer = upload(site, png(b"uploaded"))
        flat = answer["files"][0]["key"].rsplit("/", 1)[1]
        place.put(flat, png(b"uploaded"))
        before, objects = site.images(), place.objects()
        done = site.migrate("sites", "--no-dry-run", "--remove-source")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: --remove-source ends with 0")
        home = {key for key in place.objects() if not key.startswith("quarantine/")}
        is_equal({key for key in home if not key.startswith("sites/")}, {"foreign.png", flat},
                 f"{name}: what was copied is gone, what was not stays")
        is_equal(shown(site, place, records), records, f"{name}: each record shows its image")
        done = site.migrate("undo", site.report("sites")["run"], "--no-dry-run")
        is_equal((done.returncode, done.stderr), (0, b""), f"{name}: undo ends with 0")
        is_equal((site.images(), place.objects()), (before, objects), f"{name}: all is as before")


def test_slices():
    for site, place, name in each_site():
        contents, records = fill(site, place)
        before = site.images()
        request = {"command": "sites", "remove_source": True}
        plan = whole(site, **request)
        check_slices(f"{name}: a plan", list(slices(site, **request)), plan)
        is_equal((site.images(), place.objects()), (before, contents), f"{name}: a plan changes nothing")
        answers = list(slices(site, apply=True, **request))
        check_one_run(f"{name}: a run", answers)
        is_equal(journals(site), [answers[0]["run"] + ".jsonl"], f"{name}: with one journal")
        of_records = [item for answer in answers for item in answer["items"] if item["record"] is not None]
        of_sources = [item for answer in answers for item in answer["items"] if item["record"] is None]
        is_equal(sorted(int(item["record"]) for item in of_records), sorted(before), f"{name}: each record once")
        is_equal(sorted(item["from"].rsplit("/", 1)[1] for item in of_sources),
                 sorted(key.rsplit("/", 1)[-1] for key in contents), f"{name}: each source once")
        is_equal(shown(site, place, records), records, f"{name}: each record shows its image")
        ok(not set(contents) & set(place.objects()), f"{name}: the sources are gone")
        is_equal(max(total([answer]) for answer in answers), 1, f"{name}: a request moves one of either")
        progress = answers[-1]["progress"]
        is_equal((progress["files"], progress["bytes"]), (progress["files_done"], progress["bytes_done"]),
                 f"{name}: the bar comes to its end")
        is_equal(total(list(slices(site, command="undo", run=answers[0]["run"], apply=True)), "failed"), 0,
                 f"{name}: one undo ...")
        is_equal((site.images(), place.objects()), (before, contents), f"{name}: ... and all is as before")
        answers = list(slices(site, apply=True, limit=len(records) + 2, **request))
        is_equal((total(answers), answers[-1]["done"]), (len(records) + 2, True), f"{name}: a limit is of both rounds")


def test_changes_between_slices():
    """A source that somebody names by now stays."""
    for site, place, name in each_site():
        contents, records = fill(site, place)
        for answer in slices(site, command="sites", remove_source=True, apply=True):
            if total([answer]) > 0 and all(item["record"] is None for item in answer["items"]):
                break
        removed = sorted(set(contents) - set(place.objects()))
        is_equal(len(removed), 1, f"{name}: the first source is gone")
        kept = sorted(set(contents) & set(place.objects()))[1]
        key = add(site, place.address(kept), "7")
        asked = {"command": "sites", "remove_source": True, "apply": True, "continue": answer["continue"]}
        answers = list(slices(site, **asked))
        is_equal(set(place.objects()) & set(contents), {kept}, f"{name}: what a record names now stays")
        is_equal(site.images()[key], place.address(kept), f"{name}: for that record")
        is_equal(len(names(answers)), len(contents) - 2, f"{name}: the others go")
        is_equal(shown(site, place, records), records, f"{name}: each record shows its image")


def test_catalogued_sources():
    """Files that were uploaded: their rows go with them and come back."""
    for site, place, name in each_site("    MediaUploadKey {uuid}.{ext}\n"):
        _, answer = upload(site, png(b"a"), png(b"b"))
        for i, entry in enumerate(answer["files"]):
            add(site, entry["url"], str(i))
        rows = "SELECT object_key, url, filename, size, sha256, width FROM mediaupload_media ORDER BY object_key"
        before, catalog, objects = site.images(), site.sql(rows), place.objects()
        with open(site.conf, encoding="utf-8") as file:
            site.write("mediaupload.conf", file.read().replace("{uuid}.{ext}", "sites/{site}/articles/{uuid}.{ext}"))
        site.migrate("sites", "--no-dry-run", "--remove-source")
        is_equal(site.catalog(), {f"sites/{i}/articles/{entry['key']}" for i, entry in enumerate(answer["files"])},
                 f"{name}: the catalog has the new keys alone")
        is_equal([row[2:] for row in site.sql(rows.replace("ORDER BY object_key", "ORDER BY sha256"))],
                 sorted([row[2:] for row in catalog], key=lambda row: row[2]), f"{name}: with all that was known")
        site.migrate("undo", site.report("sites")["run"], "--no-dry-run")
        is_equal((site.images(), site.sql(rows), place.objects()), (before, catalog, objects), f"{name}: undone")


def test_named_meanwhile():
    """When the first source's row goes, the application names the other: that one stays."""
    with Application(conf=conf(Local(), "    MediaUploadKey {uuid}.{ext}\n", SITES)) as site:
        site.sql("ALTER TABLE article ADD COLUMN site_id VARCHAR(40)")
        _, answer = upload(site, png(b"a"), png(b"b"))
        for entry in answer["files"]:
            add(site, entry["url"], "7")
        site.sql("CREATE TRIGGER naming AFTER DELETE ON mediaupload_media BEGIN INSERT INTO article (title, image_url) "
                 "SELECT 'named', url FROM mediaupload_media WHERE object_key NOT LIKE 'sites/%'; END")
        with open(site.conf, encoding="utf-8") as file:
            site.write("mediaupload.conf", file.read().replace("{uuid}.{ext}", "sites/{site}/articles/{uuid}.{ext}"))
        done = site.migrate("sites", "--no-dry-run", "--remove-source")
        is_equal((done.returncode, done.stderr), (0, b""), "the run ends with 0")
        named = [url for url, in site.sql("SELECT image_url FROM article WHERE title = 'named'")]
        is_equal(len(named), 1, "a record was made while sources went")
        is_equal([url for url in site.stored() if url.endswith(".png") and "/sites/" not in url], named,
                 "what it names stays, the other is gone")


def test_usage():
    for kind in kinds():
        place = places()[0]
        with Application(kind, conf(place, "", SITES)) as site:
            done = site.migrate("sites")
            is_equal(done.returncode, 2, f"{kind}: a key without a site: 2")
            contains(done.stderr.decode(), "has no {site}", f"{kind}: it says so")
        with Application(kind, conf(place, KEY, SITES)) as site:
            place.enter(site)
            place.put("a.png", png(b"a"))
            site.insert("images/a.png")
            done = site.migrate("sites", "--site-column", "shop")
            is_equal(done.returncode, 2, f"{kind}: a column that no table has: 2")
            site.sql("ALTER TABLE article ADD COLUMN shop VARCHAR(40)")
            site.sql("UPDATE article SET shop = 'not/a site'")
            done = site.migrate("sites", "--site-column", "shop", "--no-dry-run")
            is_equal((done.returncode, site.images(), place.objects()), (1, {1: "images/a.png"}, {"a.png": png(b"a")}),
                     f"{kind}: a site that no key may have")
            site.sql("UPDATE article SET shop = '3'")
            site.migrate("sites", "--site-column", "shop", "--no-dry-run")
            contains(site.images()[1], "/sites/3/articles/", f"{kind}: --site-column")
            place.put("b.png", png(b"b"))
            site.sql("DROP TABLE article")
            is_equal(site.migrate("sites").returncode, 2, f"{kind}: no table: 2")


def test_killed():
    calls = "pwrite64,write,writev,linkat,sendto,renameat2"
    for site, place, name in each_site():
        contents, records = fill(site, place)
        before, killed = site.images(), 0
        for point in (3, random.randrange(4, 12), random.randrange(12, 60)):
            command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                       f"inject={calls}:signal=KILL:when={point}",
                       os.path.join(PROGRAMS, "migrate.cgi"), "sites", "--apply", "--remove-source", "--config",
                       site.conf]
            done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={})
            killed += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
            done = site.migrate("sites", "--apply", "--remove-source")
            is_equal(done.returncode, 0, f"{name}: killed: the next run ends with 0")
            is_equal(shown(site, place, records), records, f"{name}: killed: each record shows its image")
            ok(not set(contents) & set(place.objects()), f"{name}: killed: the sources are gone")
            for run in sorted(os.listdir(site.path("var/mediaupload-journal")), reverse=True):
                if run.endswith("sites.jsonl"):
                    site.migrate("undo", run[:-6], "--apply")
            is_equal((site.images(), place.objects()), (before, contents), f"{name}: killed: all undone")
        ok(killed > 0, f"{name}: killed {killed} times")


if __name__ == "__main__":
    main()
