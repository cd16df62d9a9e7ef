#!/usr/bin/python3
"""health.cgi tells the truth: each thing that is wrong turns its check red, everything else stays green; and setup
makes what is missing, once."""
import json
import os
import pwd
import re
import shutil
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts"), os.path.join(HERE, "..", "host")]
from disk import Disk, hide_mounts   # noqa: E402
from health_site import STORED, WITH_ENV_FILE, GoodSite, Silent, check, levels, named   # noqa: E402
from httpd import TOP   # noqa: E402
from programs import CONF, PROGRAMS, SECRET, Site, jpeg, png   # noqa: E402
from server import make_certificate   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

CHECK_MEMBERS = ["name", "collection", "level", "seen", "remedy"]
BEARER = {"HTTP_AUTHORIZATION": f"Bearer {SECRET}"}


def test_all_is_well():
    with GoodSite(WITH_ENV_FILE) as site:
        code, answer = check(site)
        is_equal((code, answer["status"]), (0, "ok"), "all is well: 0")
        is_equal(levels(answer, "ok"), {"configuration", "env file", "secret", "database", "cron", "folder", "files",
                                        "disk", "leftovers", "inodes", "storage", "public url", "clock",
                                        "default image", "source"},
                 "every check is there")
        ok(all(list(one) == CHECK_MEMBERS for one in answer["checks"]), "the members of each check")
        is_equal({one["remedy"] for one in answer["checks"]}, {None}, "nothing to mend")
        is_equal(sorted(os.listdir(site.path(STORED))), [".htaccess", "2026", "default_article.jpg"],
                 "the round trip left nothing behind")
        ok(SECRET not in json.dumps(answer), "the secret is not in it")
        done = site.run("health.cgi")
        text = done.stdout.decode()
        ok(done.returncode == 0 and "\033" not in text, "the text, without colours where there is no terminal")
        columns = {match.start(1) for match in re.finditer(r"^  ok +[a-z ]+?  +(\S)", text, re.MULTILINE)
                   for match in [re.match(r"  ok +[a-z ]+?  +(\S)", match.group())]}
        is_equal(len(columns), 1, "its columns are aligned")
        is_equal(site.run("health.cgi", "check", "--quiet").stdout, b"", "--quiet is silent when all is well")


def wrong_mode_of_a_file(site):
    for i in range(3):
        site.write(f"{STORED}/2026/x{i}.jpg", jpeg(b"x"), mode=0o600)


def old_leftover(site):
    path = site.write(f"{STORED}/.mu-0123456789abcdef.part", b"half")
    os.utime(path, (time.time() - 2 * 86400,) * 2)


def symlinked_folder(site):
    os.rename(site.path(STORED), site.path("elsewhere"))
    os.symlink("../elsewhere", site.path(STORED))


def unreadable_database(site):
    site.write("var/media.db", "a text file, not a database\n" * 50)


def answer_with(site, status, body):
    site.web_server.answer = lambda _: (status, {}, body)


def set_clock(site, ahead):
    site.web_server.ahead = ahead


def default_elsewhere(site, path, content=None):
    if content is not None:
        site.write(STORED + path, content)
    site.rewrite("default_article.jpg", site.web_server.url + path)


def wrong_certificate(site):
    make_certificate(site.root)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.path("crt.pem"), site.path("key.pem"))
    site.web_server.server.socket = context.wrap_socket(site.web_server.server.socket, server_side=True)
    site.rewrite("MediaUploadURL http:", "MediaUploadURL https:")


