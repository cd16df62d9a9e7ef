#!/usr/bin/python3
"""The metrics of health.cgi: in the format of collectors, whatever their labels hold, and true: what the catalog has,
and what the last run of each command did with each collection."""
import json
import os
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..")]
import exposition   # noqa: E402
from health_site import GoodSite   # noqa: E402
from migrate_application import Application   # noqa: E402
from programs import CONF, SECRET, Site, jpeg   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

SECTION = CONF[CONF.index("<MediaUpload"):]
TWO = CONF + SECTION.replace("articles", "logos").replace("html/images", "html/logos").replace("uploads", "icons")
RUN = ("complete", "seen", "migrated", "skipped", "failed", "bytes")
GOOD = (b'# HELP a_bytes A \\\\ b.\n# TYPE a_bytes gauge\n'
        b'a_bytes{x="1",y="\\\\ \\" \\n"} 1\na_bytes{x="2",y=""} -1.5e+3\n')
# what is wrong, what of GOOD is replaced by what
REPLACED = [
    ("carriage returns", b"\n", b"\r\n"), ("no help", b"# HELP a_bytes A \\\\ b.\n", b""),
    ("no type", b"# TYPE a_bytes gauge\n", b""), ("a type that is none", b"gauge", b"meter"),
    ("a name that is none", b"a_bytes", b"a-bytes"), ("a total that is no counter", b"a_bytes", b"a_total"),
    ("a counter that is no total", b"gauge", b"counter"), ("milliseconds", b"a_bytes", b"a_milliseconds"),
    ("an unknown escape", b"\\n", b"\\t"), ("a quote in a value", b'\\"', b'"'),
    ("a line feed in a value", b"\\n", b"\n"), ("a value that goes on", b'"1"', b'"1'),
    ("a label twice", b"y=", b"x="), ("a label that is none", b"x=", b"1x="), ("no comma", b'1",', b'1"'),
    ("a comma too many", b'""}', b'"",}'), ("no value", b"} 1\n", b"}\n"), ("a word for a value", b"} 1\n", b"} one\n"),
    ("a time behind the value", b"} 1\n", b"} 1 1772357400000\n"), ("two spaces", b"} 1\n", b"}  1\n"),
    ("an unknown escape in the help", b"A \\\\", b"A \\t"),
]
ADDED = [
    ("no UTF-8", b'a_bytes{x="\xff"} 1\n'), ("an empty line", b"\n"), ("no line feed at the end", b'a_bytes{x="3"} 1'),
    ("help twice", GOOD), ("a type after samples", b"# TYPE a_bytes gauge\n"),
    ("a series twice", b'a_bytes{y="",x="2"} 3\n'), ("another family's sample", b"b_bytes 1\n"),
    ("some other comment", b"# EOF\n"),
]


def test_the_reader():
    """It would see what is wrong."""
    family = exposition.read(GOOD)["a_bytes"]
    is_equal((family.help, family.type, family.samples),
             ("A \\\\ b.", "gauge", {frozenset({("x", "1"), ("y", '\\ " \n')}): 1,
                                    frozenset({("x", "2"), ("y", "")}): -1500.0}), "the reader reads")
    bad = [(name, GOOD.replace(old, new)) for name, old, new in REPLACED]
    for name, text in bad + [(name, GOOD + more) for name, more in ADDED]:
        try:
            ok(False, f"the reader refuses {name}", list(exposition.read(text)))
        except exposition.Wrong:
            ok(text != GOOD, f"the reader refuses {name}")


def metrics(site, **options):
    done = site.run("health.cgi", "metrics", **options)
    is_equal((done.returncode, done.stderr), (0, b""), "metrics")
    return exposition.read(done.stdout)


def values(families, name, **wanted):
    """The values of a metric whose labels are these, by the other labels."""
    found = {}
    for pairs, value in families[f"mediaupload_{name}"].samples.items():
        if set(wanted.items()) <= pairs:
            rest = tuple(text for _, text in sorted(pairs - set(wanted.items())))
            found[rest[0] if len(rest) == 1 else rest] = value
    return found


def last(families, command, collection="articles"):
    """The totals of a run as the metrics tell them; None for none."""
    found = [values(families, f"last_run_{name}", command=command, collection=collection).get(()) for name in RUN]
    return None if found == [None] * len(RUN) else dict(zip(RUN, found))


def told(results, complete=1):
    return {"complete": complete, **results["totals"]}


def migrate(site, command, *args):
    done = site.run("migrate.cgi", command, "--collection", "articles", *args)
    return done.returncode, site.results(f"migrate-{command}-results.json")


def size(site, folder):
    return sum(len(content) for content in site.files(folder).values())


def test_catalog():
    with Site(TWO) as site:
        families = metrics(site)
        is_equal([values(families, name) for name in ("files", "files_bytes")], [{"articles": 0, "logos": 0}] * 2,
                 "an empty catalog: nothing of each")
        site.pictures("uploads", 8)
        site.pictures("icons", 3)
        for collection in ("articles", "logos"):
            site.run("migrate.cgi", "directory", "--collection", collection, "--no-dry-run")
        with sqlite3.connect(site.path("var/media.db")) as database:
            database.execute("INSERT INTO mediaupload_media (collection, storage, object_key, url, filename, type, "
                             "size, width, height, created) VALUES ('a\"b\\c\nd', 's', 'k', 'u', 'f', 't', 7, 1, 1, "
                             "'2026-03-01T09:30:00Z')")
        families = metrics(site)
        is_equal(values(families, "files"), {"articles": 8, "logos": 3}, "files of each collection that is configured")
        is_equal(values(families, "files_bytes"), {"articles": size(site, "uploads"), "logos": size(site, "icons")},
                 "and their bytes")
        site.write("var/media.db", "a text file, not a database\n" * 50)
        families = metrics(site)
        is_equal((values(families, "database_up"), "mediaupload_files" in families), ({(): 0}, False),
                 "a database that does not answer: nothing is made up")


