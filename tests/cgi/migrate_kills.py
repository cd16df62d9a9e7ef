#!/usr/bin/python3
"""migrate.cgi killed at a hundred random system calls and run again: records, storage and catalog are then what a run
that nobody disturbed makes of them, whatever the moment; a further run moves nothing, and undo takes all of it back."""
import collections
import os
import random
import shutil
import signal
import struct
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "host")]
from migrate_application import STORED, Application   # noqa: E402
from shim import build_shim   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402

PICTURES = 60
KILLS = {"references": 50, "directory": 30, "references --jobs 4": 20}
KILL = -2                  # what tests/faults/shim.c is told
FAR = 10 ** 9              # system calls: more than any run makes


def fill(site):
    """Records and files, some of which are equal, or named by two records, or by none."""
    for i in range(PICTURES):
        name = f"static/uploads/{['', 'sub dir/', 'Été/'][i % 3]}photo {i}.{['jpg', 'png', 'gif', 'webp'][i % 4]}"
        site.picture(name, text=f"{i - i % 4 % 3}")
        if i % 10 != 9:
            site.insert(name if i % 2 else name.removeprefix("static/"))
        if i % 15 == 0:
            site.insert(name)


class Mould:
    """A site that is copied: the programs never see it."""

    def __init__(self):
        self.site = Application()
        fill(self.site)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.__exit__()

    def copy(self):
        site = Application()
        shutil.copytree(self.site.root, site.root, dirs_exist_ok=True)
        return site


class Killer:
    """Runs a command until its N-th system call that touches the site."""

    def __init__(self, folder):
        self.shim = build_shim(folder)
        self.orders = os.path.join(folder, "orders")

    def run(self, site, command, at=FAR):
        """(whether it was killed, how many calls it made)"""
        with open(self.orders, "wb") as file:
            file.write(struct.pack("ii", at, KILL))
        done = site.migrate(*command, "--apply", "--quiet",
                            env={"LD_PRELOAD": self.shim, "FAULT_BELOW": site.root, "FAULT_ORDERS": self.orders})
        with open(self.orders, "rb") as file:
            left, _ = struct.unpack("ii", file.read())
        if done.returncode not in (0, -signal.SIGKILL):
            raise AssertionError(f"{command} at {at}: {done.returncode} {done.stderr}")
        return done.returncode != 0, at - left


def outcome(site):
    """All that a run leaves, but for the names that it gave: records by content, files, catalog."""
    stored, images = site.stored(), site.images()
    rows = site.sql("SELECT object_key, sha256, size, filename, width FROM mediaupload_media")
    keys = {os.path.relpath(path, site.path(STORED)) for path in site.files(STORED)}
    return {"records": {key: stored.get(value, value) for key, value in images.items()},
            "storage": collections.Counter(stored.values()),
            "catalog": collections.Counter(row[1:] for row in rows),
            "keys that agree": {row[0] for row in rows} == keys}


def compare(seen, wanted):
    """What differs, in words; "" for nothing."""
    return ", ".join(f"{name}: {seen[name]!r:.300} instead of {wanted[name]!r:.300}"
                     for name in wanted if seen[name] != wanted[name])


def taken_back(site, before):
    """Whether undoing every run, the last one first, leaves things as they were."""
    runs = sorted(name.removesuffix(".jsonl") for name in os.listdir(site.path("var/mediaupload-journal"))
                  if name.endswith(".jsonl"))
    codes = [site.migrate("undo", run, "--apply", "--quiet").returncode for run in reversed(runs)]
    return (not any(codes), site.images(), site.stored(), site.catalog()) == (True, before, {}, set())


def resume(site, command, wanted, totals):
    """What is wrong after a run that goes on, and one more."""
    name = command[0]
    done = site.migrate(*command, "--apply", "--quiet")
    seen = site.totals(name)
    wrong = [f"exit code {done.returncode}: {done.stderr}"] if done.returncode != 0 else []
    wrong.append(compare(outcome(site), wanted))
    if (seen["seen"], seen["failed"], seen["migrated"] + seen["skipped"]) != (totals["seen"], 0, totals["migrated"]
                                                                               + totals["skipped"]):
        wrong.append(f"totals {seen} instead of {totals}")
    site.migrate(*command, "--apply", "--quiet")
    if site.totals(name)["migrated"] != 0:
        wrong.append(f"one more run moves {site.totals(name)['migrated']}")
    left = [name for name in os.listdir(site.path(STORED)) if name.startswith(".") and name != ".htaccess"]
    if left:
        wrong.append(f"left over: {left}")
    return "; ".join(word for word in wrong if word)


def kill_at_random(mould, killer, command, count, chance):
    name = " ".join(command)
    before = mould.site.images()
    with mould.copy() as site:
        _, calls = killer.run(site, command)
        wanted, totals = outcome(site), site.totals(command[0])
    ok(totals["failed"] == 0 and totals["migrated"] > PICTURES // 2 and wanted["keys that agree"],
       f"{name}: an undisturbed run makes {calls} calls", totals)
    kills = 0
    for number in range(count):
        at = chance.randint(1, calls)
        with mould.copy() as site:
            kills += killer.run(site, command, at)[0]
            wrong = resume(site, command, wanted, totals)
            if not wrong and number % 5 == 0 and not taken_back(site, before):
                wrong = "undo does not take it back"
        ok(not wrong, f"{name}: killed at call {at} of {calls}", wrong)
    ok(kills >= count * 9 // 10, f"{name}: {kills} of {count} runs were killed")


def test_kills():
    seed = int(os.environ.get("TEST_SEED", random.randrange(10 ** 6)))
    print(f"# TEST_SEED={seed}")
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder, Mould() as mould:
        killer = Killer(folder)
        for command, count in KILLS.items():
            kill_at_random(mould, killer, command.split(), count, chance)
        with mould.copy() as site:
            killer.run(site, ["references"])
            wanted, totals = outcome(site), site.totals("references")
        with mould.copy() as site:
            kills = 0
            while killer.run(site, ["references"], chance.randint(100, 900))[0] and kills < 1000:
                kills += 1
            is_equal((kills > 1, resume(site, ["references"], wanted, totals)), (True, ""),
                     f"killed {kills} times, one after the other")


if __name__ == "__main__":
    main()
