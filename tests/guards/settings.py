#!/usr/bin/python3
"""The settings: docs/settings.md is what tools/settings_page.py makes, and names every directive once; every directive
that a page or a sample names exists."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "tools")]
import settings_page   # noqa: E402
import tree   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402

PAGE = "docs/settings.md"
DIRECTIVE = re.compile(r"\bMediaUpload[A-Z]\w*")
# The sample configuration that the design promises, and the directives of httpd's own part.
PROMISED = """
MediaUploadEnvFile     .env
MediaUploadDatabase    sqlite3 var/media.db
MediaUploadSecret      ${MEDIAUPLOAD_SECRET}
MediaUploadOutbox      on
<MediaUpload articles>
    MediaUploadStorage  local:public_html/static/article_images
    MediaUploadURL      https://www.cmtch.online/static/article_images
    MediaUploadKey      {uuid}.{ext}
    MediaUploadAccept   image/jpeg image/png image/gif image/webp
    MediaUploadMaxSize  10M
    MediaUploadDefault  default_article.jpg
    MediaUploadRecord   article id image_url
    MediaUploadSource   static/uploads
</MediaUpload>
MediaUploadCollection articles
MediaUploadSite HOST ID
MediaUploadReplace on
"""


def directives():
    return [setting["directive"] for setting in settings_page.settings()]


def test_page_is_made():
    is_equal(tree.read(PAGE), settings_page.page(), f"{PAGE} is what tools/settings_page.py prints")


def test_every_directive_once():
    headings = re.findall(r"^### (.*)$", tree.read(PAGE), re.MULTILINE)
    is_equal(sorted(headings), sorted(directives()), "every directive has its heading, once")
    is_equal(len(set(name.lower() for name in directives())), len(directives()), "no two differ in case alone")
    for setting in settings_page.settings():
        name, text = setting["directive"], setting["help"]
        ok(DIRECTIVE.fullmatch(name), f"{name} is a directive's name")
        ok(len(text) > 8 and text == text.strip() and "  " not in text, f"{name} is explained", text)
        ok(setting["contexts"] and setting["contexts"] <= {"S", "C", "D"}, f"{name} has its places")


def test_promised():
    known = set(directives())
    for name in DIRECTIVE.findall(PROMISED):
        ok(name in known, f"{name} of the promised sample exists")


def test_named_elsewhere():
    known = set(directives())
    paths = [path for path in tree.files(".md", ".conf", ".htaccess") if path.startswith(("docs/", "examples/"))
             or "/" not in path]
    ok("mediaupload.conf" in paths, "the sample configuration is looked at")
    for path in paths:
        unknown = sorted(set(DIRECTIVE.findall(tree.read(path) or "")) - known)
        is_equal(unknown, [], f"{path} names directives that exist")


if __name__ == "__main__":
    main()
