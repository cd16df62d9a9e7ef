#!/usr/bin/python3
"""What a person sees of a run of migrate.cgi on a terminal: a bar that moves and never leaves its line, however narrow
the terminal is and becomes, then the sum; and nothing of it where there is no terminal."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from programs import PROGRAMS, Site, data, jpeg   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from terminal import Terminal   # noqa: E402

COUNT = 30
SLOWLY = ("--bwlimit", "20K")   # so that the bar is drawn more than once
FULL = re.compile(r"\[(#*)( *)\] ([ 0-9]{2})/30 files, (\d+) %"
                  r"(?:, +((?:\d\.\d\d|\d+\.\d) MB/s(?:, \d+:\d\d left)?))?")
LOOKING = "Looking at what there is ..."


def see(site, columns, *args, resized=None, environment=None, redirect=None):
    """What the bottom line showed, one after the other; the lines that are left; the exit code."""
    command = [os.path.join(PROGRAMS, "migrate.cgi"), *args, "--config", site.conf]
    frames = []
    with Terminal(columns) as terminal:
        for text in terminal.run(command, environment or {"TERM": "xterm"}, site.root, redirect):
            for part in text.split("\x1b[K"):
                frames.append(part.rsplit("\r", 1)[-1])
            if resized is not None and len(frames) > 6:
                terminal.resize(resized)
                resized = None
        return [frame for frame in frames if frame], terminal.screen.lines, terminal.code


def bars(frames):
    return [match for match in map(FULL.fullmatch, frames) if match]


def filled(site):
    for i in range(COUNT):
        site.write(f"uploads/{i}.jpg", jpeg(b"%d" % i + bytes(500)))
    return site


def test_bar():
    for columns, length in ((80, 24), (81, 25), (96, 40), (200, 40), (66, 10)):
        with filled(Site()) as site:
            frames, lines, code = see(site, columns, "directory", "--no-dry-run", *SLOWLY)
            seen = bars(frames)
            is_equal((code, frames[0]), (0, LOOKING), f"{columns} columns: first it looks")
            ok(len(seen) > 2, f"{columns} columns: the bar is drawn", frames)
            is_equal({len(match[1] + match[2]) for match in seen}, {length}, f"{columns} columns: its length stays")
            done = [int(match[3]) for match in seen]
            ok(done == sorted(done) and done[0] == 0 < done[-1], f"{columns} columns: it moves", done)
            ok(all(len(match[1]) == int(match[4]) * length // 100 for match in seen), "as far as it says")
            is_equal({match.start(3) for match in seen}, {length + 3}, "the numbers stay where they are")
            is_equal(len({match[0].index("MB/s") for match in seen if match[5]}), 1, "the rate, too")
            ok(any("MB/s" in frame and "left" in frame for frame in frames), "rate and time are told", frames)
            is_equal(lines[0].split()[:2], ["moved", str(COUNT)], f"{columns} columns: the sum takes the bar's line")
            ok(not any("[" in line or LOOKING in line for line in lines), "nothing of the bar is left", lines)


def test_long_file():
    """One that takes long moves the bar while it is on its way."""
    picture, comment = jpeg(bytes(60000)), slice(2, 2 + 4 + 60000)
    with Site() as site:
        site.write("uploads/film.jpg", picture[:2] + picture[comment] * 15 + picture[2:])
        frames, _, code = see(site, 80, "directory", "--no-dry-run", "--bwlimit", "500K")
    percents = [int(match[1]) for match in map(re.compile(r"\[.*\] 0/1 file, (\d+) %.*").fullmatch, frames) if match]
    is_equal(code, 0, "a long file")
    ok(percents == sorted(percents) and len(set(percents) - {0, 99}) > 2, "moves the bar", frames)



def test_narrow():
    for columns in (65, 45, 30, 20, 12, 8, 3, 1):
        with filled(Site()) as site:
            frames, _, code = see(site, columns, "directory", "--no-dry-run", *SLOWLY, redirect=os.open(
                os.devnull, os.O_WRONLY))
            is_equal(code, 0, f"{columns} columns: it ends well")
            ok(all(len(frame) < columns for frame in frames), f"{columns} columns: each line fits", frames)
            ok(not any("#" in frame for frame in frames), f"{columns} columns: without a bar", frames)
            ok(columns < 8 or any(re.search(r"\d %", frame) for frame in frames), f"{columns} columns: how far", frames)


def test_resized():
    with filled(Site()) as site:
        frames, _, code = see(site, 100, "directory", "--no-dry-run", *SLOWLY, resized=40)
        wide = [i for i, frame in enumerate(frames) if len(frame) >= 40 and "/30" in frame]
        narrow = [i for i, frame in enumerate(frames) if len(frame) < 40 and "/30" in frame]
        ok(code == 0 and wide and narrow and max(wide) < min(narrow), "a terminal that becomes narrow", frames)


def test_nobody_looks():
    with filled(Site()) as site:
        done = site.run("migrate.cgi", "directory", "--no-dry-run")
        is_equal((done.returncode, done.stderr), (0, b""), "no terminal: no bar")
        ok(b"\r" not in done.stdout and b"\033" not in done.stdout, "the sum is text")
    for name, args, environment in (("--quiet", ["--quiet"], None), ("TERM=dumb", [], {"TERM": "dumb"})):
        with filled(Site()) as site:
            frames, lines, code = see(site, 80, "directory", "--no-dry-run", *args, environment=environment)
            is_equal((code, [frame for frame in frames if "Looking" in frame or "/30" in frame]), (0, []),
                     f"{name}: no bar")
            is_equal(lines == [""], name == "--quiet", f"{name}: the sum")


def test_errors():
    with Site() as site:
        site.write("uploads/a.png", data("rgb.png"))
        site.write("var/media.db", "a text file, not a database\n" * 50)
        _, lines, code = see(site, 80, "directory", "--no-dry-run", redirect=os.open(os.devnull, os.O_WRONLY))
        ok(code == 3 and lines[0].startswith("migrate.cgi: "), "an error begins where the bar was", lines)


if __name__ == "__main__":
    main()
