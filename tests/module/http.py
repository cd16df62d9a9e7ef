#!/usr/bin/python3
"""HTTP as clients speak it: keep-alive after every answer, Expect, chunked bodies, limits met early, TLS, HTTP/2."""
import os
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from httpd import Stream, wait_for   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402
from uploads import (ANY, ARTICLES, BOUNDARY, JPEG, PHP, PNG, answer_json, code, field, file, form,  # noqa: E402
                     form_headers, place, png, post, server, sha256, stored_files)

MIB = 1 << 20


def request(method, path, headers, body=b""):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode() + body


def chunked(body, size):
    chunks = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def upload_request(body, path="/upload/articles", **headers):
    return request("POST", path, {**form_headers(**headers), "Content-Length": len(body)}, body)


def test_methods():
    with server() as httpd:
        for method in ("PUT", "DELETE", "PATCH", "PROPFIND"):
            answer = httpd.request(method, "/upload/articles")
            is_equal((answer.status, code(answer), answer.header("Allow")),
                     (405, "method_not_allowed", "GET, HEAD, POST, OPTIONS"), f"{method}: 405 with Allow")
        answer = httpd.request("HEAD", "/upload/articles")
        is_equal((answer.status, answer.body), (200, b""), "HEAD has no body")
        limits = answer_json(httpd.get("/upload/articles"))
        csrf = limits.pop("csrf", None)
        is_equal(limits, {"collection": "articles", "max_size": 10 * MIB, "max_files": 20,
                          "accept": ["image/jpeg", "image/png", "image/gif", "image/webp"],
                          "default_url": f"{httpd.url}/static/article_images/default_article.jpg"},
                 "GET tells a page what it may send")
        ok(isinstance(csrf, str) and len(csrf) > 40, "and gives a CSRF token", csrf)


def test_content_types():
    with server() as httpd:
        body = form([file("image", "a.jpg", JPEG)])
        for kind, status in ((None, 415), ("application/x-www-form-urlencoded", 415), ("application/json", 415),
                             ("multipart/mixed; boundary=x", 415), ("multipart/form-data", 400),
                             ("multipart/form-data; boundary=", 400),
                             ("multipart/form-data; boundary=" + "b" * 71, 400),
                             ("multipart/form-data; boundary=a; boundary=b", 400),
                             ('multipart/form-data; boundary="a', 400),
                             (f'Multipart/Form-Data; charset=utf-8; BOUNDARY="{BOUNDARY}"', 201)):
            headers = {"Content-Type": kind} if kind else {}
            answer = httpd.request("POST", "/upload/articles", headers=headers, body=body)
            is_equal(answer.status, status, f"Content-Type {kind[:60] if kind else kind}")


def test_keep_alive_after_each_answer():
    good = form([file("image", "a.jpg", JPEG)])
    answers = [
        ("a stored file", good, 201), ("a refused type", form([file("image", "a.jpg", PHP[:90])]), 415),
        ("no file", form([field("a", "b")]), 422), ("an empty file", form([file("image", "a.jpg", b"")]), 422),
        ("a truncated picture", form([file("image", "a.jpg", JPEG[:-9])]), 422),
        ("a malformed form", good.replace(b"\r\n\r\n", b"\n\n", 1), 400),
        ("a form without its end", good[:-6], 400),
        ("an unknown part", form([b"no headers at all"]), 400),
        ("too large a file", form([file("image", "a.png", png(padding=3000))]), 413),
    ]
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadMaxSize 2K\n    MediaUploadDefault")
    with server(conf + place("articles")) as httpd:
        last = upload_request(good, Connection="close")
        for name, body, status in answers:
            seen = [answer.status for answer in httpd.raw(upload_request(body) + last)]
            ok(seen in ([status, 201], [status]),
               f"{name}: {status}, then the next request is served or the connection closed", seen)
            if status in (201, 415, 422):
                is_equal(seen, [status, 201], f"{name}: the connection stays usable")
        unwanted = request("POST", "/upload/articles", {"Content-Length": 3}, b"a=b")
        seen = [answer.status for answer in httpd.raw(unwanted + last)]
        is_equal(seen, [415, 201], "a body that nobody wanted is dropped")


