#!/usr/bin/python3
"""migrate.cgi over HTTP in slices: a plan or a run goes on where the request before stopped, is one run with one
journal, shows how far it is, and nobody can make up where it stands."""
import base64
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, STORED, Application   # noqa: E402
from migrate_slices import (   # noqa: E402
    MOST, SHORTEST, ask, check_items, check_one_run, check_slices, journals, names, slices, total, whole)
from programs import SECRET, Site   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

TWO = CONF + CONF[CONF.index("<MediaUpload"):].replace("articles", "people").replace("article id", "people id")


def fill(site, count=9):
    """Records of each kind; as many that name a picture."""
    for i in range(count):
        name = f"static/uploads/{['', 'sub/', 'Été ù/'][i % 3]}photo {i}.{['jpg', 'png'][i % 2]}"
        site.picture(name)
        site.insert(name)
    for value in (None, "uploads/none.png", "https://www.gravatar.com/avatar/1"):
        site.insert(value)


def test_slices():
    commands = [({"command": "references"}, 9), ({"command": "directory"}, 9),
                ({"command": "directory", "dir": "static/uploads"}, 9)]
    for request, count in commands:
        with Application() as site:
            fill(site)
            before = site.images(), site.fingerprint("static")
            name = " ".join(request.values())
            plan = whole(site, **request)
            check_slices(f"a plan of {name}", list(slices(site, **request)), plan)
            is_equal((site.images(), site.fingerprint("static"), os.path.exists(site.path(STORED))), (*before, False),
                     f"{name}: a plan changes nothing")
            answers = list(slices(site, apply=True, **request))
            is_equal(total(answers), count, f"{name}: a run moves everything")
            is_equal([item[:2] for item in sorted(names(answers), key=repr)],
                     [item[:2] for item in sorted(names([plan]), key=repr)],
                     f"{name}: each item once")
            is_equal(journals(site), [answers[0]["run"] + ".jsonl"], f"{name}: one run, one journal")
            is_equal(len(site.stored()), count, f"{name}: stored once")
            undone = list(slices(site, command="undo", run=answers[0]["run"], apply=True))
            is_equal((site.images(), site.fingerprint("static"), site.stored()), (*before, {}),
                     f"{name}: one undo takes all of it back")
            ok(len(undone) > 3 and len({answer["run"] for answer in undone}) == 1, f"{name}: in slices of its own",
               len(undone))


def test_associate():
    for match in ("id", "name", "order"):
        with Application() as site:
            keys = [site.insert(None, f"Title {i}") for i in range(6)]
            site.insert(None, "without a file")
            site.insert("uploads/none.png")
            for i, key in enumerate(keys):
                called = {"id": f"photo_{key}", "name": f"title-{i}", "order": f"{i}"}[match]
                site.picture(f"static/uploads/{called}.png")
            request = {"command": "associate", "dir": "static/uploads", "match": match}
            plan = whole(site, **request)
            check_slices(f"associate by {match}", list(slices(site, **request)), plan)
            answers = list(slices(site, apply=True, **request))
            is_equal([(item["record"], item["from"]) for item in plan["items"]],
                     [(item["record"], item["from"]) for answer in answers for item in answer["items"]],
                     f"associate by {match}: a run in slices does what the plan said")
            is_equal(total(answers), 6, f"associate by {match}: all of it")


def test_what_fails_is_not_tried_forever():
    with Application() as site:
        for i in range(6):
            site.insert("data:image/png;base64,AAAA")
        answers = list(slices(site, command="remote", apply=True))
        is_equal(sum(answer["totals"]["failed"] for answer in answers), 6, "remote: each failure is told once")
        for i in range(4):
            site.write(f"static/uploads/{i}.png", b"\x89PNG\r\n\x1a\n" + bytes(i))
        answers = list(slices(site, command="directory", apply=True))
        is_equal(len(names(answers)), 4, "directory: each file that is refused is told once")


def test_changes_between_slices():
    with Application() as site:
        fill(site, 6)
        first = ask(site, command="directory", max_time=SHORTEST, apply=True)[1]
        site.picture("static/uploads/a new one.png")
        site.picture("static/uploads/ÿ/another new one.png")
        os.unlink(first["items"][0]["from"])
        run, answers = first["run"], [first]
        while not answers[-1]["done"] and len(answers) < MOST:
            answers.append(ask(site, command="directory", max_time=SHORTEST, apply=True,
                               **{"continue": answers[-1]["continue"]})[1])
        found = [item[1] for item in names(answers)]
        is_equal(len(found), len(set(found)), "a folder that changes: nothing is told twice")
        ok(found[-1].endswith("ÿ/another new one.png"), "what is further on is taken along")
        with open(site.path("var/mediaupload-journal", run + ".jsonl"), "a", encoding="ascii") as journal:
            journal.write('{"step":"migrated","coll')     # as a kill leaves it
        for i in range(3):
            site.picture(f"static/uploads/ÿ/more {i}.png")
        status, answer, _ = ask(site, command="directory", apply=True, **{"continue": answers[-2]["continue"]})
        is_equal((status, answer["run"], answer["totals"]["migrated"]), (200, run, 3), "after a kill: it goes on")
        is_equal(whole(site, command="directory", apply=True)["totals"]["migrated"], 1,
                 "what came in before where it stood is the next run's")
        is_equal(whole(site, command="undo", run=run)["totals"]["failed"], 0, "and its journal is whole")


