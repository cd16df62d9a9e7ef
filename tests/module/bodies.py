#!/usr/bin/python3
"""CHECKLIST 1, 2, 7, 9 and 10: the bodies of tests/bodies.py, whole and in chunks of several sizes, through the module
and through upload.cgi. What is accepted comes back with its names, sizes and SHA-256; what is refused gets 4xx and
leaves a connection that serves the next request, or is closed cleanly."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from bodies import ACCEPTED, REFUSED, TYPE, one   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import ANY, answer_json, place, server, sha256, stored_files   # noqa: E402

ENDPOINT, PROGRAM = "/upload/any", "/cgi-bin/upload.cgi/any"
CHUNKS = (1, 3, 7, 512, 4096)
MANY_CHUNKS = 4000   # of 1 to 7 bytes take long: larger bodies come in larger chunks
CONF = ANY.replace("</", "    MediaUploadMaxFiles 1000\n    MediaUploadMaxFields 1000\n</")


def head(content_type, path, *lines):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}", *lines]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body, content_type=TYPE, path=ENDPOINT, *lines):
    return head(content_type, path, f"Content-Length: {len(body)}", *lines) + body


def chunked(body, size, content_type):
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return head(content_type, ENDPOINT, "Transfer-Encoding: chunked") + b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def sendings(body, content_type):
    """(how, request) for each way to send a body to the module."""
    yield "whole", whole(body, content_type)
    for size in CHUNKS:
        if len(body) <= size * MANY_CHUNKS:
            yield f"chunks of {size}", chunked(body, size, content_type)


LAST = whole(one(), TYPE, ENDPOINT, "Connection: close")


def files_of(parts):
    files = [part for part in parts if part[1] is not None]
    return [(name, filename, len(content), sha256(content)) for name, filename, content in files]


def fields_of(parts):
    fields = {}
    for name, filename, value in parts:
        if filename is None:
            fields.setdefault(name, []).append(value)
    return fields


def told(answer):
    """What a reply says of the parts: files, fields."""
    reply = answer_json(answer)
    return ([(file["field"], file["filename"], file["size"], file["sha256"]) for file in reply.get("files", [])],
            reply.get("fields"))


def test_accepted():
    with server(CONF + place("any"), default_image=False) as httpd:
        expected_files = 0
        for title, (body, parts, *kind) in ACCEPTED.items():
            wrong = []
            for how, request in sendings(body, *kind or [TYPE]):
                answers = httpd.raw(request + LAST)
                expected_files += len(files_of(parts))
                if [answer.status for answer in answers] != [201, 201]:
                    wrong.append((how, answers))
                elif told(answers[0]) != (files_of(parts), fields_of(parts)):
                    wrong.append((how, told(answers[0])))
            ok(not wrong, f"accepted: {title}", *wrong, (files_of(parts), fields_of(parts)))
        is_equal(len(stored_files(httpd, "public_html/static/any")), expected_files, "every file is stored")


def test_refused():
    with server(CONF + place("any"), default_image=False) as httpd:
        for title, (body, *kind) in REFUSED.items():
            wrong = []
            for how, request in sendings(body, *kind or [TYPE]):
                seen = [answer.status for answer in httpd.raw(request + LAST)]
                if seen[:1] not in ([400], [415]) or seen[1:] not in ([201], []):
                    wrong.append((how, seen))
            ok(not wrong, f"refused: {title}", *wrong)
        is_equal([answer.status for answer in httpd.raw(LAST)], [201], "the server still answers")
        is_equal(stored_files(httpd, "public_html/static/any"), [], "nothing of what was refused is left")


def test_program():
    files = {"mediaupload.conf": CONF}
    with server("Include @ROOT@/mediaupload.conf\n", default_image=False, cgi=True, files=files) as httpd:
        httpd.expect("cgid", "mediaupload")
        rows = [(title, *row) for title, row in {**ACCEPTED, **REFUSED}.items()]
        wrong = []
        for title, body, *rest in rows:
            parts = rest[0] if title in ACCEPTED else None
            kind = rest[1:] if title in ACCEPTED else rest
            answers = httpd.raw(whole(body, *kind or [TYPE], PROGRAM, "Connection: close"))
            seen = [answer.status for answer in answers]
            if parts is None and seen not in ([400], [415]):
                wrong.append((title, seen))
            if parts is not None and (seen != [201] or told(answers[0]) != (files_of(parts), fields_of(parts))):
                wrong.append((title, answers))
        ok(not wrong, "upload.cgi answers the same", *wrong)


if __name__ == "__main__":
    main()
