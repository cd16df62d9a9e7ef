#!/usr/bin/python3
"""migrate.cgi audit: says what is wrong with records and files, and what mends it; changes nothing; stays small."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, STORED, URL, Application, kinds   # noqa: E402
from migrate_slices import ask, check_slices, names, slices, whole   # noqa: E402
from programs import PROGRAMS, SECRET   # noqa: E402
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
            mail = site.migrate("audit", capture_output=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
            ok(mail.splitlines()[-1] == done.stderr.strip(), f"{kind}: in one mail that comes last", mail)
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
                f"UPDATE article SET image_url = '{URL}/Case.png' WHERE id = '{keys[6]}'",
                f"UPDATE article SET image_url = 'static/uploads/sub/b.png' WHERE id = '{keys[4]}'"} <= mends(site),
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


def fill(site):
    """Faults of each kind, and what is in order."""
    for name in ("a.png", "Été.png", "lonely.png", "sub/b.png", "sub-a/c.png"):
        site.picture(f"static/uploads/{name}")
    for name in ("kept.png", "orphan.png", "sub/orphan.png", "sub-a/orphan.png", "Case.png"):
        site.picture(f"{STORED}/{name}")
    os.chmod(site.path(STORED, "kept.png"), 0o600)
    os.chmod(site.path(STORED, "orphan.png"), 0o600)
    for value in (f"{URL}/kept.png", f"{URL}/none.png", "uploads/a.png", "uploads/ÉTÉ.PNG", "wrong/b.png",
                  f"{URL}/case.png", None, "https://oaidalleapiprodscus.blob.core.windows.net/a.png?sig=x"):
        site.insert(value)


def test_slices():
    more = "    MediaUploadRecord articel id image\n    MediaUploadRecord article id title\n"
    for kind in kinds():
        with Application(kind, CONF.replace("</MediaUpload>", more + "</MediaUpload>")) as site:
            fill(site)
            os.makedirs(site.path("static/uploads", *["deep"] * 210))
            plan = whole(site, command="audit")
            answers = list(slices(site, command="audit"))
            check_slices(f"{kind}: an audit", answers, plan)
            is_equal(plan["progress"]["files"], 2 * 8 + 10, f"{kind}: the progress is of records and files")
            is_equal({name[4] for name in names([plan])}, {
                "missing", "wrong path", "not moved yet", "temporary", "orphaned", "not referenced", "wrong mode",
                "wrong table or column", "unreadable"}, f"{kind}: with every problem")
            is_equal(len(answers), 2 * 8 + 10, f"{kind}: a request for each of them")
            site.migrate("audit")
            is_equal(sorted(names(answers), key=repr), sorted(names([site.report("audit")]), key=repr),
                     f"{kind}: as the command line tells it")


def test_changes_between_slices():
    for kind in kinds():
        with Application(kind) as site:
            fill(site)
            answers, changed = [], False
            for answer in slices(site, command="audit"):
                answers.append(answer)
                if not changed and any(item["problem"] == "wrong path" for item in answer["items"]):
                    site.sql(f"DELETE FROM article WHERE image_url = '{URL}/kept.png'")
                    site.picture(f"{STORED}/new.png")
                    changed = True
            found = names(answers)
            is_equal(len(found), len(set(found)), f"{kind}: nothing is told twice")
            orphaned = {name[2] for name in found if name[4] == "orphaned"}
            is_equal(orphaned, {"kept.png", "new.png", "orphan.png", "sub/orphan.png", "sub-a/orphan.png"},
                     f"{kind}: files are judged by the records that there are then")


def test_not_whole_between_slices():
    """What could be read at first and cannot be read now would make records and files look wrong."""
    for kind in kinds():
        with Application(kind) as site:
            fill(site)
            plan = whole(site, command="audit")
            first = next(slices(site, command="audit"))
            asked = {"command": "audit", "continue": first["continue"]}
            site.sql("ALTER TABLE article RENAME TO articles")
            is_equal(ask(site, **asked)[0], 502, f"{kind}: a table that went away")
            site.sql("ALTER TABLE articles RENAME TO article")
            os.makedirs(site.path(STORED, *["deep"] * 210))
            status, _, errors = ask(site, **asked)
            is_equal(status, 502, f"{kind}: a folder that is not listed any more")
            contains(errors, "cannot be read now", f"{kind}: the log says so")
            shutil.rmtree(site.path(STORED, "deep"))
            answers = [first, *slices(site, **asked)]
            check_slices(f"{kind}: when both are there again", answers, plan)


def measured(command, **options):
    """The exit code of a program and what it used."""
    with subprocess.Popen(command, **options) as program:
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    return program.returncode, usage


def web_slices(site, seconds):
    """The items of an audit over HTTP, and the most memory that a request took."""
    items, memory, asked = [], 0, {"command": "audit", "max_time": seconds}
    environment = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1",
                   "MEDIAUPLOAD_CONFIG": site.conf, "HTTP_X_MEDIA_SECRET": SECRET}
    while asked is not None:
        site.write("request", json.dumps(asked))
        environment["CONTENT_LENGTH"] = str(os.path.getsize(site.path("request")))
        with open(site.path("request"), "rb") as body, open(site.path("answer"), "wb") as output:
            _, usage = measured([os.path.join(PROGRAMS, "migrate.cgi")], cwd="/", env=environment, stdin=body,
                                stdout=output)
        with open(site.path("answer"), "rb") as file:
            answer = json.loads(file.read().partition(b"\r\n\r\n")[2])
        items.append(answer["items"])
        memory = max(memory, usage.ru_maxrss)
        asked = None if answer["done"] else {**asked, "continue": answer["continue"]}
    return items, memory


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
        code, usage = measured([os.path.join(PROGRAMS, "migrate.cgi"), "audit", "--config", site.conf], cwd=site.root,
                               env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        is_equal(code, 1, "one of 100 000 is missing")
        wanted = {(str(MANY), "missing", None), (None, "orphaned", "picture-000000.jpg")}
        is_equal(problems(site), wanted, "it is found")
        ok(usage.ru_maxrss * 1024 <= MEMORY, f"in {usage.ru_maxrss >> 10} MiB",
           f"{usage.ru_maxrss} KiB")
        print(f"# {usage.ru_utime + usage.ru_stime:.2f} s of processor time")
        items, memory = web_slices(site, 0.2)
        found = [(item["record"], item["problem"], item["to"]) for answer in items for item in answer]
        is_equal(sorted(found, key=repr), sorted(wanted, key=repr), f"over HTTP it is found in {len(items)} requests")
        ok(memory * 1024 <= MEMORY, f"each in {memory >> 10} MiB at most", f"{memory} KiB")


if __name__ == "__main__":
    main()
