#!/usr/bin/python3
"""httpd -t refuses a wrong configuration with file, line and remedy; directives work where they belong."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import ARTICLES, JPEG, PNG, answer_json, code, file, place, png, post, server   # noqa: E402

GOOD = """<MediaUpload articles>
    MediaUploadStorage local:public_html/images
    MediaUploadURL https://www.example.org/images
%s
</MediaUpload>
"""

# what stands in the section (on line 4), what the message must say
WRONG_IN_SECTION = [
    ("MediaUploadMaxSiz 10M", "unknown directive MediaUploadMaxSiz; did you mean MediaUploadMaxSize?"),
    ("MediaUploadMaxSize ten", "\"ten\" is no size: write a number of bytes, or 512K, 10M, 4G"),
    ("MediaUploadMaxSize", "MediaUploadMaxSize: too few words"),
    ("MediaUploadMaxSize 1M 2M", "MediaUploadMaxSize: too many words"),
    ("MediaUploadMaxFiles 0", "\"0\" is no number from 1"),
    ("MediaUploadReplace yes", "\"yes\" is neither On nor Off"),
    ("MediaUploadCSRF maybe", "\"maybe\" is none of off|token"),
    ("MediaUploadCSRF token", "needs a MediaUploadSecret"),
    ("MediaUploadKey {uuid}", "it must end in .{ext}"),
    ("MediaUploadKey ../{uuid}.{ext}", "may not occur"),
    ("MediaUploadKey {uuid}.php.{ext}", "may not occur"),
    ("MediaUploadKey {user}.{ext}", "{user} is unknown"),
    ("MediaUploadAccept image/jpg-ish", "is no type that can be told"),
    ("MediaUploadURL /images", "is no full address"),
    ("MediaUploadDefault ../x.jpg", "write for example: MediaUploadDefault default_article.jpg"),
    ("MediaUploadRedirect example.org", "is neither a path nor a full URL"),
    ("MediaUploadOrigin example.org", "is no origin"),
    ("MediaUploadStorage s4:", "unknown storage"),
    ("MediaUploadStorage s3:", "write s3://BUCKET/PREFIX"),
    ("MediaUploadStorage local:../elsewhere", "local:"),
    ("MediaUploadStorage \"local:${NO_SUCH_THING}\"", "${NO_SUCH_THING} is not set"),
    ("MediaUploadDatabase sqlite3 x.db", "write it at the top level"),
    ("MediaUploadCollection articles", "in a <Directory>, <Location> or .htaccess"),
]

WRONG_AT_TOP = [
    ("MediaUploadSecret short", "shorter than 16 characters"),
    ("MediaUploadSecret ${MEDIAUPLOAD_SECRET}", "write MEDIAUPLOAD_SECRET=... in the MediaUploadEnvFile"),
    ("MediaUploadEnvFile no-such.env", "cannot read"),
    ("MediaUploadDatabase sqlite3", "too few words"),
    ("MediaUploadDatabase oracle x", "oracle"),
    ("MediaUploadSite www.example.org ../7", "becomes part of keys"),
    ("MediaUploadCollection articles", "MediaUploadCollection"),
    ("<MediaUpload a/b>\n</MediaUpload>", "a collection's name is letters"),
    ("<MediaUpload a>\n</MediaUpload>", "the collection a has no MediaUploadStorage"),
    ("<MediaUpload a>\nMediaUploadStorage local:/a\n</MediaUpload>", "the collection a has no MediaUploadURL"),
    ("<MediaUpload a>\n</MediaUpload>\n<MediaUpload a>\n</MediaUpload>", "is there already, at line"),
]


def says(conf, **options):
    """(whether httpd takes the file as its Include, what it says)."""
    httpd = server("Include @ROOT@/mediaupload.conf", files={"mediaupload.conf": conf}, **options)
    httpd.make_folder()
    try:
        return httpd.check_syntax()
    finally:
        httpd.close()


def test_wrong_directives():
    for text, message in WRONG_IN_SECTION:
        passed, said = says(GOOD % text)
        place_named = re.search(r"line 4 of \S*/mediaupload\.conf|mediaupload\.conf line 4", said)
        ok(not passed and message in said and place_named, f"{text}: refused with line and remedy", said)
    for text, message in WRONG_AT_TOP:
        passed, said = says(text + "\n")
        ok(not passed and message in said and "mediaupload.conf" in said, f"{text.splitlines()[0]}: refused", said)


def test_good_configuration():
    passed, said = says(GOOD % "    MediaUploadMaxSize 10M   # a comment\n    MediaUploadRecord article id image_url")
    ok(passed, "comments behind a directive and the application's record are taken", said)
    passed, said = says("<IfModule mod_mediaupload.c>\n" + GOOD % "" + "</IfModule>\n")
    ok(passed, "<IfModule> around a section", said)


def test_env_file():
    conf = "MediaUploadEnvFile secrets.env\nMediaUploadSecret ${MEDIAUPLOAD_SECRET}\n" + GOOD % ""
    for mode, expected in ((0o600, True), (0o640, False), (0o644, False)):
        httpd = server("Include @ROOT@/mediaupload.conf", files={"mediaupload.conf": conf})
        httpd.make_folder()
        try:
            httpd.write("secrets.env", "MEDIAUPLOAD_SECRET='0123456789abcdef-top'\n", mode=mode)
            passed, said = httpd.check_syntax()
            is_equal(passed, expected, f"an env file of mode {mode:o}")
            ok("0123456789abcdef" not in said, "its value is not told", said)
            ok(expected or "chmod 600" in said, "the remedy is", said)
        finally:
            httpd.close()


def test_places():
    conf = ARTICLES + place("articles", "MediaUploadMaxSize 2K", path="/small") + place("articles") + """
