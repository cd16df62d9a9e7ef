#!/usr/bin/python3
"""Storages that are silent, slow or full: the rest of the server goes on, uploads end as docs/storage.md and
docs/outbox.md say, memory stays flat, and slow visitors hold no thread. How often a silent storage was asked, the relay
before it counts: a further try needs a further connection."""
import contextlib
import os
import re
import signal
import struct
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import pureftpd   # noqa: E402
import servers   # noqa: E402
from httpd import Stream, wait_for   # noqa: E402
from processes import children, threads   # noqa: E402
from relay import Relay   # noqa: E402
from remote_site import DOORS, few_threads, remote_site   # noqa: E402
from tap.tap import diag, is_equal, main, ok   # noqa: E402
from uploads import BOUNDARY, JPEG, answer_json, code, data, file, form, form_headers, png, post   # noqa: E402

UPLOADS = 20
MEGABYTE = 1 << 20
BUFFERS = 32 * MEGABYTE   # more than what lies in sockets and in the module; far less than the film
CONF = """
MediaUploadOutbox %(outbox)s
<MediaUpload articles>
    MediaUploadStorage "%(storage)s"
    MediaUploadURL https://cdn.example.org/media
    MediaUploadDefault https://www.example.org/none.jpg
    MediaUploadAccept image/* video/mp4
    MediaUploadMaxSize 1G
</MediaUpload>
"""


def s3_url(values, endpoint, options=""):
    return (f"s3://{values['TEST_S3_ACCESS_KEY']}:{values['TEST_S3_SECRET_KEY']}@{values['TEST_S3_BUCKET']}/hangs"
            f"?endpoint={endpoint}{options}")


def objects(started):
    """Size of every object, by key."""
    found = started.servers["s3"].client().list_objects_v2(Bucket=started.environment["TEST_S3_BUCKET"])
    return {entry["Key"].removeprefix("hangs/"): entry["Size"] for entry in found.get("Contents", [])}


def waiting(httpd):
    return [name for _, _, names in os.walk(httpd.path("var/outbox/articles")) for name in names
            if not name.startswith(".")]


# --- silent

def send_many(httpd, count, answers):
    """Threads that have begun to upload; each adds its answer."""
    def send(number):
        answers.append(post(httpd, [file("image", "a.png", png(padding=number))], DOORS[0] + "articles"))

    started = [threading.Thread(target=send, args=(number,)) for number in range(1, count + 1)]
    for thread in started:
        thread.start()
    return started


def check_silent(name, server, relay, storage, stored):
    """Uploads to a storage that takes connections and says nothing; `stored` lists its keys."""
    for outbox, expected in ("off", (502, "storage_unavailable")), ("on", (202, None)):
        conf = CONF % {"outbox": outbox, "storage": storage}
        with remote_site(conf, {}, "articles", before=few_threads(UPLOADS + 4)) as httpd:
            httpd.expect("storage_unavailable", "AH10159")
            httpd.write("public_html/page.html", "a page")
            server.freeze()
            try:
                answers = meet_silence(httpd, relay, f"{name} is silent, outbox {outbox}", expected)
                if outbox == "on":
                    check_left_alone(httpd, name)
            finally:
                server.thaw()
            if outbox == "on":
                keys = {answer_json(answer)["files"][0]["key"] for answer in answers}
                wait_for(lambda: not waiting(httpd), "the outbox empties")
                ok(len(keys) == UPLOADS and keys <= set(stored()), f"{name}: all are delivered when it speaks again")


def meet_silence(httpd, relay, name, expected):
    """Many uploads at once, and others who want something else; the answers to the uploads."""
    before, answers = relay.connections, []
    sending = send_many(httpd, UPLOADS, answers)
    wait_for(lambda: relay.connections >= before + UPLOADS, "the uploads are at the storage")
    is_equal((httpd.get("/page.html").status, httpd.get("/upload/articles").status), (200, 200),
             f"{name}: other requests are answered meanwhile")
    for thread in sending:
        thread.join()
    is_equal([(answer.status, code(answer)) for answer in answers], [expected] * UPLOADS,
             f"{name}: {UPLOADS} uploads end with {expected[0]}")
    is_equal(relay.connections - before, UPLOADS, f"{name}: each has asked once")
    return answers


