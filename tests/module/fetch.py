#!/usr/bin/python3
"""POST <endpoint>/fetch: pictures of another host are stored before their URLs expire, and nothing else can be reached
through it. The module and upload.cgi answer alike."""
import base64
import contextlib
import hmac
import json
import os
import re
import subprocess
import sys
import time

sys.path[0] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")   # http.py here is not Python's
from remote_host import LIMIT, remote_host   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ARTICLES, JPEG, PNG, SECRET, answer_json, code, place, png, server, sha256,  # noqa: E402
                     stored_files, without_names)

MODULE, CGI = "/upload/articles", "/cgi-bin/upload.cgi/articles"
USER = {"Authorization": "Basic " + base64.b64encode(b"ann:sekret").decode()}
SIGNED = "/a.png?se=2099-01-01T00%3A00%3A00Z&sig="

FETCH = """    MediaUploadFetch on
    MediaUploadFetchAllow 127.0.0.1
    MediaUploadFetchCA @ROOT@/remote.pem
    MediaUploadMaxSize 100000
"""
PORTRAITS = """
<MediaUpload portraits>
    MediaUploadStorage local:public_html/static/portraits
    MediaUploadURL http://127.0.0.1:@PORT@/static/portraits
    MediaUploadKey gm/gm_{id}.{ext}
    MediaUploadReplace on
""" + FETCH + "</MediaUpload>\n"
ANN = "AuthType Basic\nAuthName test\nAuthUserFile @ROOT@/passwd\nRequire valid-user"


@contextlib.contextmanager
def started(section="", more="", where=(), conf=""):
    """(the server under test, the other host)"""
    with remote_host() as remote:
        own = ARTICLES.replace("    MediaUploadDefault", FETCH + section + "    MediaUploadDefault") + more
        hashed = subprocess.run(["openssl", "passwd", "-apr1", "sekret"], check=True, capture_output=True, text=True)
        files = {"mediaupload.conf": own, "remote.pem": remote.certificate, "passwd": f"ann:{hashed.stdout}"}
        places = "Include @ROOT@/mediaupload.conf\n" + conf + place("articles", *where)
        if more:
            places += place("portraits")
        with server(places, cgi=True, files=files) as httpd:
            httpd.expect("mediaupload")   # upload.cgi says to the error log why a fetch failed
            yield httpd, remote


def ticket(collection="articles", purpose="fetch", seconds=600, secret=SECRET):
    """As docs/http.md says how an application makes one."""
    def text(data):
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    claim = f"{int(time.time()) + seconds}.{text(os.urandom(16))}"
    return claim + "." + text(hmac.digest(secret.encode(), f"{purpose}\n{collection}\n{claim}".encode(), "sha256"))


def fetch(httpd, source, door=MODULE, headers=None, **members):
    body = json.dumps({"source": source, **members}).encode()
    if headers is None:
        headers = {"X-Upload-Ticket": ticket(door.rsplit("/", 1)[1])}
    return httpd.request("POST", door + "/fetch", {"Content-Type": "application/json", **headers}, body)


def test_stored():
    with started() as (httpd, remote):
        answer = fetch(httpd, remote.url + "/%C3%A9t%C3%A9.png")
        file = answer_json(answer).get("files", [{}])[0]
        is_equal(answer.status, 201, "a remote picture is stored")
        told = {"field": "source", "filename": "été.png", "collection": "articles", "type": "image/png",
                "size": len(PNG), "sha256": sha256(PNG), "width": 3, "height": 2, "state": "stored", "fallback": False}
        is_equal({name: file.get(name) for name in told}, told, "and told as an upload is")
        is_equal(answer_json(answer)["url"], file["url"], "its URL")
        is_equal(httpd.get(file["url"].split(str(httpd.port), 1)[1]).body, PNG, "shows it")

        remote.picture, remote.etag = JPEG, '"v2"'
        is_equal(answer_json(fetch(httpd, remote.url + "/to?/b.png"))["files"][0]["type"], "image/jpeg",
                 "a redirect is followed; the type is that of the bytes")
        data = "data:image/gif;base64," + base64.b64encode(PNG).decode()
        is_equal(answer_json(fetch(httpd, data))["files"][0]["type"], "image/png", "so is a data: URL's")


