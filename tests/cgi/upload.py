#!/usr/bin/python3
"""upload.cgi: one table of requests goes to the module and to the program; status, body and headers of ours are the
same. And what only a CGI program meets: a hostile environment, lengths that lie."""
import atexit
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from httpd import TOP   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ANY, ARTICLES, BOUNDARY, GIF, JPEG, PHP, PNG, WEBP, answer_json, field, file, form,  # noqa: E402
                     form_headers, place, png, server, stored_files, without_names)

PROGRAM = os.path.join(TOP, "cgi-bin", "upload.cgi")
OURS = ("Content-Type", "Cache-Control", "X-Content-Type-Options", "Content-Language", "Vary", "Allow", "Location",
        "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers", "Access-Control-Max-Age", "Content-Security-Policy")
HTML = {"Accept": "text/html,application/xhtml+xml"}
GOOD = form([file("image", "Été à Tunis.JPG", JPEG), field("title", "Été")])
LIMITS = ("    MediaUploadMaxFiles 3\n    MediaUploadMaxFields 3\n    MediaUploadMaxFieldBytes 500\n"
          "    MediaUploadOrigin https://friend.example\n    MediaUploadDefault")

# method, path below the endpoint, headers, body
REQUESTS = {
    "a form": ("POST", "", {}, GOOD),
    "several files": ("POST", "", {},
                      form([file("a", "a.png", PNG), file("a", "b.gif", GIF), file("b", "c.webp", WEBP)])),
    "a page for a browser": ("POST", "", HTML, GOOD),
    "the page in French": ("POST", "", {**HTML, "Accept-Language": "fr"}, GOOD),
    "PHP": ("POST", "", {}, form([file("image", "x.jpg", PHP)])),
    "PHP in French": ("POST", "", {"Accept-Language": "fr-FR,fr;q=0.9"}, form([file("image", "x.jpg", PHP)])),
    "PHP for a browser": ("POST", "", HTML, form([file("image", "x.jpg", PHP)])),
    "good and bad": ("POST", "", {}, form([file("a", "a.png", PNG), file("a", "x.php", PHP)])),
    "truncated": ("POST", "", {}, form([file("image", "a.png", PNG[:-5])])),
    "empty file": ("POST", "", {}, form([file("image", "a.png", b"")])),
    "no file": ("POST", "", {}, form([field("a", "b")])),
    "nothing": ("POST", "", {}, form([])),
    "malformed": ("POST", "", {}, GOOD.replace(b"\r\n\r\n", b"\n\n", 1)),
    "without its end": ("POST", "", {}, GOOD[:-8]),
    "too many files": ("POST", "", {}, form([file("a", "a.png", PNG)] * 4)),
    "too many fields": ("POST", "", {}, form([field("a", "b")] * 4)),
    "too much text": ("POST", "", {}, form([field("a", "b" * 600)])),
    "too large": ("POST", "", {}, form([file("a", "a.png", png(padding=11 << 20))])),
    "not multipart": ("POST", "", {"Content-Type": "text/plain"}, b"x"),
    "no boundary": ("POST", "", {"Content-Type": "multipart/form-data"}, GOOD),
    "limits": ("GET", "", {}, b""),
    "HEAD": ("HEAD", "", {}, b""),
    "PUT": ("PUT", "", {}, b"x"),
    "DELETE": ("DELETE", "", {}, b""),
    "OPTIONS": ("OPTIONS", "", {}, b""),
    "a preflight": ("OPTIONS", "", {"Origin": "https://friend.example"}, b""),
    "another's preflight": ("OPTIONS", "", {"Origin": "https://evil.example"}, b""),
    "a friend's page": ("POST", "", {"Origin": "https://friend.example"}, GOOD),
    "another site": ("POST", "", {"Origin": "https://evil.example"}, GOOD),
    "cross-site": ("POST", "", {"Sec-Fetch-Site": "cross-site"}, GOOD),
    "an unknown route": ("POST", "/nothing", {}, GOOD),
    "a final slash": ("POST", "/", {}, GOOD),
}


def test_same_answers():
    conf = ARTICLES.replace("    MediaUploadDefault", LIMITS)
    files = {"mediaupload.conf": conf}
    with server("Include @ROOT@/mediaupload.conf\n" + place("articles"), cgi=True, files=files) as httpd:
        httpd.expect("cgid", "mediaupload")
        for name, (method, route, headers, body) in REQUESTS.items():
            headers = {**form_headers(), **headers}
            answers = [httpd.request(method, door + "/articles" + route, body=body, headers=headers)
                       for door in ("/upload", "/cgi-bin/upload.cgi")]
            is_equal(answers[1].status, answers[0].status, f"{name}: the same status, {answers[0].status}")
            bodies = [re.sub(r'"csrf":"[^"]+"', '"csrf":"TOKEN"', without_names(answer.text)) for answer in answers]
            is_equal(bodies[1], bodies[0], f"{name}: the same body")
            is_equal([answers[1].header(one) for one in OURS], [answers[0].header(one) for one in OURS],
                     f"{name}: the same headers")