def check_left_alone(httpd, name):
    """The log tells of each upload that has tried."""
    tried = httpd.error_log().count("kept in the outbox")
    answers = []
    for thread in send_many(httpd, 5, answers):
        thread.join()
    is_equal(([answer.status for answer in answers], httpd.error_log().count("kept in the outbox")),
             ([202] * 5, tried), f"{name}: then it is left alone, and uploads do not wait for it")


def test_silent_bucket():
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        check_silent("a bucket", started.servers["s3"], relay, s3_url(started.environment, relay.url, "&timeout=1"),
                     lambda: objects(started))


def test_silent_account():
    with servers.started("ftp") as started, Relay(started.servers["ftp"].port) as relay:
        values = started.environment
        check_silent("an FTP account", started.servers["ftp"], relay, "ftp://tester:sekret@127.0.0.1:"
                     f"{relay.port}/media?timeout=1&ca={values['TEST_FTP_CA']}",
                     lambda: os.listdir(os.path.join(values["TEST_FTP_HOME"], "media")))


# --- silent in the middle

@contextlib.contextmanager
def frozen(server):
    """With the processes that serve one connection each, where there are such."""
    pids = [server.pid(), *(server.sessions() if hasattr(server, "sessions") else [])]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def check_kept_connection(name, server, relay, storage):
    """It answers, the connection is kept, and then it is silent: is it the connection, or the storage? Who has an
    outbox need not know."""
    for outbox, status, further in ("off", 502, 1), ("on", 202, 0):
        with remote_site(CONF % {"outbox": outbox, "storage": storage}, {}, "articles",
                         before=few_threads(4)) as httpd:
            httpd.expect("storage_unavailable", "AH10159")
            is_equal(post(httpd, [file("image", "a.jpg", JPEG)]).status, 201, f"{name} takes an upload")
            before = relay.connections
            with frozen(server):
                is_equal((post(httpd, [file("image", "a.jpg", JPEG)]).status, relay.connections - before),
                         (status, further), f"{name} is silent for the next, outbox {outbox}: new connections")
            wait_for(lambda: not waiting(httpd), "the outbox empties")


def check_long(name, server, storage, has_begun, check_asked):
    """A film, the first bytes of which the storage has taken: with an outbox it is left alone with them."""
    with remote_site(CONF % {"outbox": "on", "storage": storage}, {}, "articles", before=few_threads(4)) as httpd:
        httpd.expect("AH10159")
        size, sent = 23 * MEGABYTE, 17 * MEGABYTE
        connection, rest = begin_upload(httpd, size, sent)
        with connection:
            wait_for(has_begun, "the storage has some of the film")
            with frozen(server):
                connection.sendall(rest)
                is_equal(Stream(connection).response().status, 202, f"{name} is silent in the middle of a film")
                check_asked()
        wait_for(lambda: not waiting(httpd), "the outbox empties")
    return size


def check_form(name, server, relay, storage, count_begun):
    """Of a form with two files, which are both on their way, the first waits, and the second does not."""
    with remote_site(CONF % {"outbox": "on", "storage": storage}, {}, "articles", before=few_threads(4)) as httpd:
        httpd.expect("AH10159")
        body = form([file("image", f"{number}.png", png(padding=100000 + number)) for number in range(2)])
        begun = count_begun()
        with httpd.connect() as connection:
            connection.sendall(head_of(len(body)) + body[:-10])
            wait_for(lambda: count_begun() == begun + 2, "the storage has some of both")
            before = relay.connections
            with frozen(server):
                connection.sendall(body[-10:])
                answer = Stream(connection).response()
                is_equal((answer.status, [stored["state"] for stored in answer_json(answer)["files"]],
                          relay.connections - before), (202, ["queued"] * 2, 0),
                         f"{name} is silent at the end of a form: both files wait, no new connections")
                is_equal(httpd.error_log().count("kept in the outbox"), 1, "the first has found out")
        wait_for(lambda: not waiting(httpd), "the outbox empties")


