#!/usr/bin/python3
"""Who may upload, from which page, with which token; and what a hostile request cannot do."""
import base64
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ARTICLES, JPEG, SECRET, answer_json, code, field, file, form_headers, place, post,  # noqa: E402
                     server, stored_files)

PICTURE = [file("image", "a.jpg", JPEG)]


def test_origin():
    conf = ARTICLES + place("articles") + place("articles", "MediaUploadOrigin https://friend.example", path="/shared")
    with server(conf) as httpd:
        here = f"127.0.0.1:{httpd.port}"
        for headers, status in (
                ({}, 201), ({"Origin": f"http://{here}"}, 201), ({"Origin": f"https://{here}"}, 201),
                ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
                ({"Origin": f"http://{here}.evil"}, 403), ({"Origin": "http://127.0.0.1"}, 403),
                ({"Sec-Fetch-Site": "cross-site"}, 403),
                ({"Sec-Fetch-Site": "same-site", "Origin": f"http://{here}"}, 403),
                ({"Sec-Fetch-Site": "same-origin"}, 201), ({"Sec-Fetch-Site": "none"}, 201)):
            answer = post(httpd, PICTURE, headers=headers)
            is_equal((answer.status, code(answer)), (status, None if status == 201 else "origin_refused"), str(headers))
        answer = post(httpd, PICTURE, "/shared",
                      headers={"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"})
        is_equal((answer.status, answer.header("Access-Control-Allow-Origin")), (201, "https://friend.example"),
                 "a listed origin may, and may read the answer")
        ok("Origin" in answer.header("Vary"), "the answer varies by origin", answer.header("Vary"))
        answer = post(httpd, PICTURE, "/shared", headers={"Origin": "https://evil.example"})
        is_equal((answer.status, answer.header("Access-Control-Allow-Origin")), (403, None), "another may neither")


def test_preflight():
    conf = ARTICLES + place("articles", "MediaUploadOrigin https://friend.example")
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-csrf-token"}
    with server(conf) as httpd:
        answer = httpd.request("OPTIONS", "/upload/articles", headers={"Origin": "https://friend.example", **ask})
        is_equal((answer.status, answer.header("Access-Control-Allow-Origin")), (204, "https://friend.example"),
                 "a listed origin's preflight")
        is_equal(answer.header("Access-Control-Allow-Methods"), "GET, HEAD, POST, OPTIONS", "with our methods")
        ok("x-csrf-token" in answer.header("Access-Control-Allow-Headers").lower(), "and our headers")
        answer = httpd.request("OPTIONS", "/upload/articles", headers={"Origin": "https://evil.example", **ask})
        is_equal((answer.status, answer.header("Access-Control-Allow-Origin")), (403, None), "another's is refused")
        answer = httpd.request("OPTIONS", "/upload/articles")
        is_equal((answer.status, answer.header("Allow")), (204, "GET, HEAD, POST, OPTIONS"),
                 "OPTIONS without an origin")


