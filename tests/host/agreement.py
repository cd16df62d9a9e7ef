"""Whether what lies in a storage, what the catalog says and what was answered are the same."""
import contextlib
import os
import sqlite3
import stat

from uploads import answer_json, sha256, stored_files

IMAGES = "public_html/static/article_images"


def rows(httpd, database="var/media.db"):
    """{key: SHA-256} of the catalog."""
    if not os.path.exists(httpd.path(database)):
        return {}
    with contextlib.closing(sqlite3.connect(httpd.path(database))) as opened:
        return dict(opened.execute("SELECT object_key, sha256 FROM mediaupload_media"))


def whole_files(httpd, folder=IMAGES, hidden_too=True):
    """{name: SHA-256} of what uploads left in a storage; None for one that is not of mode 644."""
    found = {}
    for name in stored_files(httpd, folder):
        if os.path.basename(name).startswith(".mu-") and not hidden_too:
            continue
        path = httpd.path(folder, name)
        with open(path, "rb") as opened:
            found[name] = sha256(opened.read()) if stat.S_IMODE(os.lstat(path).st_mode) == 0o644 else None
    return found


def promised(answers):
    """{key: SHA-256} of answers that said 201."""
    return {one["files"][0]["key"]: one["files"][0]["sha256"] for one in map(answer_json, answers)}
