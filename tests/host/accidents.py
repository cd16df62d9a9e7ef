#!/usr/bin/python3
"""Nothing lost, nothing left in a server: children killed in mid-upload, full disks, clients that go, an attacker who
exchanges folders for symbolic links, readers who look while files arrive."""
import concurrent.futures
import contextlib
import ctypes
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
from agreement import IMAGES, promised, rows, whole_files   # noqa: E402
from disk import Disk, hide_mounts   # noqa: E402
from httpd import PATIENCE, HttpdError, Stream, wait_for   # noqa: E402
from processes import children, descriptors, holders, threads   # noqa: E402
from shim import build_shim   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ARTICLES, GIF, JPEG, answer_json, code, field, file, form, form_headers, place,  # noqa: E402
                     png, post, server, sha256, stored_files)

ONE_CHILD = ("StartServers 1\nServerLimit 1\nThreadLimit 16\nThreadsPerChild 16\nMaxRequestWorkers 16\n"
             "MinSpareThreads 1\nMaxSpareThreads 16\n")
UPLOADS = 300
CLIENTS = 8             # at once
KILLS = 25
AT_FDCWD, RENAME_EXCHANGE = -100, 2
LIBC = ctypes.CDLL(None)


def request(body, headers, path="/upload/articles"):
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **headers}.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def upload_request(body):
    return request(body, form_headers(Content_Length=len(body), Connection="close"))


def check_agreement(httpd, stored, name, folder=IMAGES, database="var/media.db", hidden_too=True):
    """Files and rows are exactly those of the answers `stored`, each 201."""
    expected = promised(stored)
    seen = whole_files(httpd, folder, hidden_too), rows(httpd, database)
    ok(seen == (expected, expected), name, *seen, expected)


def test_child_killed():
    body = form([file("image", "a.png", png(padding=300000))])
    for mpm in ("event", "prefork"):
        with server(mpm=mpm) as httpd:
            stored = [post(httpd, [file("image", "a.jpg", JPEG)])]
            for sent in (5000, 150000, len(body) - 1):
                with httpd.connect() as connection:
                    connection.sendall(upload_request(body)[:sent - len(body)])
                    wait_for(lambda: holders(httpd, IMAGES), "the upload's file is open")
                    child = holders(httpd, IMAGES)[0]
                    os.kill(child, signal.SIGKILL)
                    wait_for(lambda gone=child: gone not in children(httpd), "the child's end")
                    is_equal(Stream(connection).response(), None, f"{mpm}: a child is killed after {sent} bytes")
                stored.append(post(httpd, [file("image", "b.gif", GIF)]))
                is_equal(stored[-1].status, 201, f"{mpm}: the next upload works")
            check_agreement(httpd, stored, f"{mpm}: of the killed ones nothing is left")


def send_until(stop, httpd, number):
    """Uploads pictures, each another one, until the event `stop`; (the answers with 201, the SHA-256 of what was sent).
    A connection that breaks is no answer."""
    stored, sent = [], set()
    while not stop.is_set():
        picture = png(width=number + 1, height=len(sent) + 1, padding=random.randrange(600000))
        sent.add(sha256(picture))
        with contextlib.suppress(OSError):
            answer = post(httpd, [file("image", "a.png", picture)])
            if answer is not None and answer.status == 201 and answer_json(answer):
                stored.append(answer)
    return stored, sent


def test_children_killed_at_random():
    """What was answered with 201 is there; what is visible is whole; a row has its file."""
    for mpm in ("event", "prefork"):
        stop = threading.Event()
        with server(mpm=mpm) as httpd, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            sending = [pool.submit(send_until, stop, httpd, number) for number in range(CLIENTS)]
            try:
                for killed in range(KILLS):
                    wait_for(lambda least=killed: len(stored_files(httpd)) > least, "uploads")
                    wait_for(lambda: holders(httpd, IMAGES), "an upload")
                    time.sleep(random.random() / 50)   # any moment
                    for child in holders(httpd, IMAGES)[:1]:
                        os.kill(child, signal.SIGKILL)
            finally:
                stop.set()
            outcomes = [one.result() for one in sending]
            stored = promised(answer for answers, _ in outcomes for answer in answers)
            sent = set().union(*(pictures for _, pictures in outcomes))
            wait_for(lambda: not holders(httpd, IMAGES), "the end of the uploads")
            files, recorded = whole_files(httpd), rows(httpd, "var/media.db")
            name = f"{mpm}: {KILLS} kills, {len(stored)} uploads stored, {len(files) - len(stored)} not answered"
            ok(stored and stored.items() <= files.items() and stored.items() <= recorded.items(),
               f"{name}: what was answered with 201 is there, with its row")
            ok(set(files.values()) <= sent, f"{name}: each file is whole", set(files.values()) - sent)
            ok(recorded.items() <= files.items(), f"{name}: each row has its file", recorded.items() - files.items())


