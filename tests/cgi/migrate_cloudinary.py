#!/usr/bin/python3
"""migrate.cgi at Cloudinary: the site of exercises that moves there, from its first audit to its last undo, with its
own names of settings, table and results; and what is Cloudinary's alone: the hourly limit, lists that are behind, many
addresses of one picture, objects that are renamed instead of copied."""
import os
import re
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import Application   # noqa: E402
from migrate_orphans import AGE, at_home, old_enough, quarantined   # noqa: E402
from migrate_places import Cloudinary, conf, image   # noqa: E402
from programs import Site   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

EXERCISES = """
MediaUploadEnvFile   .env.cloudinary
MediaUploadDatabase  sqlite3 instance/app.db
<MediaUpload exercises>
    MediaUploadStorage "cloudinary:///%(folder)s?otherwise=local:static/uploads&upload_prefix=%(api)s&ca=%(ca)s"
    MediaUploadURL     https://www.example.org/static/uploads
    MediaUploadRecord  exercise id image_path
    MediaUploadSource  static/uploads
</MediaUpload>
"""
ENV = """CLOUDINARY_CLOUD_NAME={0.cloud}
CLOUDINARY_API_KEY={0.key}
CLOUDINARY_API_SECRET='{0.secret}'
CLOUDINARY_ENABLED={1}
"""
RESULTS = "cloudinary_migration_results.json", "cloudinary_upload_results.json"
LOCAL = 104   # pictures that lie in static/uploads; few records name one


class Exercises(Site):
    """A Flask site: instance/app.db with the table exercise, pictures in static/uploads."""

    def __init__(self):
        self.place = Cloudinary()
        super().__init__(EXERCISES % {"folder": self.place.folder, "api": self.place.client.api,
                                      "ca": self.place.client.ca})
        self.enable("True")
        os.makedirs(self.path("instance"))
        self.sql("CREATE TABLE exercise (id INTEGER PRIMARY KEY, title VARCHAR(120) NOT NULL, difficulty INTEGER "
                 "NOT NULL DEFAULT 1, image_path VARCHAR(255))")
        for i in range(1, LOCAL + 1):
            name = f"exercise_{i}.jpg" if i <= 90 else f"Été à Tunis {i}.png"
            self.write(f"static/uploads/{name}", image(name))
        for i in range(1, 21):
            value = [f"static/uploads/exercise_{i}.jpg", f"uploads/exercise_{i}.jpg", None, ""][i % 4]
            self.sql("INSERT INTO exercise (title, image_path) VALUES (?, ?)", f"Exercise {i}", value)
        self.sql("INSERT INTO exercise (title, image_path) VALUES ('Wrong', 'images/exercise_21.jpg')")
        self.sql("INSERT INTO exercise (title, image_path) VALUES ('Gone', 'uploads/gone.jpg')")

    def enable(self, word):
        self.write(".env.cloudinary", ENV.format(self.place.client, word), mode=0o600)

    def sql(self, text, *values):
        with sqlite3.connect(self.path("instance/app.db")) as database:
            rows = database.execute(text, values).fetchall()
        database.close()
        return rows

    def images(self):
        return dict(self.sql("SELECT id, image_path FROM exercise"))

    def do(self, command, *args, results=RESULTS[0], code=0):
        """Runs a command; its results."""
        done = self.run("migrate.cgi", command, *args, "--results", results)
        is_equal(done.returncode, code, f"{command} {' '.join(args)} ends with {code}")
        return self.results(results)

    def shown(self):
        """What each exercise shows, by the address that is in its row."""
        found = {self.place.address(key): content for key, content in self.place.objects().items()}
        return {key: found.get(value) for key, value in self.images().items()}

    def expected(self, count):
        return {i: image(f"exercise_{i}.jpg") for i in range(1, count + 1)}


