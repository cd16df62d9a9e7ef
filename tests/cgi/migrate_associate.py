#!/usr/bin/python3
"""migrate.cgi associate and sample: records without an image get the right one, once; a sample can be migrated and
taken back."""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, URL, Application, kinds   # noqa: E402
from migrate_references import killed_after   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402


def shown(site):
    """The content that each record shows; None without one."""
    stored = site.stored()
    return {key: stored.get(value) for key, value in site.images().items()}


def content(site, name):
    with open(site.path("static/uploads", name), "rb") as file:
        return file.read()


def test_by_id():
    for kind in kinds():
        with Application(kind) as site:
            for name in ("1.png", "exercise_2.jpg", "photo 3.gif", "4.png", "pic-4.jpg", "99.png", "notes.txt"):
                if name.endswith("txt"):
                    site.write(f"static/uploads/{name}", "no image")
                else:
                    site.picture(f"static/uploads/{name}")
            for value in (None, "", "default_article.jpg", None, None):
                site.insert(value)
            before = site.images()
            done = site.migrate("associate", "static/uploads")
            is_equal((done.returncode, site.images()), (0, before), f"{kind}: a dry run changes nothing")
            is_equal([item["status"] for item in site.report("associate")["items"]],
                     ["planned"] * 3 + ["skipped"] * 2, f"{kind}: and says what it would do")
            done = site.migrate("associate", "static/uploads", "--match", "id", "--apply")
            is_equal(done.returncode, 0, f"{kind}: a real one ends with 0")
            is_equal(shown(site), {1: content(site, "1.png"), 2: content(site, "exercise_2.jpg"),
                                   3: content(site, "photo 3.gif"), 4: None, 5: None}, f"{kind}: each its own")
            contains(str(site.report("associate")["items"]), "several files match", f"{kind}: none where two would do")
            moved = site.images()
            site.migrate("associate", "static/uploads", "--apply")
            is_equal((site.totals("associate")["migrated"], site.images()), (0, moved), f"{kind}: again: nothing")


def test_by_name():
    for kind in kinds():
        with Application(kind) as site:
            for name in ("push-up.png", "Développé couché.jpg", "twice.gif"):
                site.picture(f"static/uploads/{name}")
            for title in ("Push up", "developpe couche", "Twice", "twice", "Nothing"):
                site.insert(None, title)
            site.migrate("associate", "static/uploads", "--match", "name", "--apply")
            is_equal(shown(site), {1: content(site, "push-up.png"), 2: content(site, "Développé couché.jpg"), 3: None,
                                   4: None, 5: None}, f"{kind}: by the title; none where two records would do")


def test_by_order():
    for kind in kinds():
        with Application(kind) as site:
            for name in ("p1.png", "p2.png", "p10.png", "p9.png"):
                site.picture(f"static/uploads/{name}")
            site.insert("uploads/p2.png")
            for _ in range(4):
                site.insert(None)
            before = site.images()
            site.migrate("associate", "static/uploads", "--match", "order", "--apply", "--jobs", "2")
            is_equal({key: value for key, value in shown(site).items() if key > 1},
                     {2: content(site, "p1.png"), 3: content(site, "p9.png"), 4: content(site, "p10.png"), 5: None},
                     f"{kind}: numbers in their order, without what another record has")
            is_equal(site.migrate("undo", site.report("associate")["run"], "--apply").returncode, 0, f"{kind}: undo")
            is_equal((site.images(), site.stored()), (before, {}), f"{kind}: as before")


def test_kills():
    for kind in kinds():
        killed = 0
        for point in random.sample(range(2, 60), 6):
            with Application(kind) as site:
                for i in range(1, 7):
                    site.picture(f"static/uploads/{i}.png")
                    site.insert(None)
                killed += killed_after(site, point, "associate", "static/uploads", "--match", "order")
                site.migrate("associate", "static/uploads", "--match", "order", "--apply")
                is_equal((shown(site), len(site.stored())), ({i: content(site, f"{i}.png") for i in range(1, 7)}, 6),
                         f"{kind}: killed at call {point}: the next run ends the work")
        ok(killed > 0, f"{kind}: killed {killed} times")


def test_usage():
    with Application() as site:
        site.picture("static/uploads/1.png")
        for args, text in ((["associate"], "needs DIR"), (["associate", "none"], "cannot list"),
                           (["associate", "static/uploads", "--match", "luck"], "--match takes")):
            done = site.migrate(*args)
            is_equal(done.returncode, 2, f"{' '.join(args)}: 2")
            contains(done.stderr.decode(), text, f"{' '.join(args)}: says why")


def test_sample():
    for kind in kinds():
        with Application(kind) as site:
            site.sql("ALTER TABLE article ADD COLUMN rank INTEGER NOT NULL DEFAULT 0")
            done = site.migrate("sample")
            is_equal((done.returncode, site.images(), os.path.exists(site.path("static"))), (0, {}, False),
                     f"{kind}: a dry run inserts nothing")
            done = site.migrate("sample", "--apply")
            is_equal((done.returncode, done.stderr, len(site.images())), (0, b"", 1), f"{kind}: a record is inserted")
            ok(os.path.exists(site.path(site.images()[1])), f"{kind}: its image lies where it says", site.images())
            run = site.report("sample")["run"]
            site.migrate("references", "--apply")
            moved = site.report("references")["run"]
            ok(site.images()[1].startswith(URL) and len(site.stored()) == 1, f"{kind}: references moves it")
            for one in (moved, run):
                is_equal(site.migrate("undo", one, "--apply").returncode, 0, f"{kind}: undo {one}")
            is_equal((site.images(), site.files("static"), site.stored()), ({}, {}, {}),
                     f"{kind}: nothing is left of it")
    with Application("sqlite3", CONF.replace("MediaUploadURL",
                                             "MediaUploadAccept image/webp\n    MediaUploadURL")) as site:
        is_equal(site.migrate("sample").returncode, 2, "a collection that takes neither PNG nor GIF: 2")
    with Application("sqlite3", CONF.replace("    MediaUploadSource static/uploads\n", "")) as site:
        is_equal(site.migrate("sample").returncode, 2, "no MediaUploadSource: 2")


if __name__ == "__main__":
    main()