# what is done to a good site, the check it turns red or yellow, what is seen, exit code
WRONG = [
    ("a file's mode", wrong_mode_of_a_file, "files", "error", "3 of the", 1),
    ("a sub-folder's mode", lambda site: os.chmod(site.path(STORED, "2026"), 0o777), "files", "error", "with 0777",
     1),
    ("a folder for everybody", lambda site: os.chmod(site.path(STORED), 0o777), "folder", "error", "everybody", 1),
    ("a folder for nobody else", lambda site: os.chmod(site.path(STORED), 0o700), "folder", "error", "mode 0700", 1),
    ("no folder", lambda site: shutil.rmtree(site.path(STORED)), "folder", "error", "is missing", 1),
    ("a symlinked folder", symlinked_folder, "folder", "error", "is a symbolic link", 1),
    ("a file for a folder", lambda site: (shutil.rmtree(site.path(STORED)), site.write(STORED, "x")), "folder", "error",
     "is not a folder", 1),
    ("a symlinked parent", lambda site: (os.rename(site.path("public_html"), site.path("www")),
                                         os.symlink("www", site.path("public_html"))), "storage", "error",
     "is a symbolic link", 3),
    ("no default image", lambda site: os.unlink(site.path(STORED, "default_article.jpg")), "default image", "error",
     "is missing", 1),
    ("a default image that is text", lambda site: site.write(f"{STORED}/default_article.jpg", "text"), "default image",
     "error", "is not what its name says", 1),
    ("a PNG named .jpg", lambda site: site.write(f"{STORED}/default_article.jpg", png(b"")), "default image", "error",
     "image/png", 1),
    ("a default image nobody may read", lambda site: os.chmod(site.path(STORED, "default_article.jpg"), 0o600),
     "default image", "error", "cannot be read by everybody", 1),
    ("no database", unreadable_database, "database", "error", "media.db", 3),
    ("an env file for everybody", lambda site: os.chmod(site.path(".env"), 0o644), "configuration", "error",
     "others can read", 2),
    ("a configuration everybody may change", lambda site: os.chmod(site.conf, 0o666), "configuration", "error",
     "others can change", 2),
    ("an unknown directive", lambda site: site.rewrite("MediaUploadDefault", "MediaUploadDefalt"), "configuration",
     "error", "line 8", 2),
    ("no configuration", lambda site: os.unlink(site.conf), "configuration", "error", "cannot read", 2),
    ("a disk too small for what is allowed",
     lambda site: site.rewrite("    MediaUploadSource", "    MediaUploadMaxSize 900000G\n    MediaUploadSource"),
     "disk", "error", "free", 1),
    ("a MediaUploadURL that leads elsewhere",
     lambda site: site.rewrite(site.web_server.url, site.web_server.url + "/elsewhere"), "public url", "error",
     "answers 404", 1),
    ("a folder that the server keeps to itself", lambda site: answer_with(site, 403, b"no"), "public url", "error",
     "answers 403", 1),
    ("a page for every address", lambda site: answer_with(site, 200, b"<!DOCTYPE html><title>Home</title>"),
     "public url", "error", "something else than was stored: text/html", 1),
    ("a MediaUploadURL that cannot be seen from here",
     lambda site: site.rewrite(site.web_server.url, "http://127.0.0.1:1"), "public url", "warning",
     "not to be seen from here", 0),
    ("a certificate that is not trusted", wrong_certificate, "public url", "error", "certificate", 3),
    ("a clock that is two hours off", lambda site: set_clock(site, 7200), "clock", "error", "s behind the clock", 1),
    ("a clock that is some minutes off", lambda site: set_clock(site, -300), "clock", "warning", "s ahead of", 0),
    ("a default image elsewhere that is missing", lambda site: default_elsewhere(site, "/none.jpg"), "default image",
     "error", "answers 404", 1),
    ("a default image elsewhere that is none", lambda site: default_elsewhere(site, "/page.jpg", b"<html>"),
     "default image", "error", "no picture", 1),
    ("an old leftover", old_leftover, "leftovers", "warning", "1 of interrupted uploads", 0),
    ("no source", lambda site: shutil.rmtree(site.path("uploads")), "source", "warning", "there is no folder", 0),
    ("no secret", lambda site: site.rewrite("MediaUploadSecret", "# MediaUploadSecret"), "secret", "warning",
     "there is no MediaUploadSecret", 0),
]


def test_each_turns_red():
    for name, spoil, wanted, level, seen, exit_code in WRONG:
        with GoodSite(WITH_ENV_FILE) as site:
            spoil(site)
            code, answer = check(site)
            found = named(answer, wanted)
            ok(found and found[0]["level"] == level and seen in found[0]["seen"] and found[0]["remedy"],
               f"{name}: {wanted} is {level}, with a remedy", found or answer)
            is_equal((code, answer["status"]), (exit_code, level), f"{name}: {exit_code}")
            code = site.run("health.cgi").returncode
            is_equal(code, exit_code, f"{name}: looking does not mend it")