def check_refused(answer, statuses, name):
    reply = answer_json(answer)
    ok(answer.status in statuses and reply.get("url", "").endswith("/default_article.jpg") and code(answer),
       f"{name}: {answer.status} and the default image", answer)


def test_disk_full():
    """A small disk fills up and has room again, twice: the storage's and the catalog's, then the catalog's alone, where
    SQLite may find room in files of its own."""
    hide_mounts()
    for what, images in (("storage and catalog", "disk/article_images"), ("catalog", IMAGES)):
        conf = ONE_CHILD + ARTICLES.replace(IMAGES, images).replace("var/media", "disk/media")
        with server(conf + place("articles")) as httpd, Disk(httpd.make("disk"), lambda: children(httpd)) as disk:
            httpd.expect("disk_full", "database", "No space left", "File too large")
            stored = [post(httpd, [file("image", "a.jpg", JPEG)])]
            for round_ in (1, 2):
                disk.leave(0)
                for picture in (JPEG, png(padding=300000)):
                    answer = post(httpd, [file("image", "a.jpg", picture)])
                    if what == "catalog" and answer.status == 201:
                        stored.append(answer)
                    else:
                        check_refused(answer, (502, 507) if what == "catalog" else (507,),
                                      f"{what} full, {len(picture)} bytes, round {round_}")
                is_equal(httpd.get("/upload/articles").status, 200, f"{what} full: the server goes on")
                check_agreement(httpd, stored, f"{what} full: of what was refused nothing is left", images,
                                "disk/media.db")
                disk.free()
                stored.append(post(httpd, [file("image", "b.gif", GIF)]))
                is_equal(stored[-1].status, 201, f"{what}: there is room again")
            check_agreement(httpd, stored, f"{what}: all that was stored is there", images, "disk/media.db")


def abort(httpd, data, is_reset):
    with httpd.connect() as connection:
        if is_reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)


def test_aborted_at_every_byte():
    body = form([file("image", "a.gif", GIF), field("title", "Été")])
    in_chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 100]), body[at:at + 100])
                         for at in range(0, len(body), 100)) + b"0\r\n\r\n"
    forms = [(upload_request(body)[:-len(body)], body),
             (request(b"", form_headers(Transfer_Encoding="chunked")), in_chunks)]
    cuts = [(head + data[:at], is_reset) for is_reset in (True, False) for head, data in forms
            for at in range(len(data))]
    with server(ONE_CHILD + ARTICLES + place("articles")) as httpd, \
            concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        stored = [post(httpd, [file("image", "a.jpg", JPEG)])]
        child = next(pid for pid in children(httpd) if threads(pid) > 16)
        list(pool.map(lambda cut: abort(httpd, *cut), cuts[::20]))
        wait_for(lambda: not holders(httpd, IMAGES), "the end of the first aborted uploads")
        before = len(descriptors(child))
        list(pool.map(lambda cut: abort(httpd, *cut), cuts))
        wait_for(lambda: not holders(httpd, IMAGES), "the end of the aborted uploads")
        wait_for(lambda: len(descriptors(child)) <= before, f"{before} descriptors, as before {len(cuts)} aborts")
        ok(len(cuts) > 2000 and child in children(httpd), f"{len(cuts)} aborts: the same child, {before} descriptors")
        stored.append(post(httpd, [file("image", "b.gif", GIF)]))
        check_agreement(httpd, stored, "of the aborted ones nothing is left")