def test_chunked():
    with server() as httpd:
        body = form([file("image", "a.jpg", JPEG), field("t", "x")])
        for size in (1, 3, 7, 512, 4096):
            headers = {**form_headers(), "Transfer-Encoding": "chunked", "Connection": "close"}
            answers = httpd.raw(request("POST", "/upload/articles", headers, chunked(body, size)))
            is_equal([answer.status for answer in answers], [201], f"chunks of {size}")
        headers = {**form_headers(), "Transfer-Encoding": "chunked", "Connection": "close"}
        answers = httpd.raw(request("POST", "/upload/articles", headers, b"zz\r\n" + body))
        is_equal([answer.status for answer in answers], [400], "a broken chunk")
        is_equal(len(stored_files(httpd)), 5, "and left nothing")


def test_expect():
    body = form([file("image", "a.jpg", JPEG)])
    with server(ARTICLES + place("articles", "Require method GET") + place("articles", path="/open")) as httpd:
        httpd.expect("AH01630: client denied")
        headers = {**form_headers(), "Content-Length": len(body), "Expect": "100-continue"}
        with httpd.connect() as connection:
            stream = Stream(connection)
            connection.sendall(request("POST", "/open", headers))
            is_equal(stream.response().status, 100, "the body is asked for")
            connection.sendall(body)
            is_equal(stream.response().status, 201, "and then stored")
        for path, more, status in (
                ("/upload/articles", {}, 403), ("/open", {"Origin": "https://evil.example"}, 403),
                ("/open", {"Content-Length": 10 ** 15}, 413), ("/open", {"Content-Type": "x/y"}, 415)):
            with httpd.connect() as connection:
                connection.sendall(request("POST", path, {**headers, **more}))
                answer = Stream(connection).response()
                is_equal(answer.status, status, f"{status} is decided before the body is asked for")


def test_refused_early():
    """A file over the limit is refused when the limit and at most one buffer have been read, however it is sent."""
    start = form([file("image", "a.jpg", JPEG)])[:-len(BOUNDARY) - 8]
    with server() as httpd:
        for name, headers in (("Content-Length", {"Content-Length": 20 * MIB}),
                              ("chunked", {"Transfer-Encoding": "chunked"})):
            with httpd.connect() as connection:
                connection.sendall(request("POST", "/upload/articles", {**form_headers(), **headers}))
                sent, answer = send_until_answer(connection, start, 20 * MIB, name == "chunked")
                is_equal((answer.status, code(answer)), (413, "file_too_large"), f"{name}: 413")
                ok(sent < 20 * MIB, f"{name}: before the body had been sent", sent)
                read = int(re.findall(r"file_too_large: refused after (\d+) bytes", httpd.error_log())[-1])
                ok(10 * MIB < read <= 10 * MIB + 256 * 1024, f"{name}: when 10 MiB and a buffer had been read", read)
        is_equal(stored_files(httpd), [], "nothing is left")


def send_until_answer(connection, start, total, in_chunks):
    """Sends until the server answers; how much went out, and the answer."""
    block, sent = bytes(65536), len(start)
    connection.sendall(b"%x\r\n%s\r\n" % (len(start), start) if in_chunks else start)
    connection.settimeout(0.002)
    while sent < total:
        try:
            if connection.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            pass
        except ConnectionResetError:
            break
        connection.settimeout(60)
        try:
            connection.sendall(b"10000\r\n%s\r\n" % block if in_chunks else block)
        except (BrokenPipeError, ConnectionResetError):
            break
        connection.settimeout(0.002)
        sent += len(block)
    connection.settimeout(60)
    return sent, Stream(connection).response()