def test_undo():
    """The sources of an undo are looked at in its time, too; what the request before found out is found out again."""
    for command in ("directory", "references"):
        with Application() as site:
            fill(site)
            before, files = site.images(), site.files("static")
            sources = sorted(files)
            run = whole(site, command=command, apply=True)["run"]
            for source in sources[:3]:
                os.unlink(source)
            site.write(sources[4], "another one")
            plan = whole(site, command="undo", run=run)
            check_items(f"a plan to undo {command}", list(slices(site, command="undo", run=run)), plan)
            answers = []
            for answer in slices(site, command="undo", run=run, apply=True):
                answers.append(answer)
                if len(answers) == 1:
                    ok(sum(map(os.path.exists, sources[:3])) < 2, f"{command}: a request puts back one source at most")
            check_one_run(f"an undo of {command}", answers)
            is_equal((sorted(site.files("static")), total(answers), total(answers, "failed")),
                     (sources, plan["totals"]["seen"] - plan["totals"]["failed"], plan["totals"]["failed"]),
                     f"{command}: sources that were gone are back")
            is_equal(list(site.stored().values()), [files[sources[4]]],
                     f"{command}: the copy stays whose source is another file now")
            changed = {key: value for key, value in site.images().items() if value != before[key]}
            is_equal(len(changed), int(command == "references"), f"{command}: with its record")


def test_limit():
    with Application() as site:
        fill(site)
        answers = list(slices(site, command="references", apply=True, limit=4))
        is_equal((total(answers), answers[-1]["done"]), (4, True), "a limit holds for all slices together")
        ok(len(answers) > 2, "of which there are several")
        for members, message in [({"limit": 0}, "limit"), ({"limit": "x"}, "limit"), ({"max_time": 0}, "max_time"),
                                 ({"max_time": "soon"}, "max_time"), ({"continue": 5}, "continue"),
                                 ({"max_delete": "5"}, "max_delete takes a number from 0"),
                                 ({"max_delete": -1}, "max_delete takes a number"), ({"min_age": 0.5}, "min_age"),
                                 ({"limit": 3, "apply": "no"}, "apply takes true or false"),
                                 ({"catalogued": 1}, "catalogued takes true or false"),
                                 ({"collection": 7}, "collection takes a text"), ({"run": []}, "run takes a text")]:
            status, answer, _ = ask(site, command="references", **members)
            is_equal((status, answer["error"]["code"]), (400, "usage"), f"{members}: 400")
            contains(answer["error"]["message"], message, f"{members}: says what is wrong")


def tampered(text):
    """Texts that look like one that was given out."""
    state, mac = text.split(".")
    inner = json.loads(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4)))
    for name, value in (("run", "../../../tmp/x"), ("position", "0 /etc"), ("files", 1)):
        body = base64.urlsafe_b64encode(json.dumps({**inner, name: value}).encode()).decode().rstrip("=")
        yield f"{body}.{mac}"
    yield from ("", ".", "x", state, state + ".", f"{state}.{mac[:-2]}", f"{state}.{mac}x", f".{mac}", text * 2,
                f"{mac}.{state}", "\x00", "é.é")


def test_continuation_is_bound():
    with Application(conf=TWO) as site:
        site.sql("CREATE TABLE people (id INTEGER PRIMARY KEY, image_url VARCHAR(300))")
        fill(site)
        asked = {"command": "directory", "collection": "articles", "dir": "static/uploads"}
        status, answer, _ = ask(site, max_time=SHORTEST, **asked)
        is_equal((status, answer["done"]), (200, False), "there is more")
        go_on = answer["continue"]
        is_equal(ask(site, **asked, **{"continue": go_on})[0], 200, "it goes on")
        others = [{**asked, "command": "references"}, {**asked, "collection": "people"}, {**asked, "apply": True},
                  {**asked, "dir": site.path("static/uploads")}, {**asked, "limit": 3}, {**asked, "min_age": 60},
                  {**asked, "delete_after": 60}, {**asked, "max_delete": 9}, {**asked, "catalogued": True},
                  {**asked, "remove_source": True}, {**asked, "site_column": "title"}]
        for request in others:
            status, answer, _ = ask(site, **request, **{"continue": go_on})
            is_equal((status, answer["error"]["code"]), (400, "usage"), f"not with {request}")
        for text in tampered(go_on):
            status, answer, _ = ask(site, **asked, **{"continue": text})
            is_equal((status, answer.get("error", {}).get("code")), (400, "usage"), f"nor {text[:20]!r}… {len(text)}")
        contains(answer["error"]["message"], "continue", "it says what is wrong")
        with open(site.conf, encoding="utf-8") as file:
            text = file.read()
        site.write("mediaupload.conf", text.replace(SECRET, "another example secret of the tests"))
        status, _, body, _ = site.web("migrate.cgi", "POST", json.dumps({**asked, "continue": go_on}).encode(),
                                      HTTP_X_MEDIA_SECRET="another example secret of the tests")
        is_equal(status, 400, "nor after the secret was changed")
        ok(SECRET not in go_on and site.root not in go_on, "it shows neither secret nor path as they are")


