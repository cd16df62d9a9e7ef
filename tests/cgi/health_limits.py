#!/usr/bin/python3
"""health.cgi limits says how large a form arrives, to the KiB, and who refuses a larger one; nothing is stored."""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from health_site import Web, levels, named   # noqa: E402
from programs import PROGRAMS   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402
from uploads import ANY, ARTICLES, place, server, stored_files   # noqa: E402

KIB, MIB = 1024, 1 << 20
CORE_RULES = "/usr/share/modsecurity-crs/owasp-crs.load"
MODSECURITY = "/etc/modsecurity/modsecurity.conf-recommended"
ENDPOINT = json.dumps({"collection": "articles", "max_size": MIB, "max_files": 2}).encode()


def limits(url, *args):
    """(exit code, answer, KiB that pass, KiB that are refused); None where no limit was found."""
    done = subprocess.run([os.path.join(PROGRAMS, "health.cgi"), "limits", url, "--json", *args], capture_output=True,
                          stdin=subprocess.DEVNULL, env={}, check=False)
    answer = json.loads(done.stdout)
    seen = "".join(one["seen"] for one in named(answer, "body limit"))
    found = re.search(r"(\d+) KiB passes(?:, (\d+) KiB)?", seen)
    return done.returncode, answer, *((int(found[1]), found[2] and int(found[2])) if found else (None, None))


def look_for(answer, level, *texts):
    found = named(answer, "body limit")
    ok(found and found[0]["level"] == level and all(text in found[0]["seen"] for text in texts)
       and (level == "ok") == (found[0]["remedy"] is None), f"{level}: {texts[-1]}", answer)


def test_our_own():
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadMaxSize 200K\n    MediaUploadDefault")
    with server(conf + ANY + place("articles") + place("any")) as httpd:
        code, answer, passes, refused = limits(f"{httpd.url}/upload/articles")
        is_equal((code, refused - passes), (0, 1), "the limit, to the KiB")
        ok(200 <= passes <= 210, "it is that of one file, and what else is in a form", passes)
        look_for(answer, "ok", "413 file_too_large", "MediaUploadMaxSize")
        code, answer, passes, refused = limits(f"{httpd.url}/upload/any", "--max-size", "3M")
        is_equal((code, passes, refused), (0, 3 * KIB, None), "no limit up to --max-size")
        is_equal(len(stored_files(httpd)), 0, "nothing was stored, not even where everything is accepted")


