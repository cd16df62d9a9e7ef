#!/usr/bin/python3
"""The main job: a form, an upload, a picture under its full public URL; on every MPM."""
import os
import sqlite3
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import (ANY, ARTICLES, GIF, JPEG, PHP, PNG, WEBP, answer_json, code, field, file, place,  # noqa: E402
                     post, server, sha256, stored_files)

MEMBERS = ["field", "filename", "collection", "key", "url", "type", "size", "sha256", "width", "height", "state",
           "fallback"]


def path_of(url):
    return "/" + url.split("/", 3)[3]


def test_every_mpm():
    for mpm in ("event", "worker", "prefork"):
        with server(mpm=mpm) as httpd:
            answer = post(httpd, [file("image", "a.jpg", JPEG), field("title", "Été")])
            reply = answer_json(answer)
            is_equal(answer.status, 201, f"{mpm}: 201")
            is_equal(httpd.get(path_of(reply["url"])).body, JPEG, f"{mpm}: the URL returns the same bytes")
            httpd.restart_graceful()
            is_equal(post(httpd, [file("image", "a.png", PNG)]).status, 201, f"{mpm}: 201 after a graceful restart")


def test_reply():
    with server() as httpd:
        answer = post(httpd, [file("image", "Été à Tunis.JPG", JPEG), field("title", "Été"), field("tag", "a"),
                              field("tag", "b")])
        reply = answer_json(answer)
        one = reply["files"][0]
        is_equal(answer.header("Content-Type"), "application/json", "the reply is JSON")
        is_equal(list(reply), ["files", "fields", "url"], "its members")
        is_equal(list(one), MEMBERS, "a file's members")
        is_equal(reply["fields"], {"title": ["Été"], "tag": ["a", "b"]}, "fields, each with its values in order")
        is_equal((one["field"], one["filename"], one["collection"]), ("image", "Été à Tunis.JPG", "articles"), "names")
        is_equal((one["type"], one["size"], one["sha256"]), ("image/jpeg", len(JPEG), sha256(JPEG)), "what it is")
        ok(one["width"] > 0 and one["height"] > 0, "width and height", one)
        is_equal((one["state"], one["fallback"]), ("stored", False), "state")
        is_equal(reply["url"], one["url"], "the first file's URL stands on top")
        is_equal(one["url"], f"{httpd.url}/static/article_images/{one['key']}", "the URL is the base and the key")


def test_files():
    for mask in (0o000, 0o022, 0o077):
        with server(umask=mask, default_image=False) as httpd:
            key = answer_json(post(httpd, [file("image", "a.jpg", JPEG)]))["files"][0]["key"]
            path = httpd.path("public_html/static/article_images", key)
            is_equal(oct(stat.S_IMODE(os.stat(path).st_mode)), "0o644", f"umask {mask:03o}: mode 644")
            modes = [oct(stat.S_IMODE(os.stat(httpd.path(folder)).st_mode))
                     for folder in ("public_html/static", "public_html/static/article_images")]
            is_equal(modes, ["0o755", "0o755"], f"umask {mask:03o}: folders 755")


def test_catalog():
    with server() as httpd:
        reply = answer_json(post(httpd, [file("image", "Été.jpg", JPEG)]))
        with sqlite3.connect(httpd.path("var/media.db")) as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute("SELECT * FROM mediaupload_media")]
        one = reply["files"][0]
        is_equal(len(rows), 1, "one row")
        for column, member in (("collection", "collection"), ("object_key", "key"), ("url", "url"), ("type", "type"),
                               ("filename", "filename"), ("size", "size"), ("sha256", "sha256"), ("width", "width"),
                               ("height", "height")):
            is_equal(rows[0][column], one[member], f"the row's {column}")


def test_several_files():
    with server() as httpd:
        answer = post(httpd, [file("image", "a.jpg", JPEG), file("image", "b.png", PNG), file("more", "c.gif", GIF),
                              file("more", "d.webp", WEBP)])
        reply = answer_json(answer)
        is_equal(answer.status, 201, "several files in one form")
        is_equal([one["type"] for one in reply["files"]], ["image/jpeg", "image/png", "image/gif", "image/webp"],
                 "each by its own type")
        is_equal(len(stored_files(httpd)), 4, "all are there")


def test_one_bad_among_good():
    with server() as httpd:
        answer = post(httpd, [file("image", "a.jpg", JPEG), file("image", "evil.php", PHP)])
        reply = answer_json(answer)
        is_equal(answer.status, 415, "the first problem's status")
        is_equal([one["state"] for one in reply["files"]], ["stored", "rejected"], "each file has its state")
        is_equal(reply["error"]["code"], "type_not_accepted", "and the form its error")
        is_equal(len(stored_files(httpd)), 1, "the good one is there")