def test_default_image_elsewhere():
    with GoodSite() as site:
        default_elsewhere(site, "/moved")
        site.web_server.answer = lambda request: (302, {"Location": "/default_article.jpg"}, b"") \
            if request.path == "/moved" else site.web_server.file(request)
        code, answer = check(site)
        is_equal((code, named(answer, "default image")[0]["seen"]),
                 (0, f"{site.web_server.url}/default_article.jpg, image/jpeg"), "redirects are followed")
        site.write(f"{STORED}/default_article.jpg", jpeg(b"") + bytes(3 << 20))
        is_equal(check(site)[0], 0, "a large one is no trouble")
        site.web_server.answer = lambda request: (302, {"Location": request.path}, b"")
        code, answer = check(site)
        contains(named(answer, "default image")[0]["seen"], "redirects in a circle", "not for ever")


def test_what_hangs():
    with GoodSite() as site, Silent() as server:
        site.rewrite("sqlite3 var/media.db", f'mysql "host=127.0.0.1,port={server.port},user=a,pass=b,dbname=c"')
        code, answer = check(site, "--max-time", "3s")
        found = named(answer, "database")[0]
        is_equal((code, found["level"], found["seen"]), (3, "error", "no end within 3 s"), "a database that is silent")
        ok(found["remedy"] and named(answer, "folder"), "the rest is looked at all the same")
        is_equal(site.run("health.cgi", "check", "--max-time", "soon").returncode, 2, "--max-time wants a time")


def test_full_disk():
    hide_mounts()
    with GoodSite() as site, Disk(site.path(STORED), lambda: [os.getpid()]) as disk:
        site.write(f"{STORED}/default_article.jpg", b"")
        code, answer = check(site)
        ok(named(answer, "disk")[0]["level"] == "error" or not disk.is_mounted, "a disk that is nearly full", answer)
        disk.leave(0)
        code, answer = check(site)
        is_equal((code, levels(answer, "error") >= {"storage"}), (3, True), "a disk that is full: 3")
        contains(named(answer, "storage")[0]["seen"], "No space left" if disk.is_mounted else "large", "it says so")
        disk.free()


QUOTA = """
#include <stdlib.h>
#include <sys/quota.h>
int quotactl(int command, const char *device, int id, caddr_t place)
{
    struct dqblk *quota = (struct dqblk *)place;
    (void)command, (void)device, (void)id;
    quota->dqb_bsoftlimit = atoi(getenv("SOFT_KIB"));
    quota->dqb_bhardlimit = atoi(getenv("HARD_KIB"));
    quota->dqb_curspace = (long)atoi(getenv("USED_KIB")) * 1024;
    quota->dqb_ihardlimit = atoi(getenv("FILES"));
    quota->dqb_curinodes = 100;
    return 0;
}
"""
MIB = 1024   # KiB


def test_quota():
    """What the system would say; few test machines have a disk with quotas."""
    with GoodSite() as site:
        source = site.write("quota.c", QUOTA)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", site.path("quota.so"), source], check=True)
        for soft, hard, used, files, level, seen in (
                (0, 500 * MIB, 100 * MIB, 0, "ok", "400 MB left"), (0, 500 * MIB, 450 * MIB, 0, "error", "50 MB left"),
                (200 * MIB, 500 * MIB, 150 * MIB, 0, "error", "50 MB left"),
                (0, 100 * MIB, 200 * MIB, 0, "error", "0 bytes left"),
                (0, 0, 0, 50000, "ok", "any number of bytes in 49900 files"),
                (0, 500 * MIB, 0, 600, "error", "500 MB in 500 files"), (0, 0, 0, 0, None, None)):
            env = {"LD_PRELOAD": site.path("quota.so"), "SOFT_KIB": str(soft), "HARD_KIB": str(hard),
                   "USED_KIB": str(used), "FILES": str(files)}
            found = named(check(site, env=env)[1], "quota")
            is_equal([one["level"] for one in found], [level] if level else [], f"quota: {level}, {seen}")
            contains("".join(one["seen"] for one in found), seen or "", f"{seen}")


def test_other_users_files():
    if os.geteuid() != 0:
        ok(True, "only root can make files that are somebody else's")
        return
    with GoodSite() as site:
        subprocess.run(["chown", "-R", "65534:65534", site.path("uploads")], check=True)
        os.chmod(site.root, 0o777)
        os.chmod(site.path("uploads"), 0o700)
        code, answer = check(site, as_nobody=True)
        contains(levels(answer, "error"), "folder", "a folder that we may not write to")
        os.chown(site.path("uploads"), 0, 0)
        contains(levels(check(site, as_nobody=True)[1], "error"), "source", "a source that we may not read")
        is_equal(code, 3, "the storage cannot be reached: 3")


