#!/usr/bin/python3
"""ShellCheck has nothing to say about the shell scripts; every Python file compiles."""
import ast
import os
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(__file__), "..")]
import tree   # noqa: E402
from tap.tap import main, ok   # noqa: E402


def first_line(path):
    """Of a file that is data, however it begins, nothing."""
    return "" if path.startswith(("tests/data/", "fuzz/seeds/")) else (tree.read(path) or "").split("\n", 1)[0]


def test_shell():
    paths = [path for path in tree.files() if path.endswith(".sh") or
             (first_line(path).startswith("#!") and first_line(path).endswith("sh"))]
    ok({"serve", "check", ".ci/run"} <= set(paths), "the commands are among the shell scripts", paths)
    for path in paths:
        done = subprocess.run(["shellcheck", "-x", path], cwd=tree.TOP, capture_output=True, text=True, check=False)
        ok(done.returncode == 0, f"shellcheck {path}", done.stdout + done.stderr)


def test_python():
    for path in tree.files(".py") + ["tests/run"]:
        try:
            ast.parse(tree.read(path), path)
            fault = None
        except SyntaxError as error:
            fault = error
        ok(fault is None, f"python takes {path}", fault)


def test_modes():
    for path in tree.files():
        starts_itself = first_line(path).startswith("#!")
        may_run = os.access(os.path.join(tree.TOP, path), os.X_OK)
        if starts_itself or may_run:
            ok(starts_itself == may_run, f"{path}: a first line of #! and the mode to run go together")


if __name__ == "__main__":
    main()