# name: (source, "@" the remote host, status, code)
REFUSED = {
    "redirected to the metadata address": ("@/to?http://169.254.169.254/latest/", 422, "source_refused"),
    "redirected to a private address": ("@/to?http://10.0.0.1/", 422, "source_refused"),
    "redirected to another loopback address": ("@/to?https://127.0.0.2/", 422, "source_refused"),
    "redirected to a file": ("@/to?file:///etc/passwd", 422, "source_refused"),
    "in a circle": ("@/to?/to?/a.png", 201, None),
    "a private address": ("http://192.168.0.1/a.png", 422, "source_refused"),
    "a mapped address": ("http://[::ffff:10.0.0.1]/a.png", 422, "source_refused"),
    "a number for an address": ("http://0x7f000002/a.png", 422, "source_refused"),
    "the server itself, by another address": ("http://127.0.0.2:%d/a.png", 422, "source_refused"),
    "a file": ("file:///etc/passwd", 422, "source_refused"),
    "a path": ("static/uploads/a.png", 422, "source_refused"),
    "with a password": ("https://me:secret@127.0.0.1/a.png", 422, "source_refused"),
    "gone": ("@/status/404", 422, "source_gone"),
    "expired": ("@/status/403", 422, "source_gone"),
    "busy": ("@/status/503", 502, "source_unavailable"),
    "no such host": ("https://no-such-host.invalid/a.png", 502, "source_unavailable"),
    "a page": ("@/page", 415, "type_not_accepted"),
    "announced as too large": ("@/announced", 413, "file_too_large"),
    "growing too large": ("@/endless", 413, "file_too_large"),
    "cut short": ("@/cut", 422, "truncated"),
    "a server that falls silent": ("@/silent", 502, "source_unavailable"),
    "data: that is none": ("data:image/png;base64,*", 422, "source_refused"),
    "data: that is a page": ("data:text/html,<html>x</html>", 415, "type_not_accepted"),
    "data: that is too large": ("data:;base64," + "A" * (LIMIT + 40000), 413, "file_too_large"),
    "no source": ("", 400, "usage"),
}


def test_refused():
    with started(section="    MediaUploadFetchTimeout 2\n") as (httpd, remote):
        stored = len(stored_files(httpd))
        for name, (source, status, expected) in REFUSED.items():
            source = re.sub("^@", remote.url, source).replace("%d", str(httpd.port))
            answers = [fetch(httpd, source, door) for door in (MODULE, CGI)]
            seen = answer_json(answers[0])
            is_equal((answers[0].status, code(answers[0])), (status, expected), f"{name}: {status} {expected}")
            is_equal(answers[1].status, status, f"{name}: the same from upload.cgi")
            if expected is not None:
                ok((seen.get("url") or "").endswith("/default_article.jpg"), f"{name}: the default image", seen)
                is_equal(without_names(answers[1].text), without_names(answers[0].text), f"{name}: and the same body")
        is_equal(len(stored_files(httpd)) - stored, 1, "nothing is left of what was refused")


def test_names_that_lead_inside():
    with started() as (httpd, remote):
        source = f"https://localhost:{remote.server_port}/a.png"
        is_equal(fetch(httpd, source).status, 201, "a name that leads to an excepted address")
        del remote.seen[:]
        with open(httpd.path("mediaupload.conf"), encoding="utf-8") as file:
            conf = file.read()
        httpd.write("mediaupload.conf", conf.replace("FetchAllow 127.0.0.1", "FetchAllow 10.0.0.1"))
        httpd.restart_graceful()
        for door in (MODULE, CGI):
            is_equal(code(fetch(httpd, source + "?2", door)), "source_refused", f"to another one, at {door}")
        is_equal(remote.seen, [], "no request was sent there")


def test_who_may():
    refusals = (("none", {}, 401, "unauthorized"),
                ("another secret's", {"secret": "another secret of 16"}, 403, "forbidden"),
                ("expired", {"seconds": -1}, 403, "forbidden"),
                ("for uploads", {"purpose": "upload"}, 403, "forbidden"),
                ("another collection's", {"collection": "portraits"}, 403, "forbidden"))
    with started() as (httpd, remote):
        for name, made, status, expected in refusals:
            headers = {"X-Upload-Ticket": ticket(**made)} if made else {}
            for door in (MODULE, CGI):
                answer = fetch(httpd, remote.url + "/a.png", door, headers)
                is_equal((answer.status, code(answer)), (status, expected), f"a ticket, {name}: {status} at {door}")
                is_equal(answer.header("WWW-Authenticate") is not None, status == 401, "which ticket it wants")
        answer = fetch(httpd, remote.url + "/a.png", headers=USER)
        is_equal(answer.status, 401, "a password that the server does not ask for is no permission")
        is_equal(remote.seen, [], "nothing was fetched")
    programs = f"<Location /cgi-bin>\n{ANN}\n</Location>\n"
    with started(conf=programs, where=ANN.splitlines()) as (httpd, remote):
        for door in (MODULE, CGI):
            is_equal(fetch(httpd, remote.url + "/a.png", door, USER).status, 201, f"a user of the server, at {door}")
    with started(section="    MediaUploadFetch off\n") as (httpd, remote):
        for door in (MODULE, CGI):
            is_equal(fetch(httpd, remote.url + "/a.png", door).status, 404, f"{door}: off")