def test_collections():
    products = CONF[CONF.index("<MediaUpload"):].replace("articles", "products").replace("html/images", "html/products")
    products = products.replace("https://www.example.org/images", "http://127.0.0.1:1")
    with GoodSite(CONF + products) as site:
        code, answer = check(site)
        is_equal((code, {one["collection"] for one in answer["checks"] if one["level"] == "error"}), (1, {"products"}),
                 "the collection with the trouble is named")
        text = site.run("health.cgi", "check", "--quiet").stdout.decode()
        ok(text.startswith("products\n  error ") and "articles\n" not in text, "--quiet names it first and alone", text)
        text = site.run("health.cgi", "check").stdout.decode()
        ok("\n\narticles\n  ok" in text and "\n\nproducts\n  " in text, "else each has its heading", text)
        is_equal(check(site, "--collection", "articles")[0], 0, "--collection looks at one")
        done = site.run("health.cgi", "--collection", "none")
        is_equal((done.returncode, done.stderr.count(b"\n")), (2, 1), "there must be such a collection")


def test_address_without_host():
    with GoodSite(re.sub(r"(?m)^ *MediaUploadURL .*\n", "", CONF)) as site:
        code, answer = check(site)
        is_equal((code, levels(answer, "warning")), (0, {"public url"}), "addresses without a host: a warning")
        contains([one["seen"] for one in answer["checks"] if one["name"] == "public url"][0], "/images/probe-",
                 "that shows one")


def test_setup():
    conf = CONF.replace("local:public_html/images", "local:public_html/static/new_images") \
        + CONF[CONF.index("<MediaUpload"):].replace("articles", "logos").replace("html/images", "html/logos") \
        .replace("default_article.jpg", "none/default.svg")
    with Site(conf) as site:
        done = site.run("health.cgi", "setup", "local", umask=0o077)
        lines = done.stdout.decode().splitlines()
        is_equal((done.returncode, done.stderr), (0, b""), "setup local")
        is_equal([line.replace(site.root + "/", "") for line in lines],
                 ["made the folder var", "made the folder public_html", "made the folder public_html/static",
                  "made the folder public_html/static/new_images",
                  "put the default image at public_html/static/new_images/default_article.jpg",
                  "made the folder public_html/logos", "made the folder public_html/logos/none",
                  "put the default image at public_html/logos/none/default.svg"], "a line for each thing it made")
        for path, mode in [("var", 0o755), ("public_html/static", 0o755), ("public_html/logos/none", 0o755),
                           ("public_html/logos/none/default.svg", 0o644)]:
            is_equal(os.stat(site.path(path)).st_mode & 0o777, mode, f"{path} has mode {mode:04o} whatever the umask")
        with open(os.path.join(TOP, "htdocs", "default_article.jpg"), "rb") as file:
            is_equal(site.files("public_html/static").popitem()[1], file.read(), "the image is ours")
        is_equal(check(site)[0], 0, "nothing is red any more")
        before = site.fingerprint(".")
        done = site.run("health.cgi", "setup", "local")
        is_equal((done.returncode, done.stdout, site.fingerprint(".")), (0, b"", before), "again: nothing")
        site.write("public_html/logos/none/default.svg", "of my own", mode=0o600)
        before = site.fingerprint("public_html")
        site.run("health.cgi", "setup", "local")
        is_equal(site.fingerprint("public_html"), before, "what exists is not touched")
        for args in (["setup"], ["setup", "cloud"], ["setup", "local", "--owner", "no such user"], ["mend"]):
            is_equal(site.run("health.cgi", *args).returncode, 2, f"{' '.join(args)}: 2")


