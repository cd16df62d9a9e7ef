#!/usr/bin/python3
"""Nothing lost, nothing left: upload.cgi while each of its system calls on files fails in turn, and while it is killed
before each of them; and the order of its calls in durable mode.

The calls go wrong in a library that is preloaded, tests/faults/shim.c. A run answers honestly when it says 201 and the
file is there whole, mode 644, with its row; or says an error with the default image's URL and neither is there."""
import concurrent.futures
import contextlib
import errno
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
from disk import Disk, hide_mounts   # noqa: E402
from httpd import TOP, HttpdError   # noqa: E402
from shim import build_shim   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import BOUNDARY, GIF, JPEG, file, form, sha256   # noqa: E402

PROGRAM = os.path.join(TOP, "cgi-bin", "upload.cgi")
CAUSES = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EINTR)
MOST_CALLS = 400        # far more than an upload has
UPLOADS = {"the first upload": 80, "a later upload": 30, "by hidden names": 80}   # each has more calls than that
RUNS_AT_ONCE = 2
TIME_LIMIT = 60         # seconds for one run
IMAGES, CATALOG = "below/images/articles", "below/var/media.db"
URL = "https://www.example.org/images"
CONF = f"""
MediaUploadDatabase sqlite3 {CATALOG}
<MediaUpload articles>
    MediaUploadStorage local:{IMAGES}
    MediaUploadURL {URL}
    MediaUploadDefault default_article.jpg
    MediaUploadDurable on
    %s
</MediaUpload>
"""


class Place:
    """A folder with a configuration; what uploads make is in its folder `below`."""

    def __init__(self, setting=""):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="mediaupload-faults-"))
        os.mkdir(os.path.join(self.root, "below"), 0o755)
        with open(os.path.join(self.root, "mediaupload.conf"), "w", encoding="utf-8") as conf:
            conf.write(CONF % setting)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def run(self, content=JPEG, command=(), **environment):
        """One form with one file: the program's end."""
        body = form([file("image", "a.jpg", content)])
        request = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "PATH_INFO": "/articles",
                   "MEDIAUPLOAD_CONFIG": os.path.join(self.root, "mediaupload.conf"),
                   "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}"}
        return subprocess.run([*command, PROGRAM], env={**request, **environment}, input=body, capture_output=True,
                              check=False, timeout=TIME_LIMIT)

    def upload(self, *args, **environment):
        """The same: (status or None, reply, standard error)."""
        done = self.run(*args, **environment)
        status = re.match(rb"Status: (\d+)", done.stdout)
        reply = done.stdout.partition(b"\r\n\r\n")[2]
        return int(status[1]) if status else None, json.loads(reply) if reply else {}, done.stderr.decode()

    def files(self):
        """{name: (mode, SHA-256)} of all that lies in the storage but the hardening file."""
        found = {}
        folder = os.path.join(self.root, IMAGES)
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if name != ".htaccess":
                with open(path, "rb") as opened:
                    found[name] = oct(stat.S_IMODE(os.lstat(path).st_mode)), sha256(opened.read())
        return found

    def rows(self):
        """{key: SHA-256} of the catalog."""
        path = os.path.join(self.root, CATALOG)
        if not os.path.exists(path):
            return {}
        with contextlib.closing(sqlite3.connect(path)) as database:
            try:
                database.execute("PRAGMA synchronous = OFF")   # looking shall not wait for the disk
                return dict(database.execute("SELECT object_key, sha256 FROM mediaupload_media"))
            except sqlite3.DatabaseError as error:
                return {str(error): None}

    def databases(self):
        """What lies beside the catalog besides its own files."""
        folder = os.path.join(self.root, os.path.dirname(CATALOG))
        own = {"media.db", "media.db-wal", "media.db-shm", "media.db-journal", "filler"}
        return sorted(set(os.listdir(folder)) - own) if os.path.isdir(folder) else []