def test_describe():
    with Application(conf=TWO) as site:
        status, answer, _ = ask(site, command="describe")
        is_equal(status, 200, "describe")
        is_equal(answer["collections"], [{"name": "articles", "sources": ["static/uploads"]},
                                         {"name": "people", "sources": ["static/uploads"]}],
                 "the collections with their folders")
        commands = {command["name"]: command for command in answer["commands"]}
        listed = site.run("migrate.cgi", "--help").stdout.decode()
        ok(all(f"  {name} " in listed for name in commands), "commands of the command line", list(commands))
        is_equal({name for name, command in commands.items() if not command["applies"]}, {"audit"},
                 "only audit never changes anything")
        options = {option["name"]: option for option in commands["associate"]["options"]}
        is_equal((options["dir"]["kind"], options["dir"]["required"]), ("choice", True), "associate needs a folder")
        is_equal(options["match"]["values"], ["id", "name", "order"], "and knows how to match")
        is_equal(options["limit"]["kind"], "number", "a number")
        is_equal([(option["name"], option["kind"], option["required"]) for option in commands["undo"]["options"]][0],
                 ("run", "text", True), "undo needs a run")
        ok(all(option["help"] for command in answer["commands"] for option in command["options"])
           and all(command["help"] for command in answer["commands"]), "all in words")
        ok(not any(option["name"] in ("results", "config", "jobs") for command in answer["commands"]
                   for option in command["options"]), "nothing that names a file")


def test_runs():
    with Application(conf=TWO) as site:
        site.sql("CREATE TABLE people (id INTEGER PRIMARY KEY, image_url VARCHAR(300))")
        is_equal(ask(site, command="runs")[1], {"runs": []}, "no run yet")
        fill(site, 5)
        whole(site, command="directory", collection="articles")
        is_equal(ask(site, command="runs")[1], {"runs": []}, "a plan is none")
        first = whole(site, command="references", collection="articles", apply=True, limit=3)
        second = whole(site, command="directory", collection="people", apply=True)
        status, answer, _ = ask(site, command="runs")
        is_equal(status, 200, "runs")
        is_equal(answer["runs"], [
            {"run": done["run"], "command": command, "collection": collection, "started": done["started"],
             "migrated": done["totals"]["migrated"], "bytes": done["totals"]["bytes"], "undone": False}
            for done, command, collection in ((second, "directory", "people"), (first, "references", "articles"))],
            "the newest first, with what they did")
        whole(site, command="undo", collection="articles", run=first["run"], apply=True)
        runs = ask(site, command="runs", collection="articles")[1]["runs"]
        is_equal([(run["run"], run["undone"]) for run in runs], [(first["run"], True)],
                 "one collection's, undone by now")
        for wrong in ("../" + first["run"], first["run"] + ".jsonl", "/etc/passwd", "", "x" * 5000, ".", "*"):
            status, answer, _ = ask(site, command="undo", collection="articles", run=wrong)
            is_equal((status, answer["error"]["code"]), (400, "usage"), f"undo of {wrong[:20]!r}: 400")
        site.write("var/mediaupload-journal/strange.jsonl", "{}\n")
        site.write("var/mediaupload-journal/20260301T093000.123456Z-.jsonl", "")
        is_equal(len(ask(site, command="runs")[1]["runs"]), 2, "other files there are passed over")


def test_refused():
    with Application() as site:
        for command in ("describe", "runs", "directory"):
            for secret, language, message in ((None, "en", "The secret is missing or wrong."),
                                              ("wrong", "fr", "Le secret manque ou est faux.")):
                variables = {"HTTP_ACCEPT_LANGUAGE": language}
                if secret is not None:
                    variables["HTTP_X_MEDIA_SECRET"] = secret
                status, _, body, errors = site.web("migrate.cgi", "POST", json.dumps({"command": command}).encode(),
                                                   **variables)
                is_equal((status, json.loads(body)["error"]), (403, {"code": "forbidden", "message": message}),
                         f"{command} with {secret}: 403")
                is_equal(errors, "", "which is nothing for the log")


def test_time():
    with Site() as site:
        site.pictures("uploads", 300)
        began = time.monotonic()
        answers = []
        go_on = {}
        while not answers or not answers[-1]["done"]:
            answers.append(ask(site, command="directory", max_time=0.05, **go_on)[1])
            go_on = {"continue": answers[-1].get("continue")} if not answers[-1]["done"] else {}
        is_equal(len(names(answers)), len(set(names(answers))), "slices of a given time are disjoint")
        is_equal(len(names(answers)), 300, f"and whole ({len(answers)}, {time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
