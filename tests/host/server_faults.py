#!/usr/bin/python3
"""Nothing lost, nothing left in httpd: each system call on files that an upload makes there fails in turn.

The calls go wrong in a library that is preloaded, tests/faults/shim.c; between two requests it is told which call is
next. An answer is honest when it says 201 and the file is there whole, mode 644, with its row; or when it says an error
with the default image's URL and all is as before. After each fault the same child takes the next upload."""
import contextlib
import errno
import mmap
import os
import re
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
from agreement import rows, whole_files   # noqa: E402
from httpd import HttpdError, wait_for   # noqa: E402
from processes import children, descriptors, threads   # noqa: E402
from shim import build_shim   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import answer_json, file, place, png, post, server, sha256   # noqa: E402

SHORT = -1
KINDS = {"ENOSPC": errno.ENOSPC, "EDQUOT": errno.EDQUOT, "EIO": errno.EIO, "EINTR": errno.EINTR,
         "a short write": SHORT}
MOST_CALLS = 400        # far more than an upload has
IMAGES, CATALOG = "below/images", "below/media.db"
CONF = """
StartServers 1
ServerLimit 1
ThreadLimit 4
ThreadsPerChild 4
MaxRequestWorkers 4
MinSpareThreads 1
MaxSpareThreads 4
MediaUploadDatabase sqlite3 below/media.db
<MediaUpload images>
    MediaUploadStorage local:below/images
    MediaUploadURL http://127.0.0.1:@PORT@/images
    MediaUploadDefault default_article.jpg
    MediaUploadDurable on
    %s
</MediaUpload>
""" + place("images", path="/upload")
FEWEST_CALLS = 20       # each way has more
WAYS = {   # directives, environment
    "a new folder each time": ("MediaUploadKey {uuid}/{uuid}.{ext}", {}),
    "by hidden names": ("MediaUploadKey {uuid}.{ext}", {"FAULT_NAMED": "1"}),
    "over an existing file": ("MediaUploadKey {name}.{ext}\n    MediaUploadReplace on", {}),
}


class Orders:
    """What the preloaded library is told."""

    def __init__(self, path):
        with open(path, "r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), 0)

    def fail(self, call, kind):
        """The call of this number, from now on, goes wrong."""
        self.memory[4:8] = struct.pack("i", kind)
        self.memory[0:4] = struct.pack("i", call)

    def end(self):
        """No call goes wrong any more; whether one did."""
        left, = struct.unpack("i", self.memory[0:4])
        self.memory[0:4] = bytes(4)
        return left == 0


@contextlib.contextmanager
def faulty_server(folder, directives, env):
    """(the server, its orders, its one child)"""
    with server(CONF % directives, files={"orders": bytes(8), "below/.keep": b""}, default_image=False,
                env={"LD_PRELOAD": build_shim(folder), "FAULT_BELOW": "@ROOT@/below", "FAULT_ORDERS": "@ROOT@/orders",
                     **env}) as httpd:
        httpd.expect("mediaupload:error", "AH10159")
        yield httpd, Orders(httpd.path("orders")), next(pid for pid in children(httpd) if threads(pid) > 4)


def state(httpd):
    return whole_files(httpd, IMAGES), rows(httpd, CATALOG)


def lies_of(httpd, before, answer, content):
    """What is wrong with the outcome of one upload; `before` is the state before it."""
    reply, now = answer_json(answer), state(httpd)
    if answer is not None and answer.status == 201:
        key = reply["files"][0]["key"]
        expected = tuple({**one, key: sha256(content)} for one in before)
        return [] if now == expected else [f"201 {key}, but there are {now}"]
    allowed = [before]
    if "a.png" in before[0]:   # in place of an older file, a new one stays when it is the folder that cannot be synced
        allowed.append(({"a.png": sha256(content)}, before[1]))
    lies = [] if now in allowed else [f"{answer}, and left {now} instead of {before}"]
    if answer is None or answer.status < 500 or not reply.get("url", "").endswith("/default_article.jpg"):
        lies.append(f"answered {answer}")
    return lies


def fail_each_call(httpd, orders, kind):
    """How often each status was answered while a call went wrong, and what was dishonest."""
    answers, lies = {}, []
    for call in range(1, MOST_CALLS):
        content, before = png(padding=300000 + call), state(httpd)
        orders.fail(call, kind)
        answer = post(httpd, [file("image", "a.png", content)], path="/upload")
        failed = orders.end()
        fault = re.findall("^fault: (.*)$", httpd.error_log(), re.MULTILINE)[-1:]
        lies += [f"call {call}, {fault}: {lie}" for lie in lies_of(httpd, before, answer, content)]
        if not failed:
            return answers, lies
        answers[answer and answer.status] = answers.get(answer and answer.status, 0) + 1
        content, before = png(padding=call), state(httpd)
        answer = post(httpd, [file("image", "a.png", content)], path="/upload")
        lies += [f"after call {call}, {fault}: {lie}" for lie in lies_of(httpd, before, answer, content)]
        if answer is None or answer.status != 201:
            lies.append(f"after call {call}, {fault}: the next upload: {answer}")
    raise HttpdError("the calls never end")


def test_each_call_fails():
    for way, (directives, env) in WAYS.items():
        with tempfile.TemporaryDirectory() as folder, faulty_server(folder, directives, env) as (httpd, orders, child):
            for _ in range(3):
                is_equal(post(httpd, [file("image", "a.png", png())], path="/upload").status, 201, f"{way}: an upload")
            before = len(descriptors(child))
            for name, kind in KINDS.items():
                answers, lies = fail_each_call(httpd, orders, kind)
                calls = sum(answers.values())
                ok(not lies and calls > FEWEST_CALLS,
                   f"{way}, {name} at each of {calls} calls: an honest answer, {answers}", *lies)
                ok(201 in answers and (kind == SHORT or set(answers) - {201}),
                   f"{way}, {name}: some are told, some do not matter", answers)
            wait_for(lambda pid=child, most=before: len(descriptors(pid)) <= most, f"{before} descriptors, as before")
            ok(child in children(httpd), f"{way}: the same child, no more descriptors")


if __name__ == "__main__":
    main()
