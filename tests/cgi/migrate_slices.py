"""migrate.cgi over HTTP, in one request or in as many as the work has steps.

    plan = whole(site, command="references")
    answers = list(slices(site, command="references", apply=True))
    check_slices(site, "references", answers, plan)
"""
import json
import os

from programs import SECRET
from tap.tap import is_equal, ok

SHORTEST = 0.000001        # seconds: each request works on one item
MOST = 200                 # requests, then something does not end


def ask(site, **members):
    status, _, body, errors = site.web("migrate.cgi", "POST", json.dumps(members).encode(), HTTP_X_MEDIA_SECRET=SECRET)
    return status, json.loads(body), errors


def slices(site, **members):
    """The answers of all requests that it takes to come to the end, each as it comes. `continue` may be among the
    members: that goes on."""
    for _ in range(MOST):
        status, answer, errors = ask(site, **{"max_time": SHORTEST, **members})
        if status != 200:
            raise AssertionError(f"{members}: {status} {answer} {errors}")
        yield answer
        if answer["done"]:
            return
        if "continue" not in answer:
            raise AssertionError(f"{members}: neither done nor to be continued")
        members["continue"] = answer["continue"]
    raise AssertionError(f"{members}: does not end")


def whole(site, **members):
    status, answer, _ = ask(site, **members)
    is_equal((status, answer["done"], "continue" in answer), (200, True, False), f"{members}: one request is enough")
    return answer


def names(answers):
    return [(item["record"], item["from"], item["to"] if "problem" in item else None, item["status"],
             item.get("problem")) for answer in answers for item in answer["items"]]


def total(answers, name="migrated"):
    return sum(answer["totals"][name] for answer in answers)


def journals(site):
    return sorted(name for name in os.listdir(site.path("var/mediaupload-journal")) if name.endswith(".jsonl"))


def check_one_run(name, answers):
    ok(len(answers) > 3, f"{name}: in several requests", len(answers))
    is_equal(len({answer["run"] for answer in answers}), 1, f"{name}: of one run")
    is_equal(len({answer["started"] for answer in answers}), 1, f"{name}: which began once")
    done = [answer["progress"]["files_done"] for answer in answers]
    ok(done == sorted(done) and done[0] < done[-1], f"{name}: the bar moves", done)


def check_items(name, answers, plan):
    is_equal(sorted(names(answers), key=repr), sorted(names([plan]), key=repr), f"{name}: each item once")
    is_equal({key: total(answers, key) for key in plan["totals"]}, plan["totals"], f"{name}: counted once")
    check_one_run(name, answers)


def check_slices(name, answers, plan):
    """Slices of a plan add up to the plan that one request makes."""
    check_items(name, answers, plan)
    is_equal(answers[-1]["progress"], plan["progress"], f"{name}: and comes to the same end")
    ok(len({answer["progress"]["bytes"] for answer in answers}) == 1, f"{name}: the whole is known from the start")
