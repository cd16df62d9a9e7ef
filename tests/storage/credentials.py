#!/usr/bin/python3
"""Credentials are where they were written and nowhere else: not in logs, answers, results, journals, the catalog, the
outbox, nor in the command line or the environment of any process; while things go well, and when they fail."""
import base64
import html
import json
import os
import re
import sys
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import pureftpd   # noqa: E402
import servers   # noqa: E402
from httpd import free_port, wait_for   # noqa: E402
from relay import Relay   # noqa: E402
from remote_site import DOORS, files_below, make_site, remote_site, run   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import JPEG, code, file, png, post   # noqa: E402

SECRET = "sq/ue+am:ish=os&si%41<fr>a@ge"   # each kind of byte that is written in another way somewhere
WRONG = "gu/ess+ed:by=so&me%42<bo>dy@!"
TOKEN = "se/ssi+on=to&ken"
OURS = "a secret of the programs+/=&"
KEY_ID = "AKIDOFTHECREDENTIALS"
WRITTEN_IN = (".env", "mediaupload.conf")
VERBOSE = "LogLevel debug mediaupload:trace8\nCustomLog @ROOT@/access.log combined\n"
CONF = """
MediaUploadEnvFile .env
MediaUploadSecret ${MEDIAUPLOAD_SECRET}
MediaUploadDatabase %(database)s
MediaUploadOutbox on
<MediaUpload articles>
    MediaUploadStorage "%(storage)s"
    MediaUploadURL https://www.example.org/media
    MediaUploadDefault https://www.example.org/none.jpg
    MediaUploadSource pictures
</MediaUpload>
"""


def base64_of(text):
    """What base64 makes of a text wherever it stands in a longer one."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode().rstrip("=")
        inner = encoded[(0, 2, 3)[before]:-1]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def forms(text):
    """A text as logs, URLs, pages and headers might write it."""
    quoted = urllib.parse.quote(text, safe="")
    return {form.encode() for form in {
        text, quoted, re.sub("%..", lambda found: found[0].lower(), quoted), urllib.parse.quote(text),
        urllib.parse.quote_plus(text), html.escape(text), html.escape(text, quote=False), json.dumps(text)[1:-1],
        text.replace("/", "\\/"), text.encode().hex(), *base64_of(text)}}


FORMS = {name: forms(text) for name, text in (("secret", SECRET), ("wrong secret", WRONG), ("token", TOKEN),
                                              ("MediaUploadSecret", OURS))}


def told(texts, known=None):
    """(where, which) of each credential in a dictionary of bytes."""
    return [(where, name) for where, content in texts.items() for name, written in (known or FORMS).items()
            if any(form in content for form in written)]


def test_search():
    """It would be found."""
    for form in forms(SECRET):
        is_equal(told({"": b"a line with " + form + b"."}), [("", "secret")], form.decode())
    password = base64.b64encode(f"key:{SECRET}".encode())
    is_equal(told({"": b"Authorization: Basic " + password}), [("", "secret")], "in a header")
    is_equal(told({"": b"secret"}), [], "nothing else is")


def processes(httpd):
    """Command line and environment of all processes of the site."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as command, open(f"/proc/{pid}/environ", "rb") as environment:
                line = command.read()
                if httpd.root.encode() in line:
                    found[f"process {pid}"] = line + b"\n" + environment.read()
        except OSError:
            continue   # it has ended
    return found


def traces(httpd, said):
    """All that a site left behind, and what it said."""
    files = {path: content for path, content in files_below(httpd.root).items()
             if path not in WRITTEN_IN and not path.startswith("cgi-bin/")}
    return {**files, **processes(httpd), **{name: text.encode() for name, text in said.items()}}


def head_and_body(answer):
    return "\n".join(f"{name}: {value}" for name, value in answer.headers) + "\n" + answer.text