<Directory @ROOT@/public_html/form>
    SetHandler mediaupload
    MediaUploadCollection articles
</Directory>
"""
    files = {"public_html/form/.htaccess": "MediaUploadAccept image/png\n",
             "public_html/tenant/.htaccess": "SetHandler mediaupload\nMediaUploadCollection articles\n"}
    big = png(padding=3000)
    with server(conf, files=files) as httpd:
        for name, content, path, status, what in (
                ("a.png", big, "/small", 413, "a <Location> lowers the limit"),
                ("a.png", big, "/upload/articles", 201, "elsewhere the collection's holds"),
                ("a.png", PNG, "/form/", 201, ".htaccess: what it accepts"),
                ("a.jpg", JPEG, "/form/", 415, ".htaccess: what it does not"),
                ("a.jpg", JPEG, "/tenant/", 201, "an endpoint made by .htaccess"),
                ("a.jpg", JPEG, "/tenant/presign", 404, "an unknown route below it")):
            is_equal(post(httpd, [file("image", name, content)], path).status, status, what)
        is_equal(httpd.get("/upload/articles/nothing").status, 404, "an unknown route below a <Location>")


def test_htaccess_sees_no_secret():
    conf = ARTICLES + "MediaUploadEnvFile secrets.env\n"
    httpd = server(conf, files={"public_html/t/.htaccess": "MediaUploadRedirect /${TOP_SECRET}\n"})
    httpd.make_folder()
    httpd.write("secrets.env", "TOP_SECRET=hidden-value\n", mode=0o600)
    try:
        httpd.start()
        httpd.expect("is not set", "TOP_SECRET")
        is_equal(httpd.get("/t/").status, 500, ".htaccess cannot expand what the server's env file holds")
        ok("hidden-value" not in httpd.error_log(), "nor read it in the log")
    finally:
        httpd.close()


def test_missing_collection():
    with server(ARTICLES + "<Location /a>\nSetHandler mediaupload\n</Location>\n" + place("nobody")) as httpd:
        httpd.expect("there is no MediaUploadCollection for /a", "there is no <MediaUpload nobody> section")
        is_equal(post(httpd, [file("image", "a.jpg", JPEG)], "/a").status, 500, "a place without a collection")
        is_equal(post(httpd, [file("image", "a.jpg", JPEG)], "/upload/nobody").status, 500, "one that names no section")


def test_virtual_hosts():
    conf = ARTICLES + place("articles") + """
<VirtualHost 127.0.0.1:@PORT@>
    ServerName one.example
    DocumentRoot @ROOT@/public_html
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName two.example
    DocumentRoot @ROOT@/public_html
    <MediaUpload articles>
        MediaUploadStorage local:public_html/two
        MediaUploadURL https://two.example/pictures
        MediaUploadKey {site}/{uuid}.{ext}
    </MediaUpload>
    MediaUploadSite two.example 2
</VirtualHost>
"""
    with server(conf) as httpd:
        urls = [answer_json(post(httpd, [file("image", "a.jpg", JPEG)], headers={"Host": host}))["url"]
                for host in ("one.example", "two.example", "two.example:8080")]
        ok(urls[0].startswith(httpd.url + "/static/article_images/"), "a virtual host inherits the collections", urls)
        ok(urls[1].startswith("https://two.example/pictures/2/"), "another has its own; {site} from its host name",
           urls)
        is_equal(code(post(httpd, [], headers={"Host": "two.example"})), "no_file", "each answers")


if __name__ == "__main__":
    main()