def lies_of(place, before, status, reply, content=JPEG):
    """What is wrong with the outcome of one upload; `before` is (files, rows) of before it."""
    files, rows = place.files(), place.rows()
    if status == 201:
        key = reply["files"][0]["key"]
        expected = ({**before[0], key: ("0o644", sha256(content))}, {**before[1], key: sha256(content)})
        return [] if (files, rows) == expected else [f"201 {key}, but there are {files} and {rows}"]
    lies = []
    if status is None or status < 500 or reply.get("url") != f"{URL}/default_article.jpg" or not reply.get("error"):
        lies.append(f"answered {status} {reply}")
    if files != before[0]:
        lies.append(f"{status}, and left {sorted(set(files) ^ set(before[0]))}")
    if rows != before[1]:
        lies.append(f"{status}, and left the rows {sorted(set(rows) ^ set(before[1]))}")
    if place.databases():
        lies.append(f"{status}, and left {place.databases()}")
    return lies


def each_call(shim, kind, which):
    """Uploads with a fault at the first call, the second, ...: (number of the call, place, what was there before, what
    came of it, the fault's own line); the last is one in which no call was left to go wrong."""
    with contextlib.ExitStack() as stack:
        place = None
        for at in range(1, MOST_CALLS):
            if place is None or which != "a later upload":
                place = stack.enter_context(Place())
            if at == 1 and which == "a later upload":
                place.upload(LD_PRELOAD=shim)
            before = place.files(), place.rows()
            outcome = place.upload(LD_PRELOAD=shim, FAULT_BELOW=os.path.join(place.root, "below"), FAULT_AT=str(at),
                                   FAULT_KIND=kind, **({"FAULT_NAMED": "1"} if which == "by hidden names" else {}))
            fault = re.search("^fault: (.*)$", outcome[2], re.MULTILINE)
            yield f"call {at}, {fault and fault[1]}", place, before, outcome
            if fault is None:
                return
    raise HttpdError("the calls never end")


def fail_each_call(shim, kind, which):
    """How often each status was answered, and what was dishonest."""
    answers, lies = {}, []
    for name, place, before, (status, reply, _) in each_call(shim, kind, which):
        answers[status] = answers.get(status, 0) + 1
        lies += [f"{name}: {lie}" for lie in lies_of(place, before, status, reply)]
    return answers, lies


def test_each_call_fails():
    names = {str(cause): errno.errorcode[cause] for cause in CAUSES} | {"short": "a short write"}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        shim = build_shim(folder)
        runs = [(kind, which) for kind in names for which in UPLOADS
                if which != "by hidden names" or kind in ("short", str(errno.EIO))]
        for (kind, which), (answers, lies) in zip(runs, pool.map(lambda run: fail_each_call(shim, *run), runs)):
            calls = sum(answers.values()) - 1
            ok(not lies and calls > UPLOADS[which],
               f"{which}, {names[kind]} at each of {calls} calls: an honest answer, {answers}", *lies)
            if kind in ("short", str(errno.EINTR)):
                ok(answers.get(201, 0) > 1, f"{which}: {names[kind]} does not stop it by itself", answers)
            else:
                ok(set(answers) - {201}, f"{which}: {names[kind]} is told", answers)


def wrong_after_kill(place):
    """What is wrong with what a killed upload left: names that are not hidden are whole, rows have their file."""
    files, rows = place.files(), place.rows()
    whole = ("0o644", sha256(JPEG)), ("0o644", sha256(GIF))
    return [f"{name} is not whole: {found}" for name, found in files.items()
            if found not in whole and not re.fullmatch(r"\.mu-[0-9a-f]{16}\.part", name)] + \
           [f"the row {key} has no file" for key in rows if key not in files]


def kill_before_each_call(shim, which):
    """How many calls there were, how many hidden names stayed, and what was wrong."""
    calls, hidden, wrong = -1, 0, []
    for name, place, _, (status, _, _) in each_call(shim, "kill", which):
        calls += 1
        hidden += sum(one.startswith(".") for one in place.files()) if status is None else 0
        wrong += [f"{name}: {what}" for what in wrong_after_kill(place)]
        before = place.files()
        status, reply, said = place.upload(GIF, LD_PRELOAD=shim)
        if status != 201 or place.rows().get(reply["files"][0]["key"]) != sha256(GIF):
            wrong.append(f"{name}: the next upload: {status} {said}")
        new = set(place.files()) - set(before)
        wrong += [f"{name}: {what}" for what in wrong_after_kill(place) + ["nothing new"] * (len(new) != 1)]
    return calls, hidden, wrong