def test_limits():
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadMaxFiles 3\n    MediaUploadMaxFields 4\n"
                            "    MediaUploadMaxFieldBytes 1K\n    MediaUploadMaxPixels 5000\n    MediaUploadDefault")
    limited = "<Location /limited>\nLimitRequestBody 1000\n</Location>\n"
    with server(conf + place("articles") + place("articles", path="/limited") + limited) as httpd:
        picture = file("image", "a.png", PNG)
        long_header = b'Content-Disposition: form-data; name="' + b"n" * 9000 + b'"\r\n\r\nx'
        for name, parts, status, expected in (
                ("too many files", [picture] * 4, 413, "too_many_files"),
                ("too many fields", [field("a", "b")] * 5 + [picture], 413, "too_many_fields"),
                ("too much text", [field("a", "b" * 2000), picture], 413, "fields_too_large"),
                ("too many pixels", [file("image", "a.png", png(100, 51))], 422, "too_many_pixels"),
                ("a part header over 8 KiB", [long_header], 400, "malformed"),
                ("just enough", [picture] * 3 + [field("a", "b")] * 4, 201, None)):
            answer = post(httpd, parts)
            is_equal((answer.status, code(answer)), (status, expected), name)
        answer = httpd.request("POST", "/upload/articles", headers=form_headers(), body=b"x" * 20000 + form([picture]))
        is_equal((answer.status, code(answer)), (400, "malformed"), "a preamble without end")
        headers = {**form_headers(), "Transfer-Encoding": "chunked", "Connection": "close"}
        large = form([file("image", "a.png", png(padding=2000))])
        is_equal(code(post(httpd, [file("image", "a.png", png(padding=2000))], "/limited")), "body_too_large",
                 "LimitRequestBody with Content-Length answers in our shape")
        answers = httpd.raw(request("POST", "/limited", headers, chunked(large, 500)))
        is_equal([answer.status for answer in answers], [413], "LimitRequestBody, chunked")
        is_equal(len(stored_files(httpd)), 3, "only the good form left files")


def test_aborted_uploads():
    body = form([file("image", "a.jpg", JPEG), field("t", "x")])
    with server() as httpd:
        for at in range(0, len(body), 23):
            with httpd.connect() as connection:
                connection.sendall(upload_request(body)[:-len(body) + at] if at else upload_request(body)[:-len(body)])
        is_equal(post(httpd, [file("image", "a.jpg", JPEG)]).status, 201, "the server goes on")
        wait_for(lambda: httpd.get("/server-status?auto").text.count("BusyWorkers: 1"), "aborted uploads end")
        is_equal(len(stored_files(httpd)), 1, "uploads aborted at any byte leave nothing")


def test_form_without_script():
    conf = ARTICLES + place("articles") + place("articles", "MediaUploadRedirect /done?image={url}", path="/redirected")
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    with server(conf) as httpd:
        answer = post(httpd, [file("image", '<i>\\"x\\".jpg', JPEG)], headers=browser)
        is_equal((answer.status, answer.header("Content-Type")), (201, "text/html; charset=utf-8"), "a small page")
        ok(re.search(r'<img src="http://[^"]+\.jpg"', answer.text), "that shows the picture", answer.text)
        contains(answer.text, "&lt;i&gt;", "with the name escaped")
        contains(answer.header("Content-Security-Policy") or "", "default-src 'none'", "under a strict policy")
        french = {**browser, "Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8"}
        answer = post(httpd, [file("image", "a.jpg", PHP)], headers=french)
        is_equal(answer.status, 415, "an error has its status")
        contains(answer.text, "default_article.jpg", "and shows the default image")
        contains(answer.text, "n'est pas accepté".replace("'", "&#39;"), "in French for who reads French")
        answer = post(httpd, [file("image", "a.jpg", JPEG)], "/redirected", headers=browser)
        is_equal(answer.status, 303, "303 with MediaUploadRedirect")
        ok(re.fullmatch(r"/done\?image=http%3A%2F%2F127\.0\.0\.1%3A\d+%2Fstatic%2F\S+\.jpg", answer.header("Location")),
           "to the page, with the URL encoded", answer.header("Location"))
        is_equal(post(httpd, [file("image", "a.jpg", JPEG)], "/redirected").status, 201, "a script gets JSON there")
        messages = {language: answer_json(post(httpd, [], headers={"Accept-Language": language}))["error"]
                    for language in ("fr", "en", "de")}
        is_equal({error["code"] for error in messages.values()}, {"no_file"}, "codes do not depend on the language")
        ok(messages["fr"] != messages["en"] == messages["de"], "messages do; English for the rest", messages)


