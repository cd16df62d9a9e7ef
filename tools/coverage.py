#!/usr/bin/python3
"""How much of the engine the tests ran, by gcov's count: lines and branches, each file with the least covered first,
then the whole.

    tools/coverage.py DIR [LINES BRANCHES]

DIR is a build of the tree with --enable-coverage (tools/build_apart.sh) in which tests ran. Ends with 1 when the whole
has less than LINES or BRANCHES per cent. Every object counts, those that no test loads too. Left out are the branches
of exceptions, which C has none of."""
import collections
import json
import os
import subprocess
import sys

ENGINE = "libmediaupload/"


class File:
    """Lines and branches, each with whether it ran in one object at least: a header is part of many."""

    def __init__(self):
        self.lines, self.branches = collections.defaultdict(bool), collections.defaultdict(bool)

    def add(self, line):
        number, function = line["line_number"], line.get("function_name")
        self.lines[number] |= line["count"] > 0
        for index, branch in enumerate(line["branches"]):
            if not branch["throw"]:
                self.branches[number, function, index] |= branch["count"] > 0


def notes_of(folder):
    """The compiler's notes of every object of the engine."""
    return sorted(os.path.join(at, name) for at, _, names in os.walk(os.path.join(folder, ENGINE))
                  for name in names if name.endswith(".gcno"))


def read_files(folder):
    """{path in the tree: File}"""
    files = collections.defaultdict(File)
    done = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", *notes_of(folder)],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for text in done.stdout.splitlines():
        unit = json.loads(text)
        for found in unit["files"]:
            path = os.path.relpath(os.path.join(unit["current_working_directory"], found["file"]), folder)
            if path.startswith(ENGINE):
                for line in found["lines"]:
                    files[path].add(line)
    return files


def share(ran):
    """Per cent; what has nothing to run is whole."""
    return 100 * sum(ran) / len(ran) if ran else 100.0


def print_line(name, lines, branches):
    print(f"{share(lines):5.1f} % of {len(lines):5} lines  {share(branches):5.1f} % of {len(branches):5} branches  "
          f"{name}")


def main(folder, least_lines=0, least_branches=0):
    files = read_files(os.path.realpath(folder))
    rows = [(path, list(file.lines.values()), list(file.branches.values())) for path, file in files.items()]
    for path, lines, branches in sorted(rows, key=lambda row: (share(row[1]) + share(row[2]), row[0])):
        print_line(path, lines, branches)
    lines, branches = [ran for row in rows for ran in row[1]], [ran for row in rows for ran in row[2]]
    print_line(ENGINE, lines, branches)
    if share(lines) < float(least_lines) or share(branches) < float(least_branches):
        sys.exit(f"at least {least_lines} % of the lines and {least_branches} % of the branches shall run")


if __name__ == "__main__":
    main(*sys.argv[1:])