def test_refused_types():
    refused = {"evil.php": PHP, "x.jpg": PHP, "x.php.jpg": PHP, "page.html": b"<!DOCTYPE html><script>1</script>",
               "x.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>', "x.zip": b"PK\3\4" + bytes(100),
               "x.pdf": b"%PDF-1.7\n" + bytes(100), "x.elf": b"\x7fELF\2\1\1" + bytes(100), "x.sh": b"#!/bin/sh\nid\n",
               "x.txt": b"just text\n", "x.gif": JPEG[:2] + b"GIF89a", "x.xml": b"<?xml version='1.0'?><a/>",
               ".htaccess": b"SetHandler cgi-script\n", "php-in.png": PNG[:-12] + b"<?php system(1); ?>" + PNG[-12:]}
    with server() as httpd:
        for name, content in refused.items():
            answer = post(httpd, [file("image", name, content, "image/jpeg")])
            reply = answer_json(answer)
            is_equal(answer.status, 415, f"{name}: 415")
            ok(reply.get("url", "").endswith("/static/article_images/default_article.jpg"),
               f"{name}: the url names the default image", reply)
        is_equal(httpd.get(path_of(reply["url"])).status, 200, "which is reachable")
        is_equal(stored_files(httpd), [], "nothing is left of them")


def test_stored_names():
    names = ["x.php.jpg", "x.pl.jpg", "x.shtml.jpg", ".htaccess", ".user.ini", "CON", "a.php%00.jpg", "../../up.jpg",
             "/etc/passwd", "C:\\windows\\x.jpg", "a\u202egpj.php", "é.phtml", "x.jpg/", "a" * 300 + ".cgi", "-rf", ".",
             "..", "%2e%2e%2fx.jpg", "x.jpg;.php", "x.PHP", "<script>.jpg", "'; DROP TABLE x; --.jpg"]
    conf = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadKey {name}-{uuid}.{ext}\n    MediaUploadDefault")
    with server(conf + place("articles")) as httpd:
        for name in names:
            answer = post(httpd, [file("image", name, JPEG)])
            key = (answer_json(answer).get("files") or [{}])[0].get("key") or ""
            ok(answer.status == 201 and key.isascii() and key.count(".") == 1 and key.endswith(".jpg")
               and "/" not in key and key[0].isalnum(), f"{name[:40]!r}: a name of our own", answer)
        is_equal(len(stored_files(httpd)), len(names), "each is there under its own name")
        is_equal(len(os.listdir(httpd.path("public_html"))), 1, "and nothing elsewhere")


def test_any_collection():
    with server(ARTICLES + ANY + place("any")) as httpd:
        for name, content in (("evil.php", PHP), ("empty.txt", b""), ("bin", bytes(range(256))),
                              ("fake.gif", b"GIF89a no")):
            answer = post(httpd, [file("f", name, content)], "/upload/any")
            one = (answer_json(answer).get("files") or [{}])[0]
            is_equal((answer.status, one.get("size"), one.get("sha256")), (201, len(content), sha256(content)),
                     f"any: {name} is stored")
            ok(not one.get("key", ".php").endswith((".php", ".html", ".cgi")), "under a harmless name", one)
        is_equal(post(httpd, [field("a", "b")], "/upload/any").status, 201, "any: a form without files")
        is_equal(post(httpd, [b"Content-Disposition: form-data\r\n\r\nx"], "/upload/any").status, 201,
                 "any: a part without a name")


def test_no_file():
    with server() as httpd:
        for parts, name in (([], "an empty form"), ([field("title", "x")], "a form without a file"),
                            ([file("image", "", b"")], "a form in which nothing was chosen")):
            answer = post(httpd, parts)
            is_equal((answer.status, code(answer)), (422, "no_file"), name)
        answer = post(httpd, [file("image", "empty.jpg", b"")])
        is_equal((answer.status, code(answer)), (422, "empty_file"), "an empty file")


def test_damaged_pictures():
    with server() as httpd:
        for name, content in (("jpeg", JPEG), ("png", PNG), ("gif", GIF), ("webp", WEBP)):
            codes = {code(post(httpd, [file("image", "x", content[:len(content) * percent // 100])]))
                     for percent in range(40, 100, 12)}
            is_equal(codes, {"truncated"}, f"a {name} cut short is refused")
        is_equal(stored_files(httpd), [], "nothing is left of them")


def test_switches():
    off = ARTICLES.replace("    MediaUploadDefault", "    MediaUploadChecksum off\n    MediaUploadDefault")
    with server(off.replace("MediaUploadDatabase", "#") + place("articles")) as httpd:
        one = answer_json(post(httpd, [file("image", "a.jpg", JPEG)]))["files"][0]
        is_equal((one["state"], one["sha256"]), ("stored", None), "without checksum and catalog")
        ok(not os.path.exists(httpd.path("var/media.db")), "no catalog is made")


if __name__ == "__main__":
    main()