def test_csrf():
    conf = ARTICLES + place("articles", "MediaUploadCSRF token") + place("articles", path="/open")
    with server(conf) as httpd:
        token = answer_json(httpd.get("/upload/articles"))["csrf"]
        for name, parts, headers, status in (
                ("no token", PICTURE, {}, 403), ("a wrong one", PICTURE, {"X-CSRF-Token": "1.2.3"}, 403),
                ("an altered one", PICTURE, {"X-CSRF-Token": token[:-1] + ("A" if token[-1] != "A" else "B")}, 403),
                ("a later expiry", PICTURE, {"X-CSRF-Token": "9" + token}, 403),
                ("the header", PICTURE, {"X-CSRF-Token": token}, 201),
                ("the field, before the file", [field("csrf", token), *PICTURE], {}, 201),
                ("the field, behind it", [*PICTURE, field("csrf", token)], {}, 201),
                ("a wrong field", [field("csrf", "x"), *PICTURE], {}, 403)):
            answer = post(httpd, parts, headers=headers)
            is_equal((answer.status, code(answer)), (status, None if status == 201 else "csrf_failed"), f"CSRF: {name}")
            if status == 201:
                is_equal(answer_json(answer)["fields"], {}, f"CSRF: {name}: is no field of the application")
        is_equal(len(stored_files(httpd)), 3, "what was refused left nothing")
        is_equal(post(httpd, PICTURE, "/open").status, 201, "without MediaUploadCSRF no token is asked for")


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_authentication():
    password = subprocess.run(["openssl", "passwd", "-apr1", "secret"], capture_output=True, text=True, check=True)
    conf = (ARTICLES + place("articles", "Require all denied", path="/closed")
            + place("articles", "AuthType Basic", 'AuthName "uploads"', "AuthUserFile @ROOT@/users",
                    "Require valid-user"))
    with server(conf, files={"users": "ann:" + password.stdout}) as httpd:
        httpd.expect("AH01617", "AH01618", "AH01630", "authentication failure", "client denied")
        sign_in = basic("ann", "secret")
        is_equal(post(httpd, PICTURE, headers=sign_in).status, 201, "who is signed in may upload")
        for path, headers, status, expected in (
                ("/upload/articles", {}, 401, "unauthorized"),
                ("/upload/articles", basic("ann", "x"), 401, "unauthorized"),
                ("/closed", sign_in, 403, "forbidden")):
            answer = post(httpd, PICTURE, path, headers=headers)
            reply = answer_json(answer)
            is_equal((answer.status, code(answer), answer.header("Content-Type")),
                     (status, expected, "application/json"), f"{path}: {status} in our shape")
            ok(reply.get("url", "").endswith("default_article.jpg") and reply.get("files") == [],
               "with a usable url", reply)
        ok(answer_json(post(httpd, PICTURE)).get("error"), "errors have a message")
        is_equal(post(httpd, PICTURE).header("WWW-Authenticate"), 'Basic realm="uploads"', "401 asks for the password")
        is_equal(len(stored_files(httpd)), 1, "only one was stored")


def test_host_header_is_not_trusted():
    with server() as httpd:
        answer = post(httpd, PICTURE, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        ok("evil.example" not in answer.text, "URLs come from the configuration", answer.text)


def test_hostile_bytes():
    """CR, LF, NUL and control bytes reach no name, log line, header or JSON string unescaped."""
    with server() as httpd:
        for name in (b"a\x01b.jpg", b"a\x7fb.jpg", "a\u202eb.jpg".encode(), b"\xff\xfe.jpg", b"a\tb.jpg",
                     b"\xc0\xaf.jpg"):
            answer = post(httpd, [file("image", name, JPEG), field("t\x01\x7f", "v\x1b\x7f")])
            is_equal(answer.status, 201, f"{name!r}: stored")
            ok(all(byte >= 0x20 and byte != 0x7f for byte in answer.body.rstrip(b"\n")),
               f"{name!r}: no control byte in the answer", answer)
            answer.body.decode("utf-8")
        for name in (b"a\x00b.jpg", b"a\rb.jpg", b"a\nb.jpg"):
            is_equal(post(httpd, [file("image", name, JPEG)]).status, 400, f"{name!r}: refused")
        answer = httpd.request("POST", "/upload/articles", body=b"x",
                               headers={**form_headers(), "Origin": "http://x/\\x1b\"[31mred"})
        is_equal(answer.status, 403, "an origin with quotes and back-slashes")
        log = httpd.error_log()
        ok("\x1b" not in log and "\x01" not in log, "the log is clean")
        ok(SECRET not in log, "and holds no secret")


def test_nothing_leaves_the_root():
    with server() as httpd:
        before = sorted(os.listdir(httpd.root))
        for path in ("/upload/articles/../../x", "/upload/articles/%2e%2e/%2e%2e/x", "/upload/articles?key=../../x",
                     "/upload/articles/..%2f..%2fx"):
            post(httpd, [*PICTURE, field("key", "../../evil"), field("id", "../x"), field("site", "..")], path)
        is_equal(sorted(os.listdir(httpd.root)), before, "the server's folder is as before")
        ok(all(name.count("-") == 4 for name in stored_files(httpd)), "names are ours", stored_files(httpd))


def test_symbolic_links():
    for target in ("the storage's folder", "a folder above it"):
        with server(default_image=False) as httpd:
            outside = httpd.make("outside")
            link = "public_html/static/article_images" if target.startswith("the") else "public_html/static"
            os.makedirs(os.path.dirname(httpd.path(link)), exist_ok=True)
            os.symlink(outside, httpd.path(link))
            httpd.expect("symbolic link")
            answer = post(httpd, PICTURE)
            is_equal((answer.status, code(answer)), (502, "storage_failed"), f"{target} is a symbolic link: refused")
            is_equal(os.listdir(outside), [], "nothing was written behind it")


if __name__ == "__main__":
    main()
