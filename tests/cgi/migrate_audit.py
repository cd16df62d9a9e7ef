#!/usr/bin/python3
"""migrate.cgi audit: says what is wrong with records and files, and what mends it; changes nothing; stays small."""
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, STORED, URL, Application, kinds   # noqa: E402
from programs import PROGRAMS   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

MANY = 100000
MEMORY = 64 << 20   # bytes resident, at most


def problems(site):
    """(record, problem, proposal) of every item."""
    return {(item["record"], item["problem"], item["to"]) for item in site.report("audit")["items"]}


def mends(site):
    return {item["mend"] for item in site.report("audit")["items"]}


def test_problems():
    for kind in kinds():
        with Application(kind) as site:
            for name in ("a.png", "Été.png", "lonely.png", "sub/b.png"):
                site.picture(f"static/uploads/{name}")
            for name in ("kept.png", "orphan.png", "Case.png", "default_article.jpg"):
                site.picture(f"{STORED}/{name}")
            os.chmod(site.path(STORED, "kept.png"), 0o600)
            values = [f"{URL}/kept.png", f"{URL}/none.png", "uploads/a.png", "uploads/ÉTÉ.PNG", "wrong/b.png",
                      "uploads/gone.png", f"{URL}/case.png", None, "https://www.gravatar.com/avatar/1",
                      "https://oaidalleapiprodscus.blob.core.windows.net/a.png?se=2026-03-01T09%3A30%3A00Z&sig=x",
                      "https://oaidalleapiprodscus.blob.core.windows.net/a.png?se=2999-03-01T09%3A30%3A00Z&sig=x"]
            keys = [str(site.insert(value)) for value in values]
            before, rows = site.fingerprint("static", STORED), site.images()
            done = site.migrate("audit")
            is_equal((done.returncode, done.stderr.count(b"\n")), (1, 1), f"{kind}: what nobody can see is told: 1")
            static, stored = site.path("static/uploads"), site.path(STORED)
            is_equal(problems(site), {
                (keys[1], "missing", None), (keys[2], "not moved yet", f"{static}/a.png"),
                (keys[3], "wrong path", f"{static}/Été.png"), (keys[4], "wrong path", f"{static}/sub/b.png"),
                (keys[5], "missing", None), (keys[6], "wrong path", f"{URL}/Case.png"), (keys[9], "temporary", None),
                (keys[10], "temporary", None), (None, "orphaned", "orphan.png"), (None, "not referenced", None),
                (None, "wrong mode", "kept.png")}, f"{kind}: what is wrong, with the right path where there is one")
            ok({"migrate.cgi references --collection articles --no-dry-run",
                "migrate.cgi orphans --collection articles --no-dry-run",
                "migrate.cgi remote --collection articles --no-dry-run",
                f"chmod 644 '{stored}/kept.png'",
                f"migrate.cgi associate --collection articles --no-dry-run '{static}'",
                f"UPDATE article SET image_url = '{URL}/Case.png' WHERE id = '{keys[6]}'"} <= mends(site),
               f"{kind}: each with what mends it", mends(site))
            contains(str(site.report("audit")["items"]), "expired 2026-03-01T09:30:00Z", f"{kind}: when a URL expired")
            is_equal((site.fingerprint("static", STORED), site.images()), (before, rows), f"{kind}: nothing is changed")
            site.migrate("references", "--apply")
            site.migrate("audit", "--json")
            ok(not {"not moved yet"} & {problem for _, problem, _ in problems(site)}, f"{kind}: references mends")


def test_all_is_well():
    for kind in kinds():
        with Application(kind) as site:
            site.picture("static/uploads/a.png")
            site.insert("uploads/a.png")
            site.migrate("references", "--apply")
            done = site.migrate("audit", "--quiet")
            is_equal((done.returncode, done.stdout, done.stderr, problems(site)), (0, b"", b"", set()),
                     f"{kind}: silent when all is well")


def test_schema():
    for kind in kinds():
        conf = CONF.replace("    MediaUploadSource", "    MediaUploadRecord articel id image\n"
                            "    MediaUploadRecord article id picture\n    MediaUploadSource")
        with Application(kind, conf) as site:
            is_equal(site.migrate("audit").returncode, 1, f"{kind}: tables and columns that are missing: 1")
            told = " ".join(item["error"] for item in site.report("audit")["items"])
            contains(told, "no table articel: did you mean article?", f"{kind}: which table, and what exists instead")
            contains(told, "no column picture: did you mean", f"{kind}: which column")


def test_many():
    """100 000 records against 100 000 files, in 64 MiB; how much processor time it takes is only told."""
    with Application() as site:
        os.makedirs(site.path(STORED))
        for i in range(MANY):
            os.close(os.open(site.path(STORED, f"picture-{i:06}.jpg"), os.O_CREAT | os.O_WRONLY, 0o644))
        with sqlite3.connect(site.path("var/media.db")) as database:
            database.executemany("INSERT INTO article (title, image_url) VALUES ('t', ?)",
                                 ((f"{URL}/picture-{i:06}.jpg",) for i in range(1, MANY + 1)))
        database.close()
        command = [os.path.join(PROGRAMS, "migrate.cgi"), "audit", "--config", site.conf]
        with subprocess.Popen(command, cwd=site.root, env={}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as program:
            _, status, usage = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
        is_equal(program.returncode, 1, "one of 100 000 is missing")
        is_equal(problems(site), {(str(MANY), "missing", None), (None, "orphaned", "picture-000000.jpg")},
                 "it is found")
        ok(usage.ru_maxrss * 1024 <= MEMORY, f"in {usage.ru_maxrss >> 10} MiB",
           f"{usage.ru_maxrss} KiB")
        print(f"# {usage.ru_utime + usage.ru_stime:.2f} s of processor time")


if __name__ == "__main__":
    main()
