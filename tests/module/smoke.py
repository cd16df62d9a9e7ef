#!/usr/bin/python3
"""The module loads on every MPM, httpd takes a configuration without any of its directives, and TLS, HTTP/2 and a
graceful restart work in the test harness."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from httpd import Httpd, HttpdError   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

MPMS = ("event", "worker", "prefork")


def test_loads():
    for mpm in MPMS:
        with Httpd(mpm=mpm, files={"public_html/a.txt": b"picture\n"}) as server:
            is_equal(server.get("/a.txt").body, b"picture\n", f"{mpm}: serves a file with the module loaded")
            server.restart_graceful()
            is_equal(server.get("/a.txt").status, 200, f"{mpm}: serves after a graceful restart")


def test_empty_configuration():
    for mpm in MPMS:
        server = Httpd(mpm=mpm)
        server.make_folder()
        try:
            passed, said = server.check_syntax()
            ok(passed, f"{mpm}: httpd -t takes an empty configuration", said)
            contains(said, "Syntax OK", f"{mpm}: and says so")
        finally:
            server.close()


def test_protocols():
    with Httpd(files={"public_html/a.txt": b"a"}, tls=True, http2=True) as server:
        is_equal(server.request("GET", "/a.txt", tls=True).body, b"a", "TLS")
        for name, url in (("h2 over TLS", server.tls_url), ("h2c", server.url)):
            seen = subprocess.run(["curl", "-s", "--http2", "--cacert", server.path("crt.pem"), "-w",
                                   "%{http_version}", "-o", os.devnull, url + "/a.txt"],
                                  capture_output=True, text=True, check=False).stdout
            is_equal(seen, "2", name)


def test_pipelining():
    with Httpd(files={"public_html/a.txt": b"a", "public_html/b.txt": b"b"}) as server:
        request = "GET /%s.txt HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n"
        answers = server.raw((request % ("a", "keep-alive") + request % ("b", "close")).encode())
        is_equal([answer.body for answer in answers], [b"a", b"b"], "two requests on one connection, two answers")


def test_error_log_is_watched():
    caught = None
    try:
        with Httpd(conf="ErrorDocument 404 /missing.html\nAlias /closed @TOP@/closed") as server:
            server.get("/closed")
    except HttpdError as error:
        caught = str(error)
    ok(caught is not None and "unexpected lines" in caught, "an error line that nobody expected fails the test", caught)
    with Httpd(conf="Alias /closed @TOP@/closed") as server:
        server.expect("AH01630: client denied by server configuration")
        is_equal(server.get("/closed").status, 403, "an expected one does not")


if __name__ == "__main__":
    main()