def test_requests():
    with started(section="    MediaUploadOrigin https://friend.example\n") as (httpd, remote):
        good = {"Content-Type": "application/json", "X-Upload-Ticket": ticket()}
        body = json.dumps({"source": remote.url + "/a.png"}).encode()
        for name, method, headers, content, status, expected in (
                ("GET", "GET", {}, b"", 405, "method_not_allowed"),
                ("a form", "POST", {"Content-Type": "multipart/form-data; boundary=x"}, body, 415, "not_json"),
                ("text", "POST", {"Content-Type": "text/plain"}, body, 415, "not_json"),
                ("no JSON", "POST", {}, b"{", 400, "usage"),
                ("no object", "POST", {}, b"[1]", 400, "usage"),
                ("nothing", "POST", {}, b"", 400, "usage"),
                ("too much", "POST", {}, b'{"source":"' + b"x" * 300000 + b'"}', 413, "body_too_large"),
                ("a very long URL", "POST", {}, b'{"source":"https://' + b"x" * 70000 + b'"}', 413, "body_too_large"),
                ("another site's page", "POST", {"Origin": "https://evil.example"}, body, 403, "origin_refused"),
                ("a friend's page", "POST", {"Origin": "https://friend.example"}, body, 201, None)):
            for door in (MODULE, CGI):
                answer = httpd.request(method, door + "/fetch", body=content, headers={**good, **headers})
                is_equal((answer.status, code(answer)), (status, expected), f"{name}: {status} at {door}")
        answer = httpd.request("GET", MODULE + "/fetch", headers=good)
        is_equal(answer.header("Allow"), "POST, OPTIONS", "what may be sent")
        answer = httpd.request("OPTIONS", MODULE + "/fetch", headers={"Origin": "https://friend.example"})
        ok(answer.status == 204 and "X-Upload-Ticket" in (answer.header("Access-Control-Allow-Headers") or ""),
           "a preflight allows the ticket", answer.headers)


def test_csrf():
    with started(section="    MediaUploadCSRF token\n", where=ANN.splitlines()) as (httpd, remote):
        token = answer_json(httpd.get(MODULE, headers=USER))["csrf"]
        source = remote.url + "/a.png"
        is_equal(fetch(httpd, source, headers=USER).status, 403, "a user needs the token")
        is_equal(fetch(httpd, source, headers={**USER, "X-CSRF-Token": token}).status, 201, "and has it as a header")


def test_once():
    """What was fetched is not fetched again; what has another signature is asked for by its ETag."""
    with started() as (httpd, remote):
        first = answer_json(fetch(httpd, remote.url + SIGNED + "one"))
        for door in (MODULE, CGI):
            again = fetch(httpd, remote.url + SIGNED + "one", door)
            is_equal((again.status, answer_json(again)), (201, first), f"the same answer again from {door}")
        is_equal(len(remote.seen), 1, "and one request")
        is_equal(answer_json(fetch(httpd, remote.url + SIGNED + "two")), first, "another signature, the same ETag")
        is_equal((len(remote.seen), len(stored_files(httpd))), (2, 1), "was asked for, and not stored again")
        answer_json(fetch(httpd, remote.url + SIGNED + "two"))
        is_equal(len(remote.seen), 2, "is known from then on")
        remote.picture, remote.etag = JPEG, '"v2"'
        is_equal(answer_json(fetch(httpd, remote.url + SIGNED + "three"))["files"][0]["type"], "image/jpeg",
                 "another ETag: another picture")
        os.remove(httpd.path("public_html/static/article_images/" + first["files"][0]["key"]))
        is_equal(fetch(httpd, remote.url + SIGNED + "one").status, 201, "a file that is gone")
        is_equal(len(remote.seen), 4, "is fetched again")


def test_ids():
    """{id} comes from the body; a record's picture takes the place of its older one."""
    with started(more=PORTRAITS) as (httpd, remote):
        door = "/upload/portraits"

        def key(**members):
            answer = fetch(httpd, remote.url + "/a.png", door, **members)
            return answer_json(answer)["files"][0]["key"] or code(answer)

        is_equal(key(id="17"), "gm/gm_17.png", "a text")
        is_equal(key(id=18), "gm/gm_18.png", "a number, of the same URL")
        is_equal(len(remote.seen), 2, "each record has a file of its own")
        for wrong in ("../x", "a/b", "", None, [1]):
            is_equal(key(id=wrong), "id_missing", f"no id: {wrong!r}")
        remote.picture, remote.etag = png(5, 5), '"v2"'
        is_equal(answer_json(fetch(httpd, remote.url + "/b.png", door, id="17"))["files"][0]["width"], 5,
                 "a newer picture of the record")
        is_equal(answer_json(fetch(httpd, remote.url + "/a.png", door, id="17"))["files"][0]["width"], 5,
                 "the older URL does not stand for it")
        is_equal(stored_files(httpd, "public_html/static/portraits"), ["gm/gm_17.png", "gm/gm_18.png"], "two files")


def test_configuration():
    for wrong, expected in (("MediaUploadFetchAllow 10.0.0.0/40", "MediaUploadFetchAllow"),
                            ("MediaUploadPermanent https://a.example", "MediaUploadPermanent"),
                            ("MediaUploadFetchCA missing.pem", "MediaUploadFetchCA"),
                            ("MediaUploadFetchTimeout 0", "MediaUploadFetchTimeout")):
        conf = ARTICLES.replace("MediaUploadDefault", f"MediaUploadFetch on\n    {wrong}\n    MediaUploadDefault")
        httpd = server(conf + place("articles"))
        httpd.make_folder()
        try:
            passed, said = httpd.check_syntax()
            ok(not passed and expected in said, f"{wrong} is refused", said)
        finally:
            httpd.close()


if __name__ == "__main__":
    main()