def test_bucket_falls_silent():
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        storage = s3_url(started.environment, relay.url, "&timeout=1")
        check_kept_connection("a bucket", started.servers["s3"], relay, storage)

        def check_parts():
            parts = [head.split()[1] for head in relay.heads if "partNumber=" in head]
            is_equal(sorted(parts), sorted(set(parts)), "no part was sent twice")
            ok(not any(head.startswith("DELETE ") for head in relay.heads), "nothing was to be taken back")

        size = check_long("a bucket", started.servers["s3"], storage,
                          lambda: any("partNumber=" in head for head in relay.heads), check_parts)
        ok(size in objects(started).values(), "the film is there when it speaks again", objects(started))


def test_account_falls_silent():
    with servers.started("ftp") as started, Relay(started.servers["ftp"].port) as relay:
        server, values = started.servers["ftp"], started.environment
        media = os.path.join(values["TEST_FTP_HOME"], "media")
        storage = f"ftp://tester:sekret@127.0.0.1:{relay.port}/media?timeout=1&ca={values['TEST_FTP_CA']}"
        check_kept_connection("an FTP account", server, relay, storage)
        before = relay.connections
        size = check_long("an FTP account", server, storage,
                          lambda: any(name.startswith(".mu-") for name in os.listdir(media)),
                          lambda: is_equal(relay.connections, before + 1, "through one connection"))
        check_form("an FTP account", server, relay, storage,
                   lambda: sum(name.startswith(".mu-") for name in os.listdir(media)))
        sizes = [os.path.getsize(os.path.join(media, name)) for name in os.listdir(media) if name[0] != "."]
        ok(size in sizes, "the film is there when it speaks again", sizes)


# --- slow