def test_tls_and_http2():
    with server(tls=True, http2=True, files={"photo.jpg": JPEG}) as httpd:
        is_equal(post(httpd, [file("image", "a.jpg", JPEG)], tls=True).status, 201, "TLS")
        form_options = ["--cacert", httpd.path("crt.pem"), "-F", "image=@" + httpd.path("photo.jpg")]
        for name, version, url in (("h2 over TLS", "--http2", httpd.tls_url),
                                   ("h2c", "--http2-prior-knowledge", httpd.url),
                                   ("HTTP/1.0", "--http1.0", httpd.url)):
            done = subprocess.run(["curl", "-s", "-m", "60", "-w", "\n%{http_code}", version, *form_options,
                                   url + "/upload/articles"], capture_output=True, text=True, check=False)
            is_equal(done.stdout.splitlines()[-1:], ["201"], name)


def send_in_records(connection, data, sizes):
    """Over TLS each piece is a record; sizes are taken in turn."""
    at, turn = 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        connection.sendall(data[at:at + size])
        at, turn = at + size, turn + 1


def test_long_bodies_over_tls():
    """mod_ssl lends at most 8192 bytes at a time; 131072 are gathered at most."""
    empty = len(form([file("f", "a.bin", b"")]))
    lengths = [size + more for size in (8192, 131072, 262144, 1048576) for more in (-1, 0, 1, 8191)]
    for mpm in ("event", "prefork"):
        with server(ANY + place("any"), mpm=mpm, tls=True) as httpd, httpd.connect(tls=True) as connection:
            stream = Stream(connection)
            for number, length in enumerate(lengths):
                content = os.urandom(length - empty)
                body = form([file("f", "a.bin", content)])
                sent = upload_request(body, "/upload/any")
                if number % 2:
                    headers = form_headers(Transfer_Encoding="chunked")
                    sent = request("POST", "/upload/any", headers, chunked(body, 50000))
                send_in_records(connection, sent, ([16384], [1, 100, 8191, 8193, 16384], [1400])[number % 3])
                answer = stream.response()
                stored = answer_json(answer).get("files", [{}])[0]
                is_equal((answer.status, stored.get("size"), stored.get("sha256")),
                         (201, len(content), sha256(content)), f"{mpm}: a body of {length} bytes over TLS")


def test_graceful_restart_in_mid_upload():
    body = form([file("image", "a.jpg", JPEG)])
    for mpm in ("event", "worker", "prefork"):
        with server(mpm=mpm) as httpd, httpd.connect() as connection:
            connection.sendall(upload_request(body)[:-200])
            httpd.restart_graceful()
            connection.sendall(body[-200:])
            is_equal(Stream(connection).response().status, 201, f"{mpm}: an upload outlives a graceful restart")


def test_many_at_once():
    conf = ARTICLES + ANY + place("articles") + place("any")
    with server(conf) as httpd:
        seen = []

        def work(number):
            for turn in range(10):
                answer = post(httpd, [file("image", "a.png", png(5, 5 + (number * 10 + turn) % 30))])
                seen.append((answer.status, httpd.get("/" + answer_json(answer)["url"].split("/", 3)[3]).status))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        is_equal(set(seen), {(201, 200)}, "80 uploads by 8 clients: each stored and served")
        is_equal(len(stored_files(httpd)), 80, "under 80 names")


if __name__ == "__main__":
    main()