def test_killed_before_each_call():
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        shim = build_shim(folder)
        outcomes = pool.map(lambda which: kill_before_each_call(shim, which), UPLOADS)
        for which, (calls, hidden, wrong) in zip(UPLOADS, outcomes):
            ok(not wrong and calls > UPLOADS[which], f"{which}, killed before each of {calls} calls: what is visible "
               f"is whole, the next upload works; {hidden} hidden names stayed", *wrong)
            ok(hidden == 0 or which == "by hidden names", f"{which}: hidden names stay only where files need one")


def test_catalog_on_a_full_disk():
    """The catalog is made, and then written, on a disk with room for so many pages."""
    hide_mounts()
    statuses, faults = [], []
    with Place() as place:
        folder = os.path.join(place.root, os.path.dirname(CATALOG))
        os.mkdir(folder)
        with Disk(folder, lambda: [os.getpid()]) as disk:
            for pages in range(24):
                for name in os.listdir(folder):
                    os.unlink(os.path.join(folder, name))
                disk.leave(pages)
                for content, is_full in ((JPEG, True), (JPEG, True), (GIF, False)):
                    if not is_full:
                        disk.free()
                    before = place.files(), place.rows()
                    status, reply, _ = place.upload(content)
                    lies = lies_of(place, before, status, reply, content)
                    faults += [f"{pages} pages: {lie}" for lie in lies]
                    if is_full:
                        statuses.append(status)
                    elif status != 201:
                        faults.append(f"{pages} pages, then there is room: {status}")
    ok(not faults, f"a catalog on a disk that is nearly full: {statuses}", *faults)
    ok({201} < set(statuses), "some were stored, some refused")


def test_what_a_system_has_not():
    """Uploads where the folder cannot be opened in one call, and where what never had a name gets none."""
    for call, cause, what in (("openat2", "ENOSYS", "a kernel before 5.6"), ("linkat", "ENOENT", "no /proc")):
        with Place() as place, tempfile.NamedTemporaryFile("r", encoding="utf-8") as trace:
            for turn in ("the first upload", "a later one"):
                before = place.files(), place.rows()
                status, reply, _ = place.upload(command=("strace", "-f", "-o", trace.name, "-e", f"trace={call}", "-e",
                                                         f"inject={call}:error={cause}"))
                trace.seek(0)
                ok("(INJECTED)" in trace.read(), f"{what}, {turn}: {call} fails")
                is_equal(status, 201, f"{what}, {turn}: stored")
                is_equal(lies_of(place, before, status, reply), [], f"{what}, {turn}: as it should be")


def test_durable_order():
    """File, then folder, are synced before the answer."""
    with Place() as place, tempfile.NamedTemporaryFile("r", encoding="utf-8") as trace:
        place.upload()
        status, reply, _ = place.upload(command=("strace", "-f", "-y", "-o", trace.name, "-e",
                                                 "trace=fdatasync,fsync,linkat,write"))
        lines = trace.read().splitlines()
    is_equal(status, 201, "an upload under strace")
    key = re.escape(reply["files"][0]["key"])
    steps = {"the file is synced": rf"fdatasync\(\d+<[^>]*/{IMAGES}/", "it gets its name": rf'linkat\(.*"{key}"',
             "the folder is synced": rf"fsync\(\d+<[^>]*/{IMAGES}>\)",
             "the answer is written": r'write\(1<.*"Status: 201'}
    order = [next((number for number, line in enumerate(lines) if re.search(step, line)), None)
             for step in steps.values()]
    ok(None not in order and order == sorted(order), "durable: " + ", ".join(steps), order, *lines)
    with Place("MediaUploadDurable off") as place, tempfile.NamedTemporaryFile("r", encoding="utf-8") as trace:
        place.upload(command=("strace", "-f", "-y", "-o", trace.name, "-e", "trace=fdatasync,fsync"))
        ok(IMAGES not in trace.read(), "not durable: nothing of the storage is synced")


if __name__ == "__main__":
    main()
