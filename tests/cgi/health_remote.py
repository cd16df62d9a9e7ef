#!/usr/bin/python3
"""health.cgi with real servers for S3 and FTP: setup tries and keeps credentials, each thing that is wrong with a
remote storage and its outbox turns its check red, and the metrics can be read by a collector."""
import fcntl
import hashlib
import json
import os
import pty
import re
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import exposition   # noqa: E402
import servers   # noqa: E402
from health_site import Silent, Web, check, levels, named   # noqa: E402
from programs import PROGRAMS, SECRET, Site, data, jpeg   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

CONF = """
MediaUploadEnvFile .env
MediaUploadSecret "%s"
MediaUploadOutbox on
<MediaUpload products>
    MediaUploadStorage s3://media/shop
    MediaUploadDefault default.jpg
</MediaUpload>
""" % SECRET
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    now->tv_sec += 7200;
    return result;
}
"""
MINUTE, HOUR, DAY = 60, 3600, 86400


def env_lines(variables, **changed):
    values = {"AWS_ACCESS_KEY_ID": variables["TEST_S3_ACCESS_KEY"],
              "AWS_SECRET_ACCESS_KEY": variables["TEST_S3_SECRET_KEY"],
              "AWS_STORAGE_BUCKET_NAME": "media", "AWS_S3_ENDPOINT_URL": variables["TEST_S3_HTTP"], **changed}
    return "".join(f"{name}={value}\n" for name, value in values.items())


class Shop(Site):
    """A site whose pictures are in a bucket."""

    def __init__(self, variables, **changed):
        super().__init__(CONF)
        self.write(".env", env_lines(variables, **changed), mode=0o600)

    def waits(self, key, age, folder="var/outbox/products"):
        path = self.write(f"{folder}/{key}", jpeg(key.encode()))
        os.utime(path, (time.time() - age,) * 2)


def answers(variables, **changed):
    """What a person types in, line by line."""
    values = {"id": variables["TEST_S3_ACCESS_KEY"], "secret": variables["TEST_S3_SECRET_KEY"], "bucket": "media",
              "region": "", "endpoint": variables["TEST_S3_HTTP"], "domain": "", **changed}
    return "".join(value + "\n" for value in values.values()).encode()


def jsons_in(text):
    """The JSON texts among the lines."""
    return [json.loads(one) for one in re.findall(r"(?ms)^\{$.*?^\}$", text)]


def set_up(client, variables):
    """What `setup s3` prints opens the bucket to the public."""
    with Site(CONF) as site:
        site.write(".env", "# of the application\nOTHER='a b'\nexport AWS_ACCESS_KEY_ID=old\nAWS_ACCESS_KEY_ID=older\n",
                   mode=0o600)
        before = open(site.path(".env"), "rb").read()
        done = site.run("health.cgi", "setup", "s3", stdin=None, input=answers(variables, secret="wrong"))
        is_equal((done.returncode, open(site.path(".env"), "rb").read()), (3, before),
                 "wrong credentials are not written")
        contains(done.stderr.decode(), "AWS_SECRET_ACCESS_KEY", "it says which is wrong")
        ok(b"wrong" not in done.stderr.replace(b"is wrong", b"") + done.stdout, "and does not repeat it", done.stderr)
        os.chmod(site.path(".env"), 0o644)
        done = site.run("health.cgi", "setup", "s3", stdin=None, input=answers(variables), umask=0)
        is_equal((done.returncode, done.stderr), (0, b""), "setup s3, from standard input")
        is_equal(open(site.path(".env"), encoding="utf-8").read(),
                 f"# of the application\nOTHER='a b'\n{env_lines(variables)}", "its lines, and those that were there")
        is_equal((stat.S_IMODE(os.stat(site.path(".env")).st_mode), os.listdir(site.root).count(".env")), (0o600, 1),
                 "0600, whatever the umask")
        text = done.stdout.decode()
        contains(text, "MediaUploadStorage  s3://media", "the lines for the configuration")
        ok(variables["TEST_S3_SECRET_KEY"] not in text, "no secret in what it prints")
        cors, policy = jsons_in(text)
        done = site.run("health.cgi", "setup", "s3", stdin=None, input=b"\n" * 6)
        is_equal(done.returncode, 0, "again: an empty line keeps what is there")
    client.put_bucket_cors(Bucket="media", CORSConfiguration=cors)
    client.put_bucket_policy(Bucket="media", Policy=json.dumps(policy))
    client.put_object(Bucket="media", Key="shop/default.jpg", Body=data("baseline.jpg"), ContentType="image/jpeg")


def at_a_terminal(variables):
    """A secret is not shown on a terminal."""
    with Site(CONF) as site:
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(site.root)
            os.execve(os.path.join(PROGRAMS, "health.cgi"), ["health.cgi", "setup", "s3", "--config", site.conf], {})
        seen = b""
        for answer in answers(variables).decode().splitlines():
            while not seen.endswith(b": "):
                seen += os.read(terminal, 4096)
            os.write(terminal, answer.encode() + b"\n")
            seen += b"\n"
        try:
            while True:
                seen += os.read(terminal, 4096)
        except OSError:   # the other end is closed
            pass
        is_equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "setup s3 on a terminal")
        ok(variables["TEST_S3_ACCESS_KEY"].encode() in seen, "what is typed in is seen")
        ok(variables["TEST_S3_SECRET_KEY"].encode() not in seen, "but for the secret")
        ok(os.path.exists(site.path(".env")), "a missing file of secrets is made")


def wrong_clock(site):
    source = site.write("clock.c", CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", site.path("clock.so"), source, "-ldl"], check=True)
    return {"LD_PRELOAD": site.path("clock.so")}


held = []   # locked files, until the end


def down_note(site):
    """Somebody asks the storage, which is silent: the note, named by its URL and server, holds as long as its lock."""
    with open(site.path(".env"), encoding="utf-8") as env:
        endpoint = re.search(r"^AWS_S3_ENDPOINT_URL=(.*)$", env.read(), re.MULTILINE)[1]
    name = hashlib.sha256(f"s3://media/shop {endpoint}/media".encode()).hexdigest()[:16]
    path = site.write(f"var/outbox/down-{name}.txt", "s3://media/shop: the server has been silent for 30 seconds\n")
    held.append(open(path, "rb"))
    fcntl.flock(held[-1], fcntl.LOCK_EX)


# what is wrong, what changes in the file of secrets, what is done to the site (may give an environment), the check, its
# level, what is seen, the exit code
WRONG = [
    ("an unknown key", {"AWS_ACCESS_KEY_ID": "NOBODY"}, None, "storage", "error", "InvalidAccessKeyId", 3),
    ("a wrong secret", {"AWS_SECRET_ACCESS_KEY": "wrong"}, None, "storage", "error", "SignatureDoesNotMatch", 3),
    ("no such bucket", {}, lambda site: site.write("mediaupload.conf", CONF.replace("media/shop", "nothing/shop")),
     "storage", "error", "NoSuchBucket", 3),
    ("nobody there", {"AWS_S3_ENDPOINT_URL": "http://127.0.0.1:1"}, None, "storage", "error", "127.0.0.1", 3),
    ("a wrong clock: storage", {}, wrong_clock, "storage", "error", "RequestTimeTooSkewed", 3),
    ("a wrong clock: clock", {}, wrong_clock, "clock", "error", "s ahead of the clock of", 3),
    ("an address that leads elsewhere", {"AWS_S3_CUSTOM_DOMAIN": "http://127.0.0.1:1"}, None, "public url", "error",
     "127.0.0.1:1", 3),
    ("no default image", {}, lambda site: site.write("mediaupload.conf", CONF.replace("default.jpg", "none.jpg")),
     "default image", "error", "none.jpg answers 40", 1),
    ("a waiting upload", {}, lambda site: site.waits("a.jpg", MINUTE), "outbox", "ok", "1 wait", 0),
    ("an upload that waits for long", {}, lambda site: site.waits("sub/a.jpg", 20 * MINUTE), "outbox", "warning",
     "the oldest for 20 min", 0),
    ("an upload that waits for too long", {}, lambda site: (site.waits("a.jpg", 3 * DAY), site.waits("b.jpg", HOUR)),
     "outbox", "error", "2 wait, ", 1),
    ("a refused upload", {}, lambda site: site.waits("a.jpg", MINUTE, "var/outbox/refused/products"), "refused",
     "error", "1 were refused by the storage", 1),
    ("a storage that is left alone", {}, down_note, "circuit", "warning", "silent for 30 seconds", 0),
    ("no cron", {}, lambda site: site.waits("a.jpg", 2 * HOUR), "cron", "warning", "never worked here, and 1 uploads",
     0),
    ("a cron that has stopped", {},
     lambda site: (site.waits("a.jpg", 5 * HOUR), site.waits("products.lock", 3 * HOUR, "var/mediaupload-journal")),
     "cron", "warning", "last worked 3 h ago", 0),
]


def each_turns_red(variables):
    with Shop(variables) as site:
        code, answer = check(site)
        is_equal((code, levels(answer, "warning", "error")), (0, set()), "a bucket that is as it should be")
        is_equal(levels(answer, "ok"), {"configuration", "env file", "secret", "database", "cron", "disk", "inodes",
                                        "outbox", "circuit", "storage", "public url", "clock", "default image"},
                 "every check is there")
        ok(variables["TEST_S3_SECRET_KEY"] not in json.dumps(answer), "no secret in it")
        code, answer = check(site, env={"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"})
        is_equal(code, 0, "the environment names no proxy for us")
    for name, changed, spoil, wanted, level, seen, exit_code in WRONG:
        with Shop(variables, **changed) as site:
            done = spoil(site) if spoil is not None else None
            code, answer = check(site, env=done if isinstance(done, dict) else {})
            found = named(answer, wanted)
            ok(found and found[0]["level"] == level and seen in found[0]["seen"]
               and (found[0]["remedy"] is None) == (level == "ok"), f"{name}: {wanted} is {level}", found or answer)
            is_equal(code, exit_code, f"{name}: {exit_code}")


def cron_that_works(variables):
    with Shop(variables) as site:
        site.waits("a.jpg", 2 * HOUR)
        site.waits("products.lock", MINUTE * 2, "var/mediaupload-journal")
        is_equal(named(check(site)[1], "cron")[0]["level"], "ok", "a cron that works turns it green")


def private_bucket(client, variables):
    policy = client.get_bucket_policy(Bucket="media")["Policy"]
    client.delete_bucket_policy(Bucket="media")
    with Shop(variables) as site:
        code, answer = check(site)
        is_equal((code, levels(answer, "error")), (1, {"public url", "default image"}), "a bucket that is not public")
        contains(named(answer, "public url")[0]["seen"], "answers 403", "it is not to be seen")
        ok("setup s3 prints the policy" in named(answer, "public url")[0]["remedy"], "the remedy")
    client.put_bucket_policy(Bucket="media", Policy=policy)


def what_hangs(variables):
    """Several storages whose servers never say a word."""
    with Silent() as server, Shop(variables, AWS_S3_ENDPOINT_URL=f"http://127.0.0.1:{server.port}") as site:
        site.write("mediaupload.conf", CONF.replace("MediaUploadDefault", "#") + "".join(
            f"<MediaUpload c{i}>\nMediaUploadStorage s3://media/{i}\n</MediaUpload>\n" for i in range(9)))
        code, answer = check(site, "--max-time", "3s")
        late = {one["collection"] for one in answer["checks"] if one["seen"] == "no end within 3 s"}
        is_equal((code, len(late - {None})), (3, 10), "ten storages that are silent, each told")
        is_equal(samples(site, "storage_up"), {f"c{i}": 0 for i in range(9)} | {"products": 0},
                 "the metrics say so and come all the same")


def samples(site, name):
    """The values of a metric by collection, or command."""
    done = site.run("health.cgi", "metrics")
    is_equal((done.returncode, done.stderr), (0, b""), "metrics come")
    pairs = exposition.read(done.stdout)[f"mediaupload_{name}"].samples.items()
    return {dict(labels).get("collection", dict(labels).get("command")): value for labels, value in pairs}


def metrics(variables):
    with Shop(variables) as site:
        for key, age, folder in (("a.jpg", HOUR, "var/outbox/products"), ("b.jpg", DAY, "var/outbox/products"),
                                 ("c.jpg", MINUTE, "var/outbox/refused/products")):
            site.waits(key, age, folder)
        site.write("var/mediaupload-journal/20260301T093000.123456Z-outbox.jsonl", "{}\n")
        site.write("var/mediaupload-journal/20260302T093000.000000Z-outbox.jsonl", "{}\n")
        for name, expected in (("outbox_waiting", 2), ("outbox_refused", 1), ("storage_up", 1),
                               ("outbox_waiting_bytes", 2 * len(jpeg(b"a.jpg")))):
            is_equal(samples(site, name), {"products": expected}, name)
        oldest = samples(site, "outbox_oldest_timestamp_seconds")["products"]
        ok(abs(time.time() - DAY - oldest) < HOUR, "the oldest", oldest)
        is_equal(samples(site, "run_timestamp_seconds"), {"outbox": 1772443800}, "the last run of a command")
        ok(samples(site, "disk_free_bytes")["products"] > 0, "free bytes")
        down_note(site)
        is_equal(samples(site, "storage_up"), {"products": 0}, "a storage that is known to be down")


def metrics_of_deliveries(variables):
    """One run delivers for two collections; the storage of one of them is not there."""
    logos = CONF[CONF.index("<MediaUpload"):].replace("products", "logos").replace("media/shop", "nothing/shop")
    with Shop(variables) as site:
        site.write("mediaupload.conf", CONF + logos)
        for key, folder in (("a.jpg", "products"), ("b.jpg", "products"), ("c.jpg", "logos")):
            site.waits(key, HOUR, f"var/outbox/{folder}")
        code = site.run("migrate.cgi", "outbox", "--no-dry-run", "--quiet").returncode
        ok(code != 0, "the run says that something is wrong", code)
        is_equal((samples(site, "last_run_migrated"), samples(site, "last_run_bytes")["products"]),
                 ({"products": 2, "logos": 0}, 2 * len(jpeg(b"a.jpg"))), "what it delivered for each collection")
        site.run("migrate.cgi", "outbox", "--no-dry-run", "--collection", "products")
        is_equal(samples(site, "last_run_seen")["products"], 0, "a run that had nothing to deliver says so")


def test_with_s3():
    with servers.started("s3") as started:
        variables, client = started.environment, started.servers["s3"].client()
        set_up(client, variables)
        at_a_terminal(variables)
        each_turns_red(variables)
        cron_that_works(variables)
        private_bucket(client, variables)
        what_hangs(variables)
        metrics(variables)
        metrics_of_deliveries(variables)
        started.servers["s3"].kill()
        with Shop(variables) as site:
            code, answer = check(site)
            is_equal((code, named(answer, "storage")[0]["level"]), (3, "error"), "a server that is down: 3")
        started.servers["s3"].start()


FTP = """
MediaUploadEnvFile .env
MediaUploadSecret "%s"
<MediaUpload articles>
    MediaUploadStorage ftp:///public_html/images?ca=%s
    MediaUploadURL %s
