#!/usr/bin/python3
"""Prints docs/settings.md, made from libmediaupload/config/settings.def:

    tools/settings_page.py >docs/settings.md

The C preprocessor reads the list, so that it is read as the engine reads it."""
import ast
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIST = "libmediaupload/config/settings.def"
# A setting as a Python tuple: adjacent strings are one in both languages.
MACROS = """#define MU_SETTING(kind, member, directive, contexts, fewest, most, value, arguments, help) \\
    (#kind, directive, #contexts, fewest, most, value, arguments, help),
#define NULL None
#include "%s"
"""
MEMBERS = ("kind", "directive", "contexts", "fewest", "most", "value", "arguments", "help")

INTRODUCTION = """# Settings

Every directive of `mediaupload.conf`, made from `libmediaupload/config/settings.def` by `tools/settings_page.py`.
httpd includes the file; upload.cgi, migrate.cgi and health.cgi read the same one. A wrong value stops the start with
file, line and what to write instead.

- A line is a directive and its words; a word with spaces is quoted, a back-slash at the end continues the line, a `#`
  in front of a word starts a comment.
- `${NAME}` is replaced by the environment's value, else by that of the `MediaUploadEnvFile`.
- A relative path starts at the folder of the file that it is written in.
- A size is a number of bytes, or one with `K`, `M` or `G`: `512K`, `10M`, `4G`.
- What stands at the top level holds for every collection that does not say otherwise; what stands at a place of the
  server (`<Directory>`, `<Location>`, `.htaccess`) holds there above the collection's.
"""
# Title and text of a chapter, and which settings are in it, by their contexts (S, C, D as in settings.def).
CHAPTERS = (
    ("The whole file", "At the top level, outside every section.", lambda at: at == {"S"}),
    ("A collection", "In `<MediaUpload NAME>`; NAME is letters, digits, `_` and `-`.", lambda at: "C" in at),
    ("A place of the server", "In httpd alone.", lambda at: at == {"D"}),
)
PLACES = {"S": "top level", "C": "`<MediaUpload NAME>`", "D": "`<Directory>`, `<Location>`, `.htaccess`"}


def settings():
    """Every setting in the order of the list, as a dictionary of MEMBERS; contexts is a set."""
    done = subprocess.run(["cc", "-E", "-P", "-I" + TOP, "-x", "c", "-"], input=MACROS % LIST, check=True,
                          capture_output=True, text=True)
    read = [dict(zip(MEMBERS, one)) for one in ast.literal_eval("(" + done.stdout + ")")]
    for one in read:
        one["contexts"] = set(one["contexts"].replace(" ", "").split("|"))
    return read


def entry(setting):
    """A setting's part of the page."""
    where = "; ".join(text for context, text in PLACES.items() if context in setting["contexts"])
    facts = [f"Where: {where}"]
    if setting["value"] is not None:
        facts.insert(0, f"Default: `{setting['value']}`")
    if setting["fewest"] < setting["most"]:
        facts.append("A repeated line adds to it.")
    text = setting["help"].replace("*", "\\*")
    return (f"### {setting['directive']}\n\n    {setting['directive']} {setting['arguments']}\n\n{text}\n\n"
            + "".join(f"- {fact}\n" for fact in facts))


def page():
    parts = [INTRODUCTION]
    for title, text, holds in CHAPTERS:
        parts.append(f"## {title}\n\n{text}\n")
        parts += [entry(setting) for setting in settings() if holds(setting["contexts"])]
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