def head_of(length):
    """Of a request with a form of so many bytes."""
    fields = {**form_headers(), "Content-Length": length, "Host": "localhost", "Connection": "close"}
    return ("POST /upload/articles HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            + "\r\n").encode()


def film(size):
    """(head of a request, generator of its body) of an upload with a video of so many bytes and a box of zeros."""
    whole = data("start.mp4")
    begin = form([file("image", "a.mp4", whole + struct.pack(">I4s", size - len(whole), b"free"))])
    mark = f"\r\n--{BOUNDARY}--\r\n".encode()
    begin = begin.removesuffix(mark)
    zeros = size - len(whole) - 8

    def body():
        yield begin
        for at in range(0, zeros, 65536):
            yield bytes(min(65536, zeros - at))
        yield mark

    return head_of(len(begin) + zeros + len(mark)), body()


def peak_memory(pid):
    """Bytes that a process has ever had in memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) * 1024


def send_film(httpd, relay, size):
    """(answer, the most bytes that were on their way between the visitor and the storage)"""
    head, body = film(size)
    before, sent, most = relay.passed, 0, 0
    with httpd.connect() as connection:
        connection.sendall(head)
        for piece in body:
            connection.sendall(piece)
            sent += len(piece)
            most = max(most, sent - (relay.passed - before))
        return Stream(connection).response(), most


def test_slow():
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        conf = CONF % {"outbox": "off", "storage": s3_url(started.environment, relay.url)}
        with remote_site(conf, {}, "articles", before=few_threads(4)) as httpd:
            httpd.expect("AH10159")
            relay.rate = 20 * MEGABYTE
            child = next(pid for pid in children(httpd) if threads(pid) > 4)
            sizes, peaks = (20 * MEGABYTE, 200 * MEGABYTE), []
            for size in sizes:
                answer, most = send_film(httpd, relay, size)
                is_equal(answer.status, 201, f"a film of {size // MEGABYTE} MiB by a slow line")
                peaks.append(peak_memory(child))
            diag(f"{most / MEGABYTE:.1f} MiB were on their way at most; peaks of {peaks} bytes")
            ok(most < BUFFERS, "the visitor waits for the storage", most)
            ok(peaks[1] - peaks[0] < 4 * MEGABYTE, "memory stays flat", peaks)
            is_equal(sorted(objects(started).values()), list(sizes), "both are there, whole")


# --- slow visitors

def parked(httpd):
    return int(httpd.get("/server-status?auto").text.split("MediaUploadParked: ")[1].split()[0])


def begin_upload(httpd, size, sent):
    """(connection, rest of the body) of an upload that stops after so many bytes."""
    head, body = film(size)
    whole = b"".join(body)
    connection = httpd.connect()
    connection.sendall(head + whole[:sent])
    return connection, whole[sent:]


def test_parked():
    """Before the first byte reaches the storage, and in the middle of its parts."""
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        conf = CONF % {"outbox": "off", "storage": s3_url(started.environment, relay.url)}
        with remote_site(conf, {}, "articles", before=few_threads(4)) as httpd:
            httpd.expect("AH00484: server reached MaxRequestWorkers", "AH10159")
            uploads = [begin_upload(httpd, 100000 + number, 50000) for number in range(8)]
            uploads += [begin_upload(httpd, 23 * MEGABYTE + number, 17 * MEGABYTE) for number in range(4)]
            wait_for(lambda: parked(httpd) == len(uploads), "parking")
            ok(any("partNumber=" in head for head in relay.heads), "some parts are at the storage")
            is_equal(post(httpd, [file("image", "a.jpg", JPEG)], DOORS[0] + "articles").status, 201,
                     f"{len(uploads)} uploads to S3 wait for slow visitors, and another goes through 4 threads")
            statuses = []
            for connection, rest in uploads:
                with connection:
                    connection.sendall(rest)
                    statuses.append(Stream(connection).response().status)
            is_equal(statuses, [201] * len(uploads), "all are stored")
            is_equal(sorted(objects(started).values()), sorted(
                [len(JPEG)] + [100000 + number for number in range(8)] + [23 * MEGABYTE + n for n in range(4)]),
                     "whole")


# --- full

def check_full(storage, name, fill, make_room, stored):
    """Without an outbox 507; with one the upload waits until there is room."""
    for outbox, status in ("off", 507), ("on", 202):
        fill()
        with remote_site(CONF % {"outbox": outbox, "storage": storage}, {}, "articles") as httpd:
            httpd.expect("disk_full", "upload.cgi")
            keys = []
            for door in DOORS:
                answer = post(httpd, [file("image", "a.png", png(padding=100000))], door + "articles")
                is_equal((answer.status, code(answer)), (status, "disk_full" if status == 507 else None),
                         f"{name} is full, outbox {outbox}: {door}")
                keys.append(answer_json(answer)["files"][0]["key"])
            if outbox == "on":
                is_equal(sorted(waiting(httpd)), sorted(keys), f"{name}: both wait")
                make_room()
                wait_for(lambda: not waiting(httpd), "the outbox empties")
                ok(set(keys) <= set(stored()), f"{name}: they are there when there is room", stored())


def test_full_bucket():
    with servers.started("s3") as started:
        gateway, bucket = started.servers["s3"], started.environment["TEST_S3_BUCKET"]

        def limit(size):
            gateway.admin("quota", "set", "--quota-scope=bucket", f"--bucket={bucket}", f"--max-size={size}")
            gateway.admin("quota", "enable", "--quota-scope=bucket", f"--bucket={bucket}")

        check_full(s3_url(started.environment, started.environment["TEST_S3_HTTP"]), "a bucket",
                   lambda: limit(50000), lambda: limit(50000000), lambda: objects(started))


def test_full_account():
    """An FTP account with a quota, some of which is taken by something else."""
    pureftpd.PureFtpd.quota, pureftpd.PureFtpd.options = f"1000:{MEGABYTE}", ("-n", "1000:1")
    with servers.started("ftp") as started:
        values = started.environment
        home = values["TEST_FTP_HOME"]
        taken = os.path.join(home, "backup.tar")
        storage = f"ftp://tester:sekret@{values['TEST_FTP']}/media?ca={values['TEST_FTP_CA']}"

        def measure(size):
            """Counts anew what the account has."""
            with open(taken, "wb") as backup:
                backup.truncate(size)
            os.chown(taken, pureftpd.OWNER, pureftpd.OWNER)
            started.servers["ftp"].run(["pure-quotacheck", "-u", str(pureftpd.OWNER), "-d", home, "-g",
                                        str(pureftpd.OWNER)])

        check_full(storage, "an FTP account", lambda: measure(2 * MEGABYTE), lambda: measure(0),
                   lambda: os.listdir(os.path.join(home, "media")))


if __name__ == "__main__":
    main()
