#!/usr/bin/python3
"""Parked uploads: with four worker threads, many slow clients keep nobody waiting, and each gets its answer."""
import os
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from httpd import Stream, wait_for   # noqa: E402
from processes import children, descriptors, holders, memory, threads   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ARTICLES, JPEG, code, field, file, form, form_headers, place, png, post, server,  # noqa: E402
                     stored_files)

FEW_THREADS = "StartServers 1\nServerLimit 4\nThreadsPerChild 4\nMaxRequestWorkers 4\nThreadLimit 4\n" \
              "AsyncRequestWorkerFactor 100\nMinSpareThreads 1\nMaxSpareThreads 4\n"
BODY = form([file("image", "a.png", png(40, 40)), field("title", "slow")])
LARGE = form([file("image", "a.png", png(padding=20000))])   # its file is opened before its end
IMAGES = "public_html/static/article_images"
SLOW_CLIENTS = 40


def head(body=BODY, **headers):
    fields = {**form_headers(**headers), "Content-Length": len(body), "Host": "localhost"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /upload/articles HTTP/1.1\r\n{lines}\r\n".encode()


def conf(*lines):
    return FEW_THREADS + "\n".join(lines) + ARTICLES + place("articles")


def begin(httpd, count, tls=False, upto=100):
    """Connections on which an upload has begun and stopped."""
    connections = []
    for _ in range(count):   # one by one: httpd waits for a request behind a TLS handshake with a thread
        connections.append(httpd.connect(tls))
        connections[-1].sendall(head() + BODY[:upto])
    return connections


def parked(httpd):
    return int(httpd.get("/server-status?auto").text.split("MediaUploadParked: ")[1].split()[0])


def close(connections):
    for connection in connections:
        connection.close()


def test_slow_clients():
    for tls in (False, True):
        name = "TLS" if tls else "plain"
        with server(conf(), tls=True) as httpd:
            httpd.expect("AH00484: server reached MaxRequestWorkers", "AH10159")
            connections = begin(httpd, SLOW_CLIENTS, tls)
            wait_for(lambda: parked(httpd) == SLOW_CLIENTS, "parking")
            ok("Parked uploads" in httpd.get("/server-status").text, f"{name}: mod_status tells how many are parked")
            is_equal(post(httpd, [file("image", "a.jpg", JPEG)]).status, 201,
                     f"{name}: an upload is served while {SLOW_CLIENTS} clients of 4 threads are slow")
            is_equal(httpd.get("/upload/articles").status, 200, f"{name}: so is an ordinary request")
            for at in range(100, len(BODY) - 50, 97):
                for connection in connections:
                    connection.sendall(BODY[at:min(at + 97, len(BODY) - 50)])
            for connection in connections:
                connection.sendall(BODY[-50:])
            statuses = [Stream(connection).response().status for connection in connections]
            is_equal(set(statuses), {201}, f"{name}: all slow uploads are stored")
            is_equal(parked(httpd), 0, f"{name}: none is parked any more")
            is_equal(len(stored_files(httpd)), SLOW_CLIENTS + 1, f"{name}: each under its own name")
            close(connections)


def test_answers_of_parked_uploads():
    with server(conf()) as httpd:
        for name, body, status, expected in (
                ("refused", form([file("image", "a.jpg", b"<?php " * 20)]), 415, "type_not_accepted"),
                ("malformed", BODY.replace(b"\r\n--", b"\r\n-x-"), 400, None),
                ("too large", form([file("image", "a.png", png(padding=11 << 20))]), 413, "file_too_large")):
            with httpd.connect() as connection:
                connection.sendall(head(body) + body[:60])
                is_equal(httpd.get("/upload/articles").status, 200, f"{name}: parked")
                try:
                    connection.sendall(body[60:])
                except (BrokenPipeError, ConnectionResetError):
                    pass
                answer = Stream(connection).response()
                is_equal(answer.status, status, f"{name}: {status}")
                ok(expected is None or code(answer) == expected, f"{name}: its code", answer)
        is_equal(stored_files(httpd), [], "nothing is left")


def test_kept_alive():
    with server(conf(), tls=True) as httpd:
        for tls in (False, True):
            with httpd.connect(tls) as connection:
                stream, statuses = Stream(connection), []
                for _ in range(3):
                    connection.sendall(head() + BODY[:200])
                    httpd.get("/upload/articles")
                    connection.sendall(BODY[200:])
                    statuses.append(stream.response().status)
                is_equal(statuses, [201] * 3, f"a parked upload's connection is kept alive{' (TLS)' if tls else ''}")


def test_pipelined_after_parked():
    with server(conf()) as httpd, httpd.connect() as connection:
        connection.sendall(head() + BODY[:200])
        httpd.get("/upload/articles")
        connection.sendall(BODY[200:] + head() + BODY)
        stream = Stream(connection)
        is_equal([stream.response().status, stream.response().status], [201, 201], "the next request may come at once")


def go_away(connection, is_reset):
    if is_reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def abort_parked(httpd, cuts, tls):
    """Clients send so many bytes of a form, are parked, and go away; half of them without a word."""
    connections = []
    for at in cuts:
        connections.append(httpd.connect(tls))
        connections[-1].sendall(head(LARGE) + LARGE[:at])
    wait_for(lambda: parked(httpd) == len(cuts), "parking")
    for number, connection in enumerate(connections):
        go_away(connection, number % 2)
    wait_for(lambda: parked(httpd) == 0 and not holders(httpd, IMAGES), "aborted uploads end")


def test_aborted():
    cuts = list(range(0, len(LARGE), 151))
    with server(conf(), tls=True) as httpd:
        httpd.expect("AH00484: server reached MaxRequestWorkers", "AH10159")
        child = next(pid for pid in children(httpd) if threads(pid) > 4)
        for tls in (False, True):
            name = f"{len(cuts)} clients that go while they are parked{', TLS' if tls else ''}"
            abort_parked(httpd, cuts[:SLOW_CLIENTS], tls)
            before = len(descriptors(child))
            for at in range(0, len(cuts), SLOW_CLIENTS):
                abort_parked(httpd, cuts[at:at + SLOW_CLIENTS], tls)
            is_equal(stored_files(httpd), [], f"{name} leave nothing")
            wait_for(lambda most=before: len(descriptors(child)) <= most, f"{before} descriptors, as before")
            ok(child in children(httpd), f"{name}: the same child, no more descriptors")
        is_equal(post(httpd, [file("image", "a.jpg", JPEG)]).status, 201, "and the server goes on")


def send_rest(httpd, connections, name):
    for connection in connections:
        connection.sendall(BODY[100:])
    statuses = [Stream(connection).response().status for connection in connections]
    is_equal(statuses, [201] * len(connections), f"parked uploads outlive {name}")
    is_equal(len(stored_files(httpd)), len(connections), f"{name}: they are stored")
    close(connections)


def refuses(httpd):
    try:
        httpd.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def test_graceful_restart():
    for tls in (False, True):
        with server(conf(), tls=True) as httpd:
            connections = begin(httpd, 5, tls)
            wait_for(lambda: parked(httpd) == 5, "parking")
            httpd.restart_graceful()
            is_equal(parked(httpd), 5, "mod_status still tells of those of the old children")
            send_rest(httpd, connections, f"a graceful restart{' (TLS)' if tls else ''}")


def test_graceful_stop():
    with server(conf()) as httpd:
        connections = begin(httpd, 5)
        wait_for(lambda: parked(httpd) == 5, "parking")
        httpd.process.send_signal(signal.SIGWINCH)
        wait_for(lambda: refuses(httpd), "httpd takes no more connections")
        send_rest(httpd, connections, "a graceful stop")
        wait_for(lambda: httpd.process.poll() is not None, "httpd's end")


def test_other_mpms_read_blocking():
    for mpm in ("worker", "prefork"):
        with server(mpm=mpm) as httpd:
            connections = begin(httpd, 3)
            for connection in connections:
                connection.sendall(BODY[100:])
            statuses = [Stream(connection).response().status for connection in connections]
            is_equal(statuses, [201] * 3, f"{mpm}: slow uploads, read blocking")
            close(connections)


def test_after_an_upload():
    """The connection is read largely from then on: several requests may come with one read, or end in it."""
    pictures = [png(padding=size) for size in (300000, 10, 131072, 20, 30, 200000)]
    forms = [form([file("image", "a.png", picture)]) for picture in pictures]
    get = b"GET /upload/articles HTTP/1.1\r\nHost: localhost\r\n\r\n"
    requests = [head(body) + body for body in forms]
    for tls in (False, True):
        name = "TLS" if tls else "plain"
        with server(conf(), tls=True) as httpd, httpd.connect(tls) as connection:
            stream = Stream(connection)
            connection.sendall(requests[0])
            statuses = [stream.response().status]
            connection.sendall(requests[1] + get + requests[2] + get + requests[3] + requests[4] + requests[5] + get)
            statuses += [stream.response().status for _ in range(8)]
            is_equal(statuses, [201, 201, 200, 201, 200, 201, 201, 201, 200], f"{name}: each request is answered")
            stored = []
            for picture in stored_files(httpd):
                with open(httpd.path(f"{IMAGES}/{picture}"), "rb") as opened:
                    stored.append(opened.read())
            ok(sorted(stored) == sorted(pictures), f"{name}: each picture is there, whole")


def test_memory_of_connections_that_wait():
    """What was read into is no connection's own: one that waits for its next request holds none of it."""
    body = form([file("image", "a.png", png(padding=300000))])
    connections = []
    with server(conf()) as httpd:
        httpd.expect("AH00484: server reached MaxRequestWorkers", "AH10159")
        for _ in range(2 * SLOW_CLIENTS):
            connections.append(httpd.connect())
            connections[-1].sendall(head(body) + body)
            Stream(connections[-1]).response()
            if len(connections) == SLOW_CLIENTS:
                before = memory(httpd)
        each = (memory(httpd) - before) / SLOW_CLIENTS
        ok(each < 64, f"a connection that waits holds {each:.0f} KiB, less than 64")
        close(connections)


def test_without_large_reads():
    with server("MediaUploadLargeReads off\n" + conf()) as httpd:
        is_equal(post(httpd, [file("image", "a.png", png(padding=300000))]).status, 201, "MediaUploadLargeReads off")


if __name__ == "__main__":
    main()
