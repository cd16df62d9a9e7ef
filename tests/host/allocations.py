#!/usr/bin/python3
"""Memory ends: upload.cgi and migrate.cgi while each of their allocations fails in turn, alone or with all after it.

The allocations fail in a library that is preloaded, tests/faults/memory.c. Whoever can do without, does; a program that
cannot takes back what it began, says so and ends. So an upload is stored and recorded and says 201, or answers 5xx and
leaves neither file nor row. There are two exceptions. OpenSSL's random bytes end the process (SIGABRT) when it has no
memory for them, before anything is visible. And where no memory comes back at all, a file may be too late to take back:
it stays, with its row, and the error log tells.

Of some thousand allocations, most of them OpenSSL's at its start, the first and the last ones are all tried, of those
between them so many in even steps."""
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
from faults import Place, URL   # noqa: E402
from programs import PROGRAMS, Site   # noqa: E402
from shim import build_shim   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import JPEG, sha256   # noqa: E402

KINDS = {"one": "alone", "rest": "and all after it"}
ENDS, BETWEEN = 150, 200    # allocations that are tried: so many first and last ones, about so many of the others
UNTOUCHED = 50              # how much further than the last one the tries go: the number differs a little
RUNS_AT_ONCE = 2
RUNS_IN_A_PLACE = 50
SOURCES, STORED = "uploads", "public_html/images"
MIGRATION = {"ends": 50, "between": 60}


def numbers(count, ends=ENDS, between=BETWEEN):
    """(which of `count` allocations to let fail, the step between the first and the last of them)."""
    step = max(1, (count - 2 * ends) // between)
    return sorted({*range(1, min(ends, count) + 1), *range(1, count, step),
                   *range(max(1, count - ends), count + 1), count + UNTOUCHED}), step


def allocations(standard_error):
    return int(re.search(rb"^fault: allocations: (\d+)$", standard_error, re.MULTILINE)[1])


def was_hit(standard_error):
    return re.search(rb"^fault: [a-z_]+ \d+$", standard_error, re.MULTILINE) is not None


def lies_of(place, before, done, kind):
    """(what came of one upload, what is wrong with that); `before` is (files, rows) of before it."""
    now = place.files(), place.rows()
    status = re.match(rb"Status: (\d+)", done.stdout)
    if not status:
        is_honest = done.returncode == -signal.SIGABRT and now == before
        return done.returncode, [] if is_honest else [f"ended with {done.returncode}, and left {now}"]
    status, reply = int(status[1]), json.loads(done.stdout.partition(b"\r\n\r\n")[2])
    if status == 201:
        key = reply["files"][0]["key"]
        expected = {**before[0], key: ("0o644", sha256(JPEG))}, {**before[1], key: sha256(JPEG)}
        is_honest = now == expected and reply["files"][0]["sha256"] == sha256(JPEG)
    else:
        is_late = kind == "rest" and b"stays, which nobody was told of" in done.stderr
        is_honest = status >= 500 and reply["error"]["message"] and not place.databases() and \
            reply["url"] in (None, f"{URL}/default_article.jpg") and \
            (now == before or (is_late and len(now[0]) == len(now[1]) == len(before[0]) + 1))
    return status, [] if is_honest else [f"{status} {reply}, and left {now} {place.databases()}, {done.stderr}"]


def try_uploads(shim, kind, is_later, group):
    """Uploads with the faults of a group of numbers: (number, whether it was hit, outcome, lies) of each."""
    found = []
    with contextlib.ExitStack() as stack:
        place = None
        for number in group:
            if place is None or not is_later:
                place = stack.enter_context(Place())
                if is_later:
                    place.upload()
            before = place.files(), place.rows()
            done = place.run(LD_PRELOAD=shim, FAULT_AT=str(number), FAULT_KIND=kind)
            found.append((number, was_hit(done.stderr), *lies_of(place, before, done, kind)))
    return found


def counted(outcomes):
    return {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}


def check_uploads(pool, shim, kind, is_later):
    which = "a later upload" if is_later else "the first upload"
    with Place() as place:
        if is_later:
            place.upload()
        tries, step = numbers(allocations(place.run(LD_PRELOAD=shim).stderr))
    groups = [tries[at:at + RUNS_IN_A_PLACE] for at in range(0, len(tries), RUNS_IN_A_PLACE)]
    found = [one for group in pool.map(lambda group: try_uploads(shim, kind, is_later, group), groups) for one in group]
    outcomes = [outcome for _, _, outcome, _ in found]
    counts = counted(outcomes)
    ok(not any(lies for *_, lies in found), f"{which}, one allocation of {tries[-1] - UNTOUCHED} fails, {KINDS[kind]}: "
       f"{len(found)} tried, {ENDS} at each end, one of {step} between: honest, {counts}",
       *[f"{number}: {lie}" for number, _, _, lies in found for lie in lies])
    ok(counts.get(500, 0) > 0, f"{which}, {KINDS[kind]}: some end it")
    is_equal(found[-1][1:3], (False, 201), f"{which}, {KINDS[kind]}: after the last one nothing is touched")


def test_uploads():
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        shim = build_shim(folder, "memory")
        for kind in KINDS:
            for is_later in (False, True):
                check_uploads(pool, shim, kind, is_later)


def migrate(site, **environment):
    return subprocess.run([os.path.join(PROGRAMS, "migrate.cgi"), "directory", SOURCES, "--apply", "--quiet",
                           "--config", site.conf], cwd=site.root, env=environment, capture_output=True, check=False)


def try_migration(shim, kind, number):
    """(outcome, what is wrong) of a migration in which an allocation fails, and of the one after it."""
    with Site() as site:
        site.pictures(SOURCES, 2)
        sources, wrong = site.files(SOURCES), []
        done = migrate(site, LD_PRELOAD=shim, FAULT_AT=str(number), FAULT_KIND=kind)
        stored = {sha256(content) for content in site.files(STORED).values()}
        if done.returncode not in (0, 1, 2, 3, -signal.SIGABRT) or (done.returncode > 0 and not done.stderr):
            wrong.append(f"ended with {done.returncode}: {done.stderr}")
        if site.files(SOURCES) != sources or stored - {sha256(content) for content in sources.values()}:
            wrong.append("a source changed, or a copy is not whole")
        again = migrate(site)
        if again.returncode != 0 or len(site.rows()) != 2 or len(site.files(STORED)) != 2:
            wrong.append(f"the next run: {again.returncode}, {again.stderr}, {site.rows()}")
        return done.returncode, [f"{number}: {what}" for what in wrong]


def test_migration():
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        shim = build_shim(folder, "memory")
        with Site() as site:
            site.pictures(SOURCES, 2)
            tries, step = numbers(allocations(migrate(site, LD_PRELOAD=shim).stderr), **MIGRATION)
        for kind in KINDS:
            found = list(pool.map(lambda number, kind=kind: try_migration(shim, kind, number), tries))
            outcomes = [outcome for outcome, _ in found]
            ok(not any(wrong for _, wrong in found), f"a migration, one allocation of {tries[-1] - UNTOUCHED} fails, "
               f"{KINDS[kind]}: {len(tries)} tried, {MIGRATION['ends']} at each end, one of {step} between: "
               f"{counted(outcomes)}; the next run does the rest",
               *[what for _, wrong in found for what in wrong])
            is_equal(outcomes[-1], 0, f"a migration, {KINDS[kind]}: after the last one nothing is touched")


if __name__ == "__main__":
    main()