def exchange(one, other):
    return LIBC.renameat2(AT_FDCWD, one.encode(), AT_FDCWD, other.encode(), RENAME_EXCHANGE) == 0


@contextlib.contextmanager
def exchanging(folder, link):
    """Another process exchanges two names, again and again; in the end they are as before."""
    if not exchange(folder, link):
        raise HttpdError(f"{folder} and {link} cannot be exchanged")
    pid = os.fork()
    if pid == 0:
        LIBC.prctl(1, signal.SIGKILL)   # PR_SET_PDEATHSIG
        while True:
            exchange(folder, link)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if os.path.islink(folder):
            exchange(folder, link)


def attack(httpd, attacked, name):
    """Uploads while `attacked` is exchanged for a link to a folder outside; the answers."""
    outside, link = httpd.make("outside"), httpd.path("link")
    os.symlink(outside, link)
    with exchanging(httpd.path(attacked), link), concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: post(httpd, [file("image", "a.jpg", JPEG)]), range(UPLOADS)))
    is_equal(os.listdir(outside), [], f"{name} is exchanged for a link outside: nothing is written there")
    strange = [answer for answer in answers if answer.status not in (201, 502)]
    ok(not strange, f"{name}: of {UPLOADS} {sum(answer.status == 201 for answer in answers)} are stored, the others "
       "refused", *strange)
    return answers


def test_symlink_attack():
    key = "    MediaUploadKey {site}/{uuid}.{ext}\n"
    conf = ONE_CHILD + ARTICLES.replace("    MediaUploadURL", key + "    MediaUploadURL") + place("articles")
    with tempfile.TemporaryDirectory() as folder:
        shim = build_shim(folder)
        for attacked in (f"{IMAGES}/default", IMAGES):
            for env in ({}, {"LD_PRELOAD": shim, "FAULT_NAMED": "1"}):
                name = os.path.basename(attacked) + (" by hidden names" if env else "")
                with server(conf, env=env) as httpd:
                    httpd.expect("symbolic link", "storage_failed", "cannot ", "is not a folder")
                    stored = [post(httpd, [file("image", "a.jpg", JPEG)])]
                    stored += [answer for answer in attack(httpd, attacked, name) if answer.status == 201]
                    # A hidden name cannot be removed from a folder that was moved away at that moment.
                    check_agreement(httpd, stored, f"{name}: what was answered with 201 is there, and no more",
                                    hidden_too=not env)


def read_while_they_arrive(folder, stop):
    """{name: SHA-256} of every name in a folder, each read as soon as it is there, until `stop` exists."""
    seen, deadline = {}, time.monotonic() + PATIENCE
    while not os.path.exists(stop):
        if time.monotonic() > deadline:
            raise HttpdError("the uploads do not end")
        for name in set(os.listdir(folder)) - set(seen):
            with open(os.path.join(folder, name), "rb") as opened:
                seen[name] = sha256(opened.read())
    return seen


def test_readers_see_whole_files():
    with server() as httpd, concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients, \
            concurrent.futures.ProcessPoolExecutor(1) as readers, tempfile.TemporaryDirectory() as folder:
        pictures = [png(padding=97 * turn * (turn % 20)) for turn in range(UPLOADS)]
        post(httpd, [file("image", "a.jpg", JPEG)])
        there = {name: None for name in os.listdir(httpd.path(IMAGES))}
        stop = os.path.join(folder, "stop")
        reading = readers.submit(read_while_they_arrive, httpd.path(IMAGES), stop)
        answers = list(clients.map(lambda picture: post(httpd, [file("image", "a.png", picture)]), pictures))
        with open(stop, "wb"):
            pass
        seen = {name: digest for name, digest in reading.result().items() if name not in there}
        expected = {one["files"][0]["key"]: sha256(picture)
                    for one, picture in zip(map(answer_json, answers), pictures)}
        is_equal([answer.status for answer in answers if answer.status != 201], [], f"{UPLOADS} uploads")
        wrong = {name: digest for name, digest in seen.items() if expected.get(name) != digest}
        ok(not wrong, f"a reader saw {len(seen)} of {len(expected)} files arrive, each whole from the first moment",
           wrong)


if __name__ == "__main__":
    main()