def request_environment(root, body, **others):
    """What a web server tells about a POST of this body; a variable of `others` that is None is not set."""
    variables = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "PATH_INFO": "/articles",
                 "MEDIAUPLOAD_CONFIG": os.path.join(root, "mediaupload.conf"), "CONTENT_LENGTH": str(len(body)),
                 "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}", **others}
    return {name: value for name, value in variables.items() if value is not None}


def run(root, body=b"", conf=None, argv=(), limits=None, **environment):
    """upload.cgi with an environment of its own: (status or None, reply, what it wrote to standard error)."""
    if conf is not None:
        with open(os.path.join(root, "mediaupload.conf"), "w", encoding="utf-8") as out:
            out.write(conf.replace("@PORT@", "80"))
    done = subprocess.run([PROGRAM, *argv], env=request_environment(root, body, **environment), input=body,
                          capture_output=True, check=False, timeout=60, preexec_fn=limits)
    found = re.match(rb"Status: (\d+)", done.stdout)
    answer = type("Answer", (), {"body": done.stdout.split(b"\r\n\r\n", 1)[-1]})
    return int(found[1]) if found else None, answer_json(answer), done.stderr.decode()


def test_lengths():
    root = make_root()
    for length, body, status in ((None, GOOD, 201), (str(len(GOOD)), GOOD, 201), ("0", GOOD, 400), ("-1", GOOD, 400),
                                 ("ten", GOOD, 400), ("9" * 30, GOOD, 400), (str(len(GOOD) + 5), GOOD, 400),
                                 (str(len(GOOD) - 5), GOOD, 400), (str(len(GOOD)), GOOD + b"more", 201),
                                 (str(2 ** 62), GOOD, 413), ("", GOOD, 201)):
        seen = run(root, body, ARTICLES, CONTENT_LENGTH=length)
        is_equal(seen[0], status, f"CONTENT_LENGTH {length!r}")


def make_root():
    root = tempfile.mkdtemp(prefix="mediaupload-cgi-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def test_environment():
    root = make_root()
    hostile = {"HTTP_PROXY": "http://127.0.0.1:9", "TMPDIR": "/nonexistent", "HOME": None, "PATH": None,
               "QUERY_STRING": "--help", "REQUEST_URI": "/../../x", "SCRIPT_NAME": None}
    status, _, _ = run(root, GOOD, ARTICLES, argv=["--config", "/etc/passwd"], **hostile)
    is_equal(status, 201, "a hostile environment; argv is ignored")
    for path, status in (("/nobody", 404), ("/articles/x", 404), ("/articles/", 201), ("", 201),
                         ("/../articles", 404), (None, 201)):
        is_equal(run(root, GOOD, PATH_INFO=path)[0], status, f"PATH_INFO {path!r}")
    is_equal(run(root, GOOD, ARTICLES + ANY, PATH_INFO="")[0], 404, "no collection named where there are several")
    status, reply, said = run(root, GOOD, "MediaUploadSecrt x\n")
    is_equal((status, reply["error"]["code"]), (500, "misconfigured"), "a wrong configuration")
    ok("line 1" in said and "MediaUploadSecret" in said, "is explained in the log", said)
    ok("MediaUpload" not in str(reply), "not to the visitor", reply)
    is_equal(run(root, GOOD, ARTICLES, GATEWAY_INTERFACE=None)[0], None, "without a web server it only says what it is")


def test_umask_and_disk():
    root = make_root()
    pictures = os.path.join(root, "public_html/static/article_images")
    for mask in (0, 0o022, 0o077):
        status, reply, _ = run(root, GOOD, ARTICLES, limits=lambda mask=mask: os.umask(mask))
        mode = os.stat(os.path.join(pictures, reply["files"][0]["key"])).st_mode
        is_equal((status, oct(mode & 0o7777)), (201, "0o644"), f"umask {mask:03o}: mode 644")
    before = sorted(os.listdir(pictures))
    large = form([file("image", "a.png", png(padding=200000))])
    status, reply, _ = run(root, large, ARTICLES.replace("MediaUploadDatabase", "#"),
                           limits=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)))
    is_equal((status, reply["files"][0]["error"]["code"], reply["files"][0]["fallback"]), (507, "disk_full", True),
             "no room left: 507 and the default image")
    is_equal(sorted(os.listdir(pictures)), before, "nothing is left of it")


def test_memory():
    root = make_root()
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadMaxSize 1G\n    MediaUploadDefault")
    script = ("import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], check=False, stdout=subprocess.DEVNULL)\n"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    peaks = []
    for padding in (1 << 10, 60 << 20):
        body = form([file("image", "a.png", png(padding=padding))])
        run(root, GOOD, conf)
        done = subprocess.run(["/usr/bin/python3", "-c", script, PROGRAM], env=request_environment(root, body),
                              input=body, capture_output=True, check=True)
        peaks.append(int(done.stdout))
    ok(peaks[1] < 32 * 1024, f"at most 32 MiB resident ({peaks[1]} KiB for 60 MiB)", peaks)
    ok(peaks[1] - peaks[0] < 1024, f"and no more for 60 MiB than for 1 KiB ({peaks[0]} KiB)", peaks)


if __name__ == "__main__":
    main()
