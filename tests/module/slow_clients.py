#!/usr/bin/python3
"""Clients that are too slow: each is told so with 408, on every MPM, and its file goes. They are tried side by side,
since the minimum rate counts after 20 seconds only."""
import concurrent.futures
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from httpd import PATIENCE, HttpdError, Stream, wait_for   # noqa: E402
from processes import holders   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ARTICLES, JPEG, answer_json, code, file, form, form_headers, place, png, post,  # noqa: E402
                     server, stored_files)

IMAGES = "public_html/static/article_images"
BODY = form([file("image", "a.png", png(padding=300000))])
HEAD = f"POST /upload/articles HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n" \
       f"Content-Type: {form_headers()['Content-Type']}\r\n\r\n".encode()
BEGIN = 5000            # bytes that each client sends at once: its file is open
PIECES = 40 * PATIENCE  # of a client that trickles: more than it comes to send
PAUSE = 0.05            # seconds between two of them
WAYS = (("event", False), ("event", True), ("worker", False), ("prefork", False), ("prefork", True))


def parked(httpd):
    return int(httpd.get("/server-status?auto").text.split("MediaUploadParked: ")[1].split()[0])


def begin(httpd, tls):
    """A connection on which an upload has begun and stopped; its file is open."""
    connection = httpd.connect(tls)
    connection.sendall(HEAD + BODY[:BEGIN])
    wait_for(lambda: holders(httpd, IMAGES), "the upload's file is open")
    if httpd.mpm == "event":
        wait_for(lambda: parked(httpd) == 1, "parking")
    return connection


def trickle(connection, stream):
    """Sends a byte now and then, until there is an answer."""
    connection.settimeout(PAUSE)
    for at in range(BEGIN, BEGIN + PIECES):
        with contextlib.suppress(TimeoutError):
            stream.buffer += connection.recv(65536)
            connection.settimeout(PATIENCE)
            return
        connection.sendall(BODY[at:at + 1])
    raise HttpdError("a client that trickles is never answered")


def stay_silent(_connection, _stream):
    pass


def be_slow(mpm, tls, directives, behave):
    """(the answer, whether the connection is closed behind it, the error log, what is left, the next upload)."""
    with server(directives + ARTICLES + place("articles"), mpm=mpm, tls=tls) as httpd:
        with begin(httpd, tls) as connection:
            stream = Stream(connection)
            behave(connection, stream)
            answer, is_closed = stream.response(), stream.response() is None
        wait_for(lambda: not holders(httpd, IMAGES), "the upload's file is closed")
        left = stored_files(httpd)
        if mpm == "event":
            wait_for(lambda: parked(httpd) == 0, "nothing is parked")
        return answer, is_closed, httpd.error_log(), left, post(httpd, [file("image", "a.jpg", JPEG)], tls=tls)


def check_slow(directives, behave, reason):
    with concurrent.futures.ThreadPoolExecutor(len(WAYS)) as pool:
        outcomes = pool.map(lambda way: be_slow(*way, directives, behave), WAYS)
        for (mpm, tls), (answer, is_closed, log, left, following) in zip(WAYS, outcomes):
            name = f"{mpm}{', TLS' if tls else ''}, {reason}"
            is_equal((answer.status, code(answer)), (408, "too_slow"), f"{name}: 408")
            ok(answer_json(answer).get("url", "").endswith("/default_article.jpg"), f"{name}: the default image",
               answer)
            ok(is_closed, f"{name}: the connection ends")
            ok(reason in log, f"{name}: the log tells", log)
            is_equal(left, [], f"{name}: nothing is left")
            is_equal(following.status, 201, f"{name}: the server goes on")


def test_minimum_rate():
    check_slow("MediaUploadMinRate 1K\n", trickle, "slower than MediaUploadMinRate")


def test_silent():
    check_slow("Timeout 2\n", stay_silent, "the client sent nothing for too long")


if __name__ == "__main__":
    main()