def test_last_runs():
    with Site(TWO) as site:
        site.pictures("uploads", 6)
        site.write("uploads/half.jpg", jpeg(b"half")[:60])
        begun = int(time.time())
        migrate(site, "directory")
        migrate(site, "audit")
        is_equal(last(metrics(site), "directory"), None, "a dry run keeps nothing")
        code, results = migrate(site, "directory", "--no-dry-run", "--limit", "2")
        families = metrics(site)
        is_equal((last(families, "directory"), results["totals"]["migrated"]), (told(results, 0), 2),
                 "a run that a limit has stopped")
        ends = values(families, "last_run_end_timestamp_seconds")
        ok(list(ends) == [("articles", "directory")] and begun <= ends["articles", "directory"] <= time.time(),
           "when it ended", ends)
        code, results = migrate(site, "directory", "--no-dry-run")
        is_equal((code, last(metrics(site), "directory"), results["totals"]["skipped"]), (0, told(results), 3),
                 "the next one took its place: it looked at everything")
        before = site.fingerprint("var")
        migrate(site, "directory")
        migrate(site, "audit")
        metrics(site)
        is_equal(site.fingerprint("var"), before, "dry runs and metrics leave all of it alone")
        site.pictures("icons", 2)
        site.run("migrate.cgi", "directory", "--collection", "logos", "--no-dry-run")
        families = metrics(site)
        is_equal((last(families, "directory"), last(families, "directory", "logos")["migrated"]), (told(results), 2),
                 "each collection has its own")
        undone = site.run("migrate.cgi", "undo", results["run"], "--collection", "articles", "--no-dry-run")
        is_equal((undone.returncode, last(metrics(site), "undo")),
                 (0, told(site.results("migrate-undo-results.json"))), "undo is a command, too")
        site.write("mediaupload.conf", CONF)
        is_equal({collection for collection, _ in values(metrics(site), "last_run_seen")}, {"articles"},
                 "a collection that the configuration has no more is no more told of")


def test_what_failed():
    with Application() as site:
        for name in ("static/uploads/a.png", "static/uploads/b.jpg"):
            site.picture(name)
            site.insert(name)
        site.insert(None)
        site.insert("uploads/none.png")
        code, results = migrate(site, "references", "--no-dry-run")
        is_equal((code, last(metrics(site), "references"), results["totals"]["failed"]), (1, told(results), 1),
                 "a run of which one item failed has looked at everything")


def test_what_was_given_up():
    """A run that an error has ended looked at less than everything; what could not even begin changes nothing."""
    with Site() as site:
        site.pictures("uploads", 2)
        code, results = migrate(site, "directory", "--no-dry-run")
        is_equal(last(metrics(site), "directory"), told(results), "a run that went well")
        site.write("var/media.db", "a text file, not a database\n" * 50)
        site.pictures("uploads", 4)
        code, results = migrate(site, "directory", "--no-dry-run")
        is_equal((code, last(metrics(site), "directory")), (3, told(results, 0)), "a run that the database has ended")


def test_slices():
    """Requests that are parts of one run."""
    with Site() as site:
        site.pictures("uploads", 5)
        site.write("uploads/half.jpg", jpeg(b"half")[:60])
        asked, totals, requests = {"command": "directory", "apply": True, "max_time": 0.000001}, {}, 0
        while requests < 50:
            requests += 1
            answer = json.loads(site.web("migrate.cgi", "POST", json.dumps(asked).encode(),
                                         HTTP_X_MEDIA_SECRET=SECRET)[2])
            for name, number in answer["totals"].items():
                totals[name] = totals.get(name, 0) + number
            is_equal(last(metrics(site), "directory"), {"complete": int(answer["done"]), **totals},
                     f"after request {requests}: all that the run has done")
            if answer["done"]:
                break
            asked["continue"] = answer["continue"]
        ok(requests > 2 and totals["migrated"] == 5 and totals["skipped"] == 1, "it took several requests", totals)


def test_labels():
    """A storage's address may hold anything that a configuration can."""
    weird = 'local:w "e\\i"r\nd {x="1"} \udcff é'
    with GoodSite() as site:
        site.rewrite("local:public_html/images", "${WEIRD}")
        env = {"WEIRD": os.fsencode(weird)}
        up = values(metrics(site, env=env), "storage_up", collection="articles")
        is_equal(list(up), [weird.replace("\udcff", "\ufffd")],
                 "a hostile label is what it was, bytes that are no UTF-8 repaired")


def test_web():
    with GoodSite() as site:
        site.run("migrate.cgi", "directory", "--no-dry-run")
        for given, status in (({}, 403), ({"HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
                              ({"HTTP_AUTHORIZATION": f"Bearer {SECRET}"}, 200)):
            got, headers, body, _ = site.web("health.cgi", PATH_INFO="/metrics", **given)
            is_equal(got, status, f"over HTTP: {status}")
            ok(status == 200 or b"mediaupload_" not in body, "nothing without the secret")
        is_equal(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8", "as collectors want it")
        is_equal(last(exposition.read(body), "directory")["migrated"], 1, "the same as in a shell")
        contains(body.decode(), "# HELP mediaupload_last_run_failed ", "with help")


if __name__ == "__main__":
    main()
