#!/usr/bin/python3
"""The recording of a terminal in docs/ is one that players take, knows no machine, and shows what the page beside it
says that it shows."""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "cgi")]
import tree   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from terminal import Screen   # noqa: E402

RECORDING, PAGE, SECTION = "docs/references.cast", "docs/migrate.md", "### On a terminal\n"
MACHINE = re.compile(r"/(?:tmp|home|root|work|usr|var)/|127\.0\.0\.1|localhost")


def faults_of(lines):
    """What is wrong with an asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/)."""
    header, *events = map(json.loads, lines)
    faults = []
    if not isinstance(header, dict) or header.get("version") != 2 or not all(
            isinstance(header.get(name), int) and header[name] > 0 for name in ("width", "height")):
        faults.append("no header of version 2 with a size")
    if not all(isinstance(event, list) and [type(one) for one in event] in ([float, str, str], [int, str, str])
               and event[1] == "o" for event in events) or not events:
        return faults + ["an event that is no output with its time"]
    times = [event[0] for event in events]
    if times != sorted(times) or times[0] < 0:
        faults.append("time goes back")
    if MACHINE.search("".join(event[2] for event in events)):
        faults.append("it names a machine")
    return faults


def shown(lines):
    """Every line that its screen has shown at some time."""
    header, *events = map(json.loads, lines)
    screen, seen = Screen(header["width"]), set()
    for _, _, text in events:
        screen.write(text)
        seen.update(screen.lines)
    return seen


def test_the_guard_sees():
    good = ['{"version": 2, "width": 80, "height": 24}', '[0.5, "o", "a\\r\\n"]', '[1, "o", "b"]']
    is_equal((faults_of(good), shown(good)), ([], {"a", "", "b"}), "a small recording")
    for name, old, new in (("another version", "2,", "3,"), ("no size", "width", "w"), ("a path", '"b"', '"/home/b"'),
                           ("time that goes back", "0.5", "5"), ("a time that is none", "[1,", '["1",'),
                           ("a key that was pressed", '[1, "o"', '[1, "i"')):
        changed = [line.replace(old, new) for line in good]
        ok(changed != good and faults_of(changed), f"sees {name}", changed)


def test_recording():
    lines = tree.read(RECORDING).splitlines()
    is_equal(faults_of(lines), [], RECORDING)
    seen = shown(lines)
    ok(sum(line.startswith("[#") for line in seen) > 20, "the bar moves in it", len(seen))
    section = tree.read(PAGE).split(SECTION)[1].split("\n### ")[0]
    stills = re.findall(r"(?m)^    (.+)$", section)
    is_equal([line for line in stills if line not in seen], [], f"{PAGE} shows what it shows")
    ok(len(stills) > 15, f"{len(stills)} lines of it")


if __name__ == "__main__":
    main()
