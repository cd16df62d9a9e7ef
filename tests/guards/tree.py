"""What the guards look at: the files of the source tree, without what a build or a run leaves there."""
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(*suffixes):
    """Tracked and new files with one of the suffixes (all files without), relative to the top, sorted."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TOP,
                            check=True, capture_output=True, text=True).stdout
    return sorted(path for path in set(listed.split("\0")) if path and path.endswith(suffixes or "")
                  and os.path.isfile(os.path.join(TOP, path)))


def read(path):
    """The text of a file; None for a binary one."""
    with open(os.path.join(TOP, path), "rb") as file:
        content = file.read()
    return None if b"\0" in content else content.decode("utf-8", "replace")


def code_of(text):
    """C without its comments and the insides of its strings; lines keep their numbers."""
    def blank(match):
        return "\n" * match[0].count("\n") if match[0].startswith("/") else '""'
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.DOTALL)