def test_limit_request_body():
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadMaxSize 1M\n    MediaUploadDefault")
    limit = "<LocationMatch ^/(upload|cgi-bin)/>\nLimitRequestBody 300000\n</LocationMatch>\n"
    with server(conf + place("articles") + limit) as httpd:
        code, answer, passes, refused = limits(f"{httpd.url}/upload/articles")
        is_equal((code, passes, refused), (1, 300000 // KIB, 300000 // KIB + 1), "LimitRequestBody, to the KiB")
        look_for(answer, "error", "413 body_too_large", "httpd's LimitRequestBody")
        contains(named(answer, "body limit")[0]["remedy"], "MediaUploadMaxSize 27", "what to write instead")
    files = {"mediaupload.conf": conf}
    with server(limit, module=False, cgi=True, files=files) as httpd:
        httpd.expect("AH01270")   # the body cannot be read whole
        code, answer, passes, refused = limits(f"{httpd.url}/cgi-bin/upload.cgi/articles")
        is_equal((code, passes, refused), (1, 300000 // KIB, 300000 // KIB + 1), "before upload.cgi")
        look_for(answer, "error", "413 with a page that is not ours", "LimitRequestBody or a filter")


def test_modsecurity():
    """The real one, as its makers recommend it, with OWASP's rules."""
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadMaxSize 16M\n    MediaUploadDefault")
    rules = f"""
Include @ROOT@/modsecurity.conf
Include {CORE_RULES}
SecRuleEngine On
SecTmpDir @ROOT@/var
SecDataDir @ROOT@/var
SecAuditEngine Off
"""
    with open(MODSECURITY, encoding="utf-8") as file:
        recommended = re.sub(r"(?m)^SecAudit.*$", "", file.read())
    recommended = recommended.replace("SecUnicodeMapFile unicode.mapping",
                                      "SecUnicodeMapFile /etc/modsecurity/unicode.mapping")
    files = {"modsecurity.conf": recommended, "mediaupload.conf": conf}
    with server(conf + place("articles") + rules, modules=["unique_id", "security2"], cgi=True, files=files) as httpd:
        httpd.expect("ModSecurity")
        for path in ("/upload/articles", "/cgi-bin/upload.cgi/articles"):
            code, answer, passes, refused = limits(httpd.url + path)
            ok(code == 1 and refused - passes == 1 and 12800 <= passes < 12816,
               f"{path}: 12.5 MiB, as ModSecurity comes, and what it reads at once", answer)
            look_for(answer, "error", "SecRequestBodyLimit")
            contains(named(answer, "body limit")[0]["remedy"], "MediaUploadMaxSize 12M", "what to write instead")


def answer_like(page, limit=300 * KIB, server_name=None):
    """A stand-in for something between us and the endpoint; `page` is (status, content type, body)."""
    def reply(request):
        if request.command == "GET":
            return 200, {"Content-Type": "application/json"}, ENDPOINT
        length = int(request.headers["Content-Length"])
        request.rfile.read(length)
        if length <= limit:
            return 413, {"Content-Type": "application/json"}, b'{"files":[],"error":{"code":"too_many_files"}}'
        request.close_connection = True
        if page is None:
            request.connection.close()
        return page[0], {"Content-Type": page[1]}, page[2]

    return reply


STAND_INS = [
    ("ModSecurity on a shared host", (406, "text/html", b"<h1>Not Acceptable!</h1>This error was generated by "
                                      b"Mod_Security."), "a filter such as ModSecurity"),
    ("a web application firewall", (403, "text/html", b"<h1>Forbidden</h1>"), "a filter such as ModSecurity"),
    ("nginx", (413, "text/html", b"<center><h1>413 Request Entity Too Large</h1></center><hr><center>nginx</center>"),
     "client_max_body_size"),
    ("Cloudflare", (413, "text/html", b"<center>cloudflare</center>"), "Cloudflare"),
    ("a proxy that waits no longer", (504, "text/html", b"Gateway Timeout"), "a time-out"),
    ("CloudLinux", (508, "text/html", b"Resource Limit Is Reached"), "limit of resources"),
    ("a full disk", (507, "application/json", b'{"error":{"code":"disk_full"}}'), "disk is full, or its quota"),
    ("a slow line", (408, "application/json", b'{"error":{"code":"too_slow"}}'), "MediaUploadMinRate"),
]


def test_stand_ins():
    for name, page, whose in STAND_INS:
        with Web(answer=answer_like(page)) as web:
            code, answer, passes, refused = limits(web.url + "/upload/articles")
            is_equal((code, passes, refused), (1, 300, 301), f"{name}: the limit")
            look_for(answer, "error", str(page[0]), whose)


def test_no_endpoint():
    with Web(answer=lambda _: (200, {"Content-Type": "text/html"}, b"<h1>Home</h1>")) as web:
        code, answer, *_ = limits(web.url)
        is_equal((code, levels(answer, "error")), (1, {"endpoint"}), "another page")
    with Web(answer=answer_like((401, "text/html", b"Authorization Required"), limit=0)) as web:
        code, answer, *_ = limits(web.url)
        contains(named(answer, "endpoint")[0]["seen"], "refuses even a small form: 401", "an endpoint with a password")
    code, answer, *_ = limits("http://127.0.0.1:1/upload")
    is_equal((code, levels(answer, "error")), (3, {"endpoint"}), "nobody there: 3")
    for args in (["ftp://127.0.0.1/"], [], ["http://x/", "--max-size", "1T"], ["http://x/", "--max-size", "0"],
                 ["http://x/", "--max-size", "99999G"]):
        done = subprocess.run([os.path.join(PROGRAMS, "health.cgi"), "limits", *args, "--config", "/dev/null"],
                              capture_output=True, env={}, check=False)
        is_equal((done.returncode, done.stderr.count(b"\n")), (2, 1), f"limits {' '.join(args)}: 2")


if __name__ == "__main__":
    main()