def test_setup_for_another_user():
    if os.geteuid() != 0:
        with Site() as site:
            is_equal(site.run("health.cgi", "setup", "local", "--owner", "root").returncode, 2, "--owner needs root")
        return
    nobody = pwd.getpwnam("nobody")
    with Site() as site:
        site.write("var/media.db", b"")
        os.makedirs(site.path("target"))
        os.makedirs(site.path("public_html"))
        os.link(site.write("target/precious", "root's"), site.path("var/linked"))
        is_equal(site.run("health.cgi", "setup", "local", "--owner", "nobody").returncode, 0, "--owner nobody")
        for path in ("var", "var/media.db", STORED, f"{STORED}/default_article.jpg"):
            is_equal(os.stat(site.path(path)).st_uid, nobody.pw_uid, f"{path} is theirs")
        for path in (".", "mediaupload.conf", "public_html"):
            is_equal(os.stat(site.path(path)).st_uid, 0, f"{path} stays ours")
        is_equal(site.run("health.cgi", "setup", "local", "--owner", "nobody").stdout, b"", "again: silent")
        shutil.rmtree(site.path(STORED))
        os.symlink(site.path("target"), site.path(STORED))
        code = site.run("health.cgi", "setup", "local", "--owner", "nobody").returncode
        is_equal(code, 3, "a symbolic link is refused")
        os.unlink(site.path("var/media.db"))
        os.link(site.path("target/precious"), site.path("var/media.db"))
        site.run("health.cgi", "setup", "local", "--owner", "nobody")
        is_equal((os.stat(site.path("target")).st_uid, os.stat(site.path("target/precious")).st_uid), (0, 0),
                 "nothing elsewhere is given away, by symbolic link or hard link")


def test_web():
    with GoodSite() as site:
        status, headers, body, _ = site.web("health.cgi")
        is_equal((status, json.loads(body)), (200, {"status": "ok"}), "without secret: ok, and no more")
        is_equal(headers["Content-Type"], "application/json", "as JSON")
        status, headers, body, _ = site.web("health.cgi", **BEARER)
        is_equal((status, json.loads(body)["status"]), (200, "ok"), "with the secret")
        ok(len(json.loads(body)["checks"]) > 8, "with details")
        status, headers, body, _ = site.web("health.cgi", HTTP_ACCEPT="text/html")
        is_equal((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"), "a page for a browser")
        contains(body.decode(), 'name="secret"', "it asks for the secret")
        ok(site.root not in body.decode(), "and tells no path")
        contains(headers["Content-Security-Policy"], "default-src 'none'", "it may load nothing")
        form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_ACCEPT": "text/html"}
        status, _, body, _ = site.web("health.cgi", "POST", b"a=b&secret=" + SECRET.replace(" ", "+").encode(), **form)
        ok(status == 200 and STORED in body.decode(), "the form's secret shows the details")
        for name, variables, posted in [("a wrong header", {"HTTP_X_MEDIA_SECRET": "wrong"}, b""),
                                        ("a wrong field", form, b"secret=wrong"), ("an empty field", form, b"secret=")]:
            status, _, body, _ = site.web("health.cgi", "POST" if posted else "GET", posted, **variables)
            is_equal((status, json.loads(body)["error"]["code"]), (403, "forbidden"), f"{name}: 403")
        status, _, body, _ = site.web("health.cgi", QUERY_STRING="secret=" + SECRET.replace(" ", "+"))
        is_equal(json.loads(body), {"status": "ok"}, "a secret in the query is not looked at")
        status, _, body, _ = site.web("health.cgi", args=["setup", "local", "--config", "/etc/passwd"])
        is_equal(json.loads(body), {"status": "ok"}, "argv is ignored")
        site.write(f"{STORED}/<script>alert(1)<script>.jpg", jpeg(b"x"), mode=0o600)
        status, _, body, _ = site.web("health.cgi")
        is_equal((status, json.loads(body)), (503, {"status": "failing"}), "something is red: 503")
        status, _, body, _ = site.web("health.cgi", HTTP_ACCEPT="text/html", **BEARER)
        ok(status == 503 and b"&lt;script&gt;" in body and b"<script>" not in body, "names are escaped in the page")
        site.write("mediaupload.conf", "nonsense")
        status, _, body, errors = site.web("health.cgi", **BEARER)
        is_equal((status, json.loads(body)), (503, {"status": "failing"}), "no configuration: failing, no details")
        contains(errors, "nonsense", "the server's log says why")


def test_from_cron():
    with GoodSite() as site:
        command = ["env", "-i", os.path.join(PROGRAMS, "health.cgi"), "check", "--quiet", "--config", site.conf]
        done = subprocess.run(command, cwd="/", capture_output=True, stdin=subprocess.DEVNULL)
        is_equal((done.returncode, done.stdout, done.stderr), (0, b"", b""), "env -i, in /: silent when all is well")
        os.chmod(site.path(STORED, "2026/a.jpg"), 0o600)
        done = site.run("health.cgi", "check", "--quiet")
        ok(done.returncode == 1 and b"files" in done.stdout and b"  ok " not in done.stdout, "else the problems alone")


if __name__ == "__main__":
    main()