</MediaUpload>
"""


def test_with_ftp():
    with servers.started("ftp") as started, Web(started.environment["TEST_FTP_HOME"] + "/public_html/images") as web:
        host, ca = started.environment["TEST_FTP"], started.environment["TEST_FTP_CA"]
        host = host.replace("127.0.0.1", "localhost")
        with Site(FTP % (SECRET, ca, web.url)) as site:
            given = f"{host}\ntester\n%s\npublic_html/images\n"
            setup = ["health.cgi", "setup", "ftp", "--storage", f"ftp:///public_html/images?ca={ca}"]
            done = site.run(*setup, stdin=None, input=(given % "wrong").encode())
            is_equal((done.returncode, os.path.exists(site.path(".env"))), (3, False), "setup ftp: a wrong password")
            done = site.run(*setup, stdin=None, input=(given % "sekret").encode())
            is_equal((done.returncode, done.stderr), (0, b""), "setup ftp")
            contains(done.stdout.decode(), "MediaUploadURL", "it says that the address is needed")
            code, answer = check(site)
            is_equal((code, levels(answer, "warning", "error")), (0, set()), "a server that is as it should be")
            ok({"storage", "public url"} <= levels(answer, "ok"), "to be seen by the public")
            site.write(".env", f"FTP_HOST={host}\nFTP_USER=tester\nFTP_PASSWORD=expired\n", mode=0o600)
            code, answer = check(site)
            found = named(answer, "storage")[0]
            is_equal((code, found["level"], "530" in found["seen"]), (3, "error", True), "FTP refuses the password")
            ok(found["remedy"] and "expired" not in found["seen"] + found["remedy"], "with a remedy, without password")
            site.write(".env", f"FTP_HOST={host}\nFTP_USER=tester\nFTP_PASSWORD=sekret\n", mode=0o600)
            site.write("mediaupload.conf", (FTP % (SECRET, ca, web.url)).replace(f"?ca={ca}", ""))
            code, answer = check(site)
            is_equal((code, "certificate" in named(answer, "storage")[0]["seen"]), (3, True), "a foreign certificate")
            started.servers["ftp"].stop()
            code, answer = check(site)
            is_equal((code, levels(answer, "error")), (3, {"storage"}), "FTP that is down")
            started.servers["ftp"].start()


def test_with_cloudinary():
    """A stand-in that verifies keys and signatures."""
    with servers.started("cloudinary") as started, Site(CONF) as site:
        variables = started.environment
        url = "?".join(["cloudinary://" + variables["TEST_CLOUDINARY_CLOUD"],
                        f"upload_prefix={variables['TEST_CLOUDINARY_API']}&ca={variables['TEST_CLOUDINARY_CA']}"])
        setup = ["health.cgi", "setup", "cloudinary", "--storage", url, "--env-file", site.path(".env.cloudinary")]
        given = f"{variables['TEST_CLOUDINARY_CLOUD']}\n{variables['TEST_CLOUDINARY_KEY']}\n%s\n"
        done = site.run(*setup, stdin=None, input=(given % "wrong").encode())
        is_equal((done.returncode, os.path.exists(site.path(".env.cloudinary"))), (3, False), "setup: a wrong secret")
        done = site.run(*setup, stdin=None, input=(given % variables["TEST_CLOUDINARY_SECRET"]).encode())
        is_equal((done.returncode, done.stderr), (0, b""), "setup cloudinary")
        with open(site.path(".env.cloudinary"), encoding="utf-8") as file:
            is_equal([line.split("=")[0] for line in file],
                     ["CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET"], "--env-file")
        site.write("mediaupload.conf", f"""
MediaUploadEnvFile .env.cloudinary
MediaUploadSecret "{SECRET}"
<MediaUpload articles>
    MediaUploadStorage {url}
    MediaUploadURL http://127.0.0.1:1
</MediaUpload>
""")
        code, answer = check(site)
        is_equal((levels(answer, "error"), named(answer, "storage")[0]["level"]), ({"public url"}, "ok"),
                 "an account that works, and an address that does not")


if __name__ == "__main__":
    main()