def test_exercises():
    with Exercises() as site:
        place, first, sources = site.place, site.images(), site.files("static")
        report = site.do("audit", code=1)
        problems = [item["problem"] for item in report["items"]]
        is_equal({one: problems.count(one) for one in set(problems)},
                 {"not moved yet": 10, "wrong path": 1, "missing": 1, "not referenced": LOCAL - 11},
                 "audit: what is wrong")
        site.sql("UPDATE exercise SET image_path = 'static/uploads/exercise_21.jpg' WHERE title = 'Wrong'")
        site.sql("DELETE FROM exercise WHERE title = 'Gone'")
        before = site.images()

        report = site.do("associate", "static/uploads", "--match", "id")
        is_equal((report["dry_run"], site.images(), place.objects()), (True, before, {}), "associate: dry")
        report = site.do("associate", "static/uploads", "--match", "id", "--no-dry-run")
        is_equal(report["totals"]["migrated"], 10, "associate: exercises without an image get theirs")
        runs = [report["run"]]

        report = site.do("sample", "--no-dry-run")
        is_equal((report["totals"]["migrated"], len(site.images())), (1, 22), "sample: one exercise more")
        runs.append(report["run"])

        report = site.do("references")
        is_equal((report["totals"]["seen"], len(place.objects())), (22, 10), "references: dry")
        report = site.do("references", "--no-dry-run", "--jobs", "4")
        is_equal(report["totals"]["migrated"], 12, "references: those that had a path are moved")
        runs.append(report["run"])
        is_equal({key: value for key, value in site.shown().items() if key < 22}, site.expected(21),
                 "each exercise shows its own picture")
        ok(all(value == item["url"] for item in report["items"] if item["status"] == "migrated"
               for value in [site.images()[int(item["record"])]]), "its full URL is in the database and in the results")

        report = site.do("directory", results=RESULTS[1])
        is_equal((report["totals"]["seen"], len(place.objects())), (LOCAL + 1, 22), "directory: dry")
        report = site.do("directory", "--no-dry-run", "--jobs", "4", results=RESULTS[1])
        is_equal(report["totals"], {**report["totals"], "migrated": LOCAL + 1 - 22, "skipped": 22, "failed": 0},
                 "directory: the rest of the folder goes up, and nothing twice")
        runs.append(report["run"])
        is_equal(len(place.objects()), LOCAL + 1, "all pictures are at Cloudinary")
        ok(all(item["url"] == place.address(item["to"]) for item in report["items"] if item["to"]),
           "the results have the URL of each")

        site.do("audit", results="audit.json")
        is_equal([item["problem"] for item in site.results("audit.json")["items"]], ["orphaned"] * (LOCAL + 1 - 22),
                 "audit: all records show their images; what none names is told")
        text = open(site.path(RESULTS[0]), encoding="utf-8").read() + str(site.files("instance/mediaupload-journal"))
        ok(place.client.secret not in text and place.client.key not in text, "results and journal hold no secret")

        for run in reversed(runs):
            site.do("undo", run, "--no-dry-run")
        is_equal((site.images(), place.objects()), (before, {}), "every run was taken back")
        is_equal(site.sql("SELECT COUNT(*) FROM mediaupload_media"), [(0,)], "the catalog, too")
        is_equal(site.files("static"), sources, "the local pictures are as they were")
        ok(first != before, "but for what was mended by hand")


def test_switched_off_and_on():
    """While it is off pictures stay on this machine; what was stored then moves later."""
    with Exercises() as site:
        site.sql("DELETE FROM exercise WHERE title IN ('Wrong', 'Gone')")
        site.enable("False")
        report = site.do("references", "--no-dry-run")
        is_equal((report["totals"]["migrated"], site.place.objects()), (10, {}), "off: nothing goes to Cloudinary")
        local = {key: value for key, value in site.images().items() if value}
        ok(all(value.startswith("https://www.example.org/static/uploads/") for value in local.values()),
           "addresses are this site's")
        site.enable("True")
        report = site.do("references", "--no-dry-run")
        is_equal(report["totals"]["migrated"], len(local), "on: what has this site's address moves")
        is_equal({key: content for key, content in site.shown().items() if key in local},
                 {key: content for key, content in site.expected(20).items() if key in local}, "each to its own")


def test_addresses_of_the_application():
    """Pictures that the application had uploaded, by the addresses that its SDK gave it, are nobody's orphans."""
    with Exercises() as site:
        place = site.place
        site.sql("DELETE FROM exercise")
        keys = ["a.jpg", "b.png", "c.webp", "d.gif", "e.jpg", "f.png"]
        for key in keys:
            place.put(key, image(key))
        place.put("orphan.png", image("orphan.png"))
        values = [place.spellings("a.jpg")[0], place.spellings("b.png")[1], place.spellings("c.webp")[2],
                  place.address("d.gif"), f"{place.folder}/e", f"/{place.folder}/f.webp"]
        for value in values:
            site.sql("INSERT INTO exercise (title, image_path) VALUES ('of the application', ?)", value)
        old_enough()
        report = site.do("audit", code=1)
        is_equal(sorted(item["to"] for item in report["items"] if item["problem"] == "orphaned"),
                 ["e.jpg", "f.png", "orphan.png"], "audit: what a URL names is in order, whatever its spelling")
        report = site.do("orphans", "--no-dry-run", *AGE)
        is_equal([item["from"].rsplit("/", 1)[1] for item in report["items"]], ["orphan.png"],
                 "orphans: what a record may mean stays, public IDs too")
        is_equal(set(at_home(place)), set(keys), "and is where it was")
        site.do("undo", report["run"], "--no-dry-run")
        is_equal(len(place.objects()), 7, "undone")