def visit(httpd):
    """Uses every door and program; (statuses of uploads, what was said)."""
    secret = {"X-Media-Secret": OURS}
    uploads, said = [], {}
    for door in DOORS:
        for accept in "application/json", "text/html":
            answer = post(httpd, [file("image", "a.jpg", JPEG)], path=door + "articles", headers={"Accept": accept})
            uploads.append((answer.status, code(answer)))
            said[f"{door} {accept}"] = head_and_body(answer)
        for path in "articles", "articles/url?path=a.jpg", "articles/queued/a.jpg":
            said[door + path] = head_and_body(httpd.get(door + path))
    for path in "/server-status", "/server-status?auto", "/cgi-bin/health.cgi", "/cgi-bin/health.cgi/metrics":
        said[path] = head_and_body(httpd.get(path, headers=secret))
    httpd.write("pictures/shell.png", png(padding=100))
    for command in ["directory", "pictures"], ["outbox"]:
        said[command[0]] = str(run(httpd, "migrate.cgi", *command, "--no-dry-run"))
    httpd.write("pictures/web.png", png(padding=200))
    answer = httpd.request("POST", "/cgi-bin/migrate.cgi", {**secret, "Content-Type": "application/json"},
                           json.dumps({"command": "directory", "dir": "pictures", "apply": True}).encode())
    ok(b'"run"' in answer.body or answer.status == 502, "migrate.cgi works over HTTP", answer)
    said["POST"] = head_and_body(answer)
    for options in ([], ["--json"]):
        said[f"health.cgi {options}"] = str(run(httpd, "health.cgi", "check", *options))
    return uploads, said


def check(name, storage, env, expected, database="sqlite3 var/media.db"):
    """A site in a state in which uploads end as `expected`: nothing tells a credential."""
    conf = CONF % {"storage": storage, "database": database}
    httpd = make_site(conf, {**env, "MEDIAUPLOAD_SECRET": OURS}, "articles", before=VERBOSE)
    try:
        httpd.expect(".")   # what fails is what is wanted; see `expected`
        httpd.start()
        uploads, said = visit(httpd)
        is_equal(set(uploads), {expected, (expected[0], None)}, f"{name}: the uploads")   # a page has no code
        found = traces(httpd, said)
        ok({"error.log", "access.log"} <= set(found) and any("process" in path for path in found),
           f"{name}: there is something to search", sorted(found))
        if database.startswith("sqlite3"):
            ok({"migrate-directory-results.json", "var/media.db"} <= set(found)
               and any("journal" in path for path in found), f"{name}: results, catalog and journal, too",
               sorted(found))
        ok(told({path: content for path, content in files_below(httpd.root).items() if path in WRITTEN_IN}),
           f"{name}: where it was written it is found")
        is_equal(told(found), [], f"{name}: {len(found)} files, answers and processes tell no credential")
    finally:
        httpd.close()


def in_url(text):
    return urllib.parse.quote(text, safe="")


STORED, FAILED, QUEUED = (201, None), (502, "storage_failed"), (202, None)


def test_s3():
    with servers.started("s3") as started:
        values = started.environment
        started.servers["s3"].admin("key", "create", "--uid=tester", "--key-type=s3", f"--access-key={KEY_ID}",
                                    f"--secret-key={SECRET}")
        env = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET,
               "AWS_S3_ENDPOINT_URL": values["TEST_S3_HTTP"]}
        endpoint = "endpoint=" + values["TEST_S3_HTTP"]
        nobody = f"http://127.0.0.1:{free_port()}"
        for name, storage, changed, expected in (
                ("S3", "s3://media/a", {}, STORED),
                ("S3, a wrong secret", "s3://media/b", {"AWS_SECRET_ACCESS_KEY": WRONG}, FAILED),
                ("S3, a session's token", "s3://media/c", {"AWS_SESSION_TOKEN": TOKEN}, STORED),
                ("S3, nobody listens", "s3://media/d", {"AWS_S3_ENDPOINT_URL": nobody}, QUEUED),
                ("S3, no certificate for it", "s3://media/e", {"AWS_S3_ENDPOINT_URL": values["TEST_S3_HTTPS"]}, FAILED),
                ("S3, in the URL", f"s3://{KEY_ID}:{in_url(SECRET)}@media/f?{endpoint}", {}, STORED),
                ("S3, a wrong one in the URL", f"s3://{KEY_ID}:{in_url(WRONG)}@media/g?{endpoint}", {}, FAILED)):
            check(name, storage, {**env, **changed}, expected)


