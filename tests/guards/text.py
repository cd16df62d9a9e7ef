#!/usr/bin/python3
"""Hygiene of every text file: line length, tabs, line ends, leftover notes, and nothing that only exists on the machine
where it was written."""
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(__file__), "..")]
import tree   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402

CODE = (".c", ".h", ".def", ".py", ".sh", ".js", ".mjs", ".css", ".ac", ".m4")
SCRIPTS = ("serve", "check", ".ci/run", "tests/run")
LONGEST = 120
# Written with brackets so that this file does not match itself.
NOTES = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b")
MACHINE = re.compile(r"(?<![\w./*$}])/(?:w[o]rk|r[o]ot|w[o]rkspace|b[u]ilds|U[s]ers)/\w")
REGISTRY = re.compile(r"(r[e]gistry\.(?:npmjs|yarnpkg)|p[y]pi\.org|files\.p[y]thonhosted|deb\.d[e]bian\.org|"
                      r"c[r]ates\.io|proxy\.g[o]lang)")


def is_code(path):
    return path.endswith(CODE) or path in SCRIPTS


def faults_of(path, text):
    lines = text.split("\n")
    faults = []
    for number, line in enumerate(lines, 1):
        def fault(what, at=number):
            faults.append(f"{path} line {at}: {what}")
        for pattern, what in ((MACHINE, "path of a machine"), (REGISTRY, "package registry"), (NOTES, "leftover note")):
            if pattern.search(line):
                fault(f"{what}: {pattern.search(line)[0]}")
        if len(tree.TOP) > 5 and tree.TOP in line:
            fault("path of this checkout")
        if line != line.rstrip():
            fault("white space at the end")
        if is_code(path) and len(line) > LONGEST:
            fault(f"{len(line)} columns")
        if "\t" in line and path.endswith((".c", ".h", ".def", ".py")):
            fault("tab")
    if lines[-1] != "" or (len(lines) > 1 and lines[-2] == ""):
        faults.append(f"{path} does not end with one line end")
    return faults


def test_the_guard_sees():
    for text in ("x" * 121 + "\n", "\tint x;\n", "int x; \n", "/* TO" + "DO */\n", "#include </ro" + "ot/x.h>\n",
                 "https://registry" + ".npmjs.org/x\n", "int x;", "int x;\n\n"):
        is_equal(len(faults_of("a.c", text)), 1, f"sees {text[:30]!r}")
    is_equal(faults_of("a.c", "int x;\n"), [], "lets a clean file pass")


def test_tree():
    looked = 0
    for path in tree.files():
        text = tree.read(path)
        if not text or path.startswith(("tests/data/", "fuzz/seeds/")):
            continue
        looked += 1
        faults = faults_of(path, text)
        if faults:
            ok(False, path, *faults)
    ok(looked > 20, f"looked at {looked} text files")


if __name__ == "__main__":
    main()
