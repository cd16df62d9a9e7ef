#!/usr/bin/python3
"""The outbox as a visitor and a template see it, with a storage at a port where nobody listens. That what waits is
delivered is tests/storage/soak.py."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from httpd import wait_for   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402
from uploads import JPEG, PHP, answer_json, code, file, place, post, server   # noqa: E402

CONF = """
MediaUploadSecret "an example secret of the tests"
MediaUploadDatabase sqlite3 var/media.db
MediaUploadOutbox %(outbox)s
<MediaUpload articles>
    MediaUploadStorage "s3://AKIDEXAMPLE:squeamish-ossifrage@shop/media?endpoint=http://127.0.0.1:%(nobody)d"
    MediaUploadURL https://cdn.example.org/media
    MediaUploadKey sites/{site}/{uuid}.{ext}
    MediaUploadDefault https://www.example.org/none.svg
    %(more)s
</MediaUpload>
"""


NOBODY = socket.socket()   # its port is taken, but refuses connections
NOBODY.bind(("127.0.0.1", 0))


def start(outbox="on", more="", **options):
    conf = CONF % {"outbox": outbox, "nobody": NOBODY.getsockname()[1], "more": more}
    return server(conf=conf + place("articles"), default_image=False, files={"mediaupload.conf": conf}, **options)


def path_of(httpd, url):
    """The path of a URL at this server."""
    return url[len(httpd.url):] if url.startswith(httpd.url) else None


def test_queued():
    with start() as httpd:
        answer = post(httpd, [file("image", "photo.jpg", JPEG)])
        whole, one = answer_json(answer), answer_json(answer).get("files", [{}])[0]
        is_equal(answer.status, 202, "an upload while the storage is down: 202")
        is_equal((one.get("state"), one.get("fallback"), "error" in one), ("queued", False, False), "queued, no error")
        is_equal(one.get("final_url"), f"https://cdn.example.org/media/{one.get('key')}", "the URL to come")
        is_equal(one.get("url"), f"{httpd.url}/upload/articles/queued/{one.get('key')}", "the URL of now")
        is_equal(whole.get("url"), one.get("url"), "is the form's, too")
        seen = httpd.get(path_of(httpd, one["url"]))
        is_equal((seen.status, seen.body, seen.header("Content-Type")), (200, JPEG, "image/jpeg"), "shows the picture")
        is_equal(seen.header("X-Content-Type-Options"), "nosniff", "which is what it is said to be")
        head = httpd.request("HEAD", path_of(httpd, one["url"]))
        is_equal((head.status, head.header("Content-Length")), (200, str(len(JPEG))), "HEAD tells its size")
        page = post(httpd, [file("image", "photo.jpg", JPEG)], headers={"Accept": "text/html"})
        ok(page.status == 202 and "/queued/" in page.text and "alert" not in page.text, "a page shows it", page.text)
        status = httpd.get("/server-status?auto").text
        contains(status, "MediaUploadWaiting: 2", "mod_status counts what waits")
        contains(status, "MediaUploadStoragesDown: 1", "and the storage that is down")
        contains(httpd.get("/server-status").text, "s3://shop/media", "its page names it")
        ok("squeamish" not in httpd.error_log() + status + httpd.get("/server-status").text, "without its secret")


def test_refused_as_ever():
    with start() as httpd:
        answer = post(httpd, [file("image", "photo.jpg", PHP)])
        is_equal((answer.status, code(answer)), (415, "type_not_accepted"), "what is not wanted does not wait")
        is_equal(waiting(httpd), [], "nothing of it is in the outbox")


def waiting(httpd):
    found = []
    for parent, _, names in os.walk(httpd.path("var")):
        found += [name for name in names if "outbox" in parent and name.endswith(".jpg")]
    return found


def test_without_outbox():
    with start(outbox="off") as httpd:
        httpd.expect("storage_unavailable")
        answer = post(httpd, [file("image", "photo.jpg", JPEG)])
        is_equal((answer.status, code(answer)), (502, "storage_unavailable"), "without an outbox: 502")
        is_equal(answer_json(answer)["url"], "https://www.example.org/none.svg", "and the default image")
        is_equal(httpd.get("/upload/articles/queued/sites/default/a.jpg").status, 404, "there is nothing queued")


def test_addresses():
    with start() as httpd:
        key = answer_json(post(httpd, [file("image", "photo.jpg", JPEG)]))["files"][0]["key"]
        queued = "/upload/articles/queued/"
        gone = httpd.get(queued + "sites/default/gone.jpg")
        is_equal((gone.status, gone.header("Location")),
                 (302, "https://cdn.example.org/media/sites/default/gone.jpg"), "what has been delivered is elsewhere")
        for path in "../../mediaupload.conf", "..%2f..%2fmedia.db", "%2e%2e/a", ".htaccess", "a%00.jpg", "":
            is_equal(httpd.get(queued + path).status in (400, 403, 404), True, f"no key: {path!r}")
        is_equal(httpd.request("POST", queued + key, body=b"x").status, 405, "nothing is sent there")
        for path, url in ((key, f"{httpd.url}{queued}{key}"), ("https://a.example/b.png", "https://a.example/b.png")):
            answer = httpd.get("/upload/articles/url?path=" + path)
            is_equal((answer.status, answer_json(answer)), (200, {"path": path, "url": url, "fallback": False}),
                     f"url?path={path[:20]}")
        answer = httpd.get("/upload/articles/url")
        is_equal((answer.status, code(answer)), (400, "usage"), "url without a path")


def test_same_by_cgi():
    """The program does not know its address but from the configuration."""
    with start(more="MediaUploadEndpoint https://www.example.org/up", cgi=True) as httpd:
        by_module = post(httpd, [file("image", "photo.jpg", JPEG)])
        by_cgi = post(httpd, [file("image", "photo.jpg", JPEG)], path="/cgi-bin/upload.cgi/articles")
        is_equal(by_cgi.status, by_module.status, "202 by both doors")
        for answer, door in ((by_module, "module"), (by_cgi, "upload.cgi")):
            one = answer_json(answer)["files"][0]
            is_equal(one["url"], f"https://www.example.org/up/queued/{one['key']}", f"{door}: MediaUploadEndpoint")
            for path in "/upload/articles", "/cgi-bin/upload.cgi/articles":
                seen = httpd.get(f"{path}/queued/{one['key']}")
                is_equal((seen.status, seen.body), (200, JPEG), f"what came by {door} is seen at {path}")
    with start(cgi=True) as httpd:
        one = answer_json(post(httpd, [file("image", "a.jpg", JPEG)], path="/cgi-bin/upload.cgi/articles"))["files"][0]
        is_equal((one["state"], one["url"]), ("queued", "https://www.example.org/none.svg"),
                 "without it the default image is what can be seen")


def test_two_servers():
    """Virtual hosts whose collections have the same name."""
    host = "<VirtualHost 127.0.0.1:@PORT@>\nServerName %s.example.org\n%s</VirtualHost>\n"
    site = """MediaUploadOutbox on