def test_cloudinary():
    with servers.started("cloudinary") as started:
        values = started.environment
        FORMS["secret"] |= forms(values["TEST_CLOUDINARY_SECRET"])
        key = values["TEST_CLOUDINARY_KEY"]
        env = {"CLOUDINARY_CLOUD_NAME": values["TEST_CLOUDINARY_CLOUD"], "CLOUDINARY_API_KEY": key,
               "CLOUDINARY_API_SECRET": values["TEST_CLOUDINARY_SECRET"]}
        api = "upload_prefix=" + values["TEST_CLOUDINARY_API"]
        ca = "&ca=" + values["TEST_CLOUDINARY_CA"]
        url = "cloudinary://{}:{}@{}"
        for name, storage, changed, expected in (
                ("Cloudinary", f"cloudinary:///a?{api}{ca}", {}, STORED),
                ("Cloudinary, a wrong secret", f"cloudinary:///b?{api}{ca}", {"CLOUDINARY_API_SECRET": WRONG}, FAILED),
                ("Cloudinary, nobody listens", f"cloudinary:///c?upload_prefix=https://127.0.0.1:{free_port()}", {},
                 QUEUED),
                ("Cloudinary, no certificate for it", f"cloudinary:///d?{api}", {}, FAILED),
                ("Cloudinary, CLOUDINARY_URL", f"cloudinary:///e?{api}{ca}",
                 {"CLOUDINARY_API_KEY": None, "CLOUDINARY_URL":
                  url.format(key, in_url(values["TEST_CLOUDINARY_SECRET"]), env["CLOUDINARY_CLOUD_NAME"])}, STORED),
                ("Cloudinary, in the URL", url.format(key, in_url(WRONG), env["CLOUDINARY_CLOUD_NAME"])
                 + f"/f?{api}{ca}", {}, FAILED)):
            check(name, storage, {**env, **changed}, expected)


def test_ftp():
    pureftpd.PASSWORD = SECRET
    with servers.started("ftp") as started:
        values = started.environment
        env = {"FTP_HOST": values["TEST_FTP"], "FTP_USER": "tester", "FTP_PASSWORD": SECRET}
        ca = "?ca=" + values["TEST_FTP_CA"]
        for name, storage, changed, expected in (
                ("FTP", f"ftp:///a{ca}", {}, STORED),
                ("FTP, a wrong password", f"ftp:///b{ca}", {"FTP_PASSWORD": WRONG}, FAILED),
                ("FTP, nobody listens", f"ftp:///c{ca}", {"FTP_HOST": f"127.0.0.1:{free_port()}"}, QUEUED),
                ("FTP, no certificate for it", "ftp:///d", {}, FAILED),
                ("FTP, in the URL", f"ftp://tester:{in_url(SECRET)}@{values['TEST_FTP']}/e{ca}", {}, STORED)):
            check(name, storage, {**env, **changed}, expected)


def test_databases():
    with servers.started("mysql", "pgsql") as started:
        FORMS["password"] = forms("sekret") | forms("guessed/by+somebody")
        for kind in "mysql", "pgsql":
            parameters = started.environment[f"TEST_{kind.upper()}"].replace("sekret", "${DATABASE_PASSWORD}")
            for name, password, expected in ((kind, "sekret", STORED), (f"{kind}, a wrong password",
                                             "guessed/by+somebody", (502, "database_failed"))):
                check(name, "local:public_html/media", {"DATABASE_PASSWORD": password}, expected,
                      f'{kind} "{parameters}"')


def test_processes():
    """While the module, upload.cgi, migrate.cgi and health.cgi wait for a storage that is silent."""
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        gateway = started.servers["s3"]
        gateway.admin("key", "create", "--uid=tester", "--key-type=s3", f"--access-key={KEY_ID}",
                      f"--secret-key={SECRET}")
        env = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "MEDIAUPLOAD_SECRET": OURS,
               "AWS_S3_ENDPOINT_URL": relay.url}
        conf = CONF.replace("Outbox on", "Outbox off") % {"storage": "s3://media/h", "database": "sqlite3 var/media.db"}
        with remote_site(conf, env, "articles") as httpd:
            httpd.write("pictures/a.png", png(padding=100))
            gateway.freeze()
            threads = [threading.Thread(target=post, args=(httpd, [file("image", "a.jpg", JPEG)], door + "articles"))
                       for door in DOORS]
            threads.append(threading.Thread(target=run, args=(httpd, "health.cgi", "check")))
            threads.append(threading.Thread(target=run, args=(httpd, "migrate.cgi", "directory", "pictures",
                                                              "--no-dry-run")))
            for thread in threads:
                thread.start()
            wait_for(lambda: relay.connections >= len(threads), "all wait for the storage")
            found = processes(httpd)
            names = b" ".join(found.values())
            ok(all(name in names for name in (b"httpd.conf", b"upload.cgi", b"health.cgi", b"migrate.cgi")),
               "all are seen", names)
            is_equal(told(found), [], f"{len(found)} processes tell no credential")
            gateway.thaw()
            for thread in threads:
                thread.join()


if __name__ == "__main__":
    main()
