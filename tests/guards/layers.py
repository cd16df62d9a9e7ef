#!/usr/bin/python3
"""The one-way rule: a folder uses the rows below its own, never its own row, never one above. The engine knows no
server, no environment and no terminal; each foreign library has one owner."""
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(__file__), "..")]
import tree   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402

ROWS = [
    ["mod_mediaupload", "cgi-bin"],
    ["libmediaupload/upload", "libmediaupload/jobs"],
    ["libmediaupload/ingest"],
    ["libmediaupload/storage", "libmediaupload/catalog"],
    ["libmediaupload/parse", "libmediaupload/config", "libmediaupload/net", "libmediaupload/image"],
    ["libmediaupload/base"],
]
ROW_OF = {folder: row for row, folders in enumerate(ROWS) for folder in folders}
GENERATED = {"config.h"}
# Header of a foreign library -> the files that may include it (a folder ends with a slash).
OWNERS = {
    r"curl/": ("libmediaupload/net/",),
    r"json-c/|json\.h": ("libmediaupload/base/json.c",),
    r"openssl/": ("libmediaupload/base/digest.c",),
    r"apr_dbd|sqlite3|mysql|libpq": ("libmediaupload/catalog/",),
    r"vips/|webp/|jpeglib|png\.h": ("libmediaupload/image/",),
    r"httpd\.h|http_|ap_|util_filter|util_script|mpm_common|scoreboard|mod_": ("mod_mediaupload/",),
}
OUTSIDE_WORLD = re.compile(r"\b(getenv|secure_getenv|setenv|putenv|environ|apr_env_\w+|stdin|stdout|stderr|printf|"
                           r"fprintf|vprintf|vfprintf|puts|fputs|putchar|perror|exit|apr_file_open_std\w+)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """The folder of a file that has a row; None for tests, fuzz and the like."""
    return next((folder for folder in ROW_OF if path.startswith(folder + "/")), None)


def own_include_fault(path, included):
    """What is wrong with an #include of ours; None when nothing is."""
    here, there = folder_of(path), folder_of(included)
    if included in GENERATED:
        return None
    if there is None:
        return f"{path} includes {included}, which does not start at the top of the tree"
    if there != here and ROW_OF[there] <= ROW_OF[here]:
        return f"{path} includes {included}, which is not below it"
    return None


def foreign_include_fault(path, included):
    for pattern, owners in OWNERS.items():
        if re.match(pattern, included) and not path.startswith(owners):
            return f"{path} includes <{included}>, which belongs to {', '.join(owners)}"
    return None


def faults_of(path, text):
    faults = [(own_include_fault if kind == '"' else foreign_include_fault)(path, included)
              for kind, included in INCLUDE.findall(text)]
    if path.startswith("libmediaupload/"):
        for number, line in enumerate(tree.code_of(text).replace("format(printf", "").splitlines(), 1):
            if not line.lstrip().startswith("#"):
                faults += [f"{path} line {number} names {name}" for name in OUTSIDE_WORLD.findall(line)]
    return [fault for fault in faults if fault]


def test_the_guard_sees():
    bad = [
        ("libmediaupload/parse/a.c", '#include "libmediaupload/config/b.h"\n'),
        ("libmediaupload/base/a.c", '#include "libmediaupload/parse/b.h"\n'),
        ("libmediaupload/storage/a.c", '#include "libmediaupload/catalog/b.h"\n'),
        ("libmediaupload/upload/a.c", '#include "mod_mediaupload/b.h"\n'),
        ("libmediaupload/upload/a.c", '#include "upload.h"\n'),
        ("libmediaupload/upload/a.c", "#include <httpd.h>\n"),
        ("libmediaupload/storage/a.c", "#include <curl/curl.h>\n"),
        ("mod_mediaupload/a.c", "#include <json-c/json.h>\n"),
        ("cgi-bin/a.c", "#include <openssl/evp.h>\n"),
        ("libmediaupload/jobs/a.c", "#include <apr_dbd.h>\n"),
        ("libmediaupload/config/a.c", 'x = getenv("HOME");\n'),
        ("libmediaupload/jobs/a.c", 'printf("%d", 1);\n'),
    ]
    for path, text in bad:
        is_equal(len(faults_of(path, text)), 1, f"sees {text.strip()} in {path}")
    good = [
        ("libmediaupload/upload/a.c", '#include "libmediaupload/ingest/b.h"\n#include "libmediaupload/upload/c.h"\n'),
        ("libmediaupload/catalog/a.c", "#include <apr_dbd.h>\n"),
        ("libmediaupload/base/a.c", '/* printf */ x = apr_psprintf(pool, "stdout");\n'),
        ("libmediaupload/base/a.h", "int a(const char *b, ...) __attribute__((format(printf, 1, 2)));\n"),
        ("mod_mediaupload/a.c", '#include <httpd.h>\n#include "libmediaupload/upload/b.h"\n'),
    ]
    for path, text in good:
        is_equal(faults_of(path, text), [], f"lets {text.strip().splitlines()[-1]} in {path} pass")


def test_tree():
    seen = set()
    for path in tree.files(".c", ".h", ".def"):
        folder = folder_of(path)
        if folder is None:
            if path.startswith("libmediaupload/"):
                ok(False, f"{path} is in a folder that has a row")
            continue
        seen.add(folder)
        faults = faults_of(path, tree.read(path))
        ok(not faults, path, *faults)
    ok("libmediaupload/base" in seen and "mod_mediaupload" in seen, "the guard looked at the engine and the module")


if __name__ == "__main__":
    main()