%s
<MediaUpload articles>
    MediaUploadStorage "s3://AKIDEXAMPLE:squeamish-ossifrage@%s/media?endpoint=http://127.0.0.1:9"
    MediaUploadURL https://cdn.example.org/%s
</MediaUpload>
"""
    for name, bucket, folder, is_good in (("in one bucket", "one", "", True), ("in two buckets", "two", "", False),
                                          ("with two outboxes", "two", "MediaUploadOutboxDir var/other", True)):
        httpd = server(host % ("one", site % ("", "one", "one")) + host % ("other", site % (folder, bucket, bucket)))
        httpd.make_folder()
        try:
            passed, said = httpd.check_syntax()
        finally:
            httpd.close()
        is_equal(passed, is_good, f"two servers {name}")
        is_equal("give one of the servers another MediaUploadOutboxDir" in said, not is_good, "as httpd -t says")
        ok("squeamish" not in said, "without a secret", said)


def test_no_room():
    """A file where the outbox should be: the storage alone decides."""
    with start() as httpd:
        httpd.expect("storage_unavailable")
        httpd.write("var/outbox", "in the way")
        answer = post(httpd, [file("image", "photo.jpg", JPEG)])
        is_equal((answer.status, code(answer)), (502, "storage_unavailable"), "no outbox and no storage: 502")
        wait_for(lambda: "the outbox cannot be used" in httpd.error_log(), "a line in the log")


if __name__ == "__main__":
    main()
