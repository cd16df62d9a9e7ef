#!/usr/bin/python3
"""Every header compiles alone, twice in one file, with gcc and with clang."""
import os
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(__file__), "..")]
import tree   # noqa: E402
from httpd import apxs   # noqa: E402
from tap.tap import main, ok   # noqa: E402

FLAGS = ("-std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror -x c -").split()
PACKAGES = ["apr-1", "apr-util-1", "json-c", "libcrypto", "libcurl"]


def includes():
    found = subprocess.run(["pkg-config", "--cflags", *PACKAGES], check=True, capture_output=True, text=True)
    return ["-I" + tree.TOP, *found.stdout.split(), "-isystem", apxs("INCLUDEDIR")]


def test_lone_headers():
    paths, flags = tree.files(".h"), includes()
    ok(paths, "there are headers")
    for path in paths:
        source = f'#include "{path}"\n#include "{path}"\n'
        for compiler in ("gcc", "clang"):
            done = subprocess.run([compiler, *flags, *FLAGS], input=source, text=True, check=False,
                                  capture_output=True, cwd=tree.TOP)
            ok(done.returncode == 0, f"{compiler} compiles {path} alone", done.stderr)


if __name__ == "__main__":
    main()