def filled(site, place, count=6):
    """Orphans; content by key."""
    contents = {f"{i}.png": image(f"{i}.png") for i in range(count)}
    for key, content in contents.items():
        place.put(key, content)
    old_enough()
    return contents


def each_application():
    place = Cloudinary()
    with Application("sqlite3", conf(place)) as site:
        yield site, place


def test_limit():
    """What needs a list says when to come back; the rest goes on without the Admin API."""
    for site, place in each_application():
        contents = filled(site, place)
        for command, *more in (("backup", "site.tar"), ("orphans", *AGE)):
            place.client.control("limit", 0)
            done = site.migrate(command, *more, "--no-dry-run")
            is_equal((done.returncode, done.stderr.count(b"\n")), (3, 1), f"{command}: no list, no run")
            contains(done.stderr.decode(), "Try again on 2", f"{command}: and when to come back")
            place.client.control("limit", 3)   # of each type of objects: one answer
            done = site.migrate(command, *more, "--no-dry-run")
            is_equal((done.returncode, done.stderr), (0, b""), f"{command}: with a list it ends with 0")
            place.client.control("limit", None)
        is_equal((at_home(place), quarantined(site, place)), ({}, contents), "orphans: all are in quarantine")
        place.client.control("limit", 0)
        done = site.migrate("undo", site.report("orphans")["run"], "--no-dry-run")
        place.client.control("limit", None)
        is_equal((done.returncode, done.stderr, place.objects()), (0, b"", contents), "undo needs none")
        site.pictures("static/uploads", 8)
        place.client.control("limit", 0)
        done = site.migrate("directory", "--no-dry-run")
        moved = site.report("directory")
        is_equal((done.returncode, moved["totals"]["migrated"]), (0, 8), "directory needs none")
        done = site.migrate("undo", moved["run"], "--no-dry-run")
        is_equal(done.returncode, 0, "nor does undo of it")
        place.client.control("limit", None)
        is_equal(place.objects(), contents, "which leaves what was there")


def test_requests():
    """Uploads are believed by the digest that Cloudinary tells: one request for each picture, none to the Admin API."""
    for site, place in each_application():
        site.pictures("static/uploads", 20)
        place.client.control("faults", [])
        site.migrate("directory", "--no-dry-run", "--jobs", "2")
        is_equal(site.totals("directory")["migrated"], 20, "20 pictures")
        methods = [re.sub(r"/v1_1/[^/]*", "", line) for line in place.client.requests()]
        is_equal(methods, ["POST /image/upload"] * 20, "20 requests")


def test_moved_not_copied():
    """What is quarantined and comes back is the same object: with its time, id, and what people said about it."""
    for site, place in each_application():
        filled(site, place, 1)
        before = place.client.resources(place.folder)
        place.client.control("faults", [])
        site.migrate("orphans", "--no-dry-run", *AGE)
        ok(not any("/upload" in line for line in place.client.requests() if line.startswith("POST")),
           "nothing is uploaded")
        away = place.client.resources(place.folder)
        is_equal([(entry["asset_id"], entry["version"]) for entry in away],
                 [(entry["asset_id"], entry["version"]) for entry in before], "it is the same object")
        site.migrate("undo", site.report("orphans")["run"], "--no-dry-run")
        is_equal(place.client.resources(place.folder), before, "all is as before")


def test_lists_that_are_behind():
    for site, place in each_application():
        contents = filled(site, place, 1)
        site.migrate("orphans", "--no-dry-run", *AGE)
        place.client.control("faults", ["stale"] * 3)
        done = site.migrate("orphans", "--no-dry-run", *AGE)
        is_equal((done.returncode, done.stderr, site.totals("orphans")["migrated"]), (0, b"", 0),
                 "what is listed and gone is passed over")
        done = site.migrate("undo", site.report("orphans")["run"], "--no-dry-run")
        is_equal(done.returncode, 2, "and is nothing to undo: there is no such run")
        is_equal(quarantined(site, place), contents, "the first run's is where it was")


def test_deliveries():
    """What is there and is not delivered makes no archive, and costs no copy."""
    for site, place in each_application():
        filled(site, place, 2)
        for fault, code, text in (("404", 3, "is there and is not delivered"), ("corrupt", 3, "other bytes")):
            place.client.control("deliveries", ["ok", fault])
            done = site.migrate("backup", "site.tar", "--no-dry-run")
            is_equal((done.returncode, [name for name in os.listdir(site.root) if "site.tar" in name]), (code, []),
                     f"a delivery that ends in {fault}: no archive")
            contains(done.stderr.decode(), text, f"{fault}: says so")
        place.client.control("deliveries", [])


if __name__ == "__main__":
    main()
