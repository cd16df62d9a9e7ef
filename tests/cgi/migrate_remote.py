#!/usr/bin/python3
"""migrate.cgi remote: what records name by URLs that expire is fetched, soonest expiry first; what does not expire is
left alone, what was lost is told. On every database; the other host is a local HTTPS server."""
import base64
import os
import random
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import CONF, URL, Application, kinds   # noqa: E402
from programs import PROGRAMS, png   # noqa: E402
from remote_host import remote_host   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402

CHANGING = "write,pwrite64,writev,linkat,sendto"
FETCHING = """
    MediaUploadFetchAllow 127.0.0.1
    MediaUploadFetchCA remote.pem
    MediaUploadPermanent localhost
</MediaUpload>"""
AZURE = "?sp=r&se={}-03-01T09%3A30%3A00Z&sig=abc"


class Expiring(Application):
    def __init__(self, kind, remote, conf=CONF):
        super().__init__(kind, conf.replace("\n</MediaUpload>", FETCHING))
        self.write("remote.pem", remote.certificate)
        self.sql("DROP TABLE IF EXISTS mediaupload_fetched")


def temporary(remote, name, year):
    """A URL that dies in that year, and its picture."""
    picture = remote.pictures[f"/{name}.png"] = png(name.encode())
    return f"{remote.url}/{name}.png" + AZURE.format(year), picture


def fill(site, remote):
    """(content by id of what is to be fetched, values by id of what stays)"""
    wanted, left = {}, {}
    for name, year in (("later", 2098), ("soon", 2097), ("late", 2099)):
        url, picture = temporary(remote, name, year)
        wanted[site.insert(url)] = picture
    url, picture = temporary(remote, "over", 2020)   # whose host gives it still
    wanted[site.insert(url)] = picture
    picture = png(b"in the record")
    wanted[site.insert("data:image/png;base64," + base64.b64encode(picture).decode())] = picture
    url, picture = temporary(remote, "undated", 2090)
    wanted[site.insert(url.replace("se=2090-03-01T09%3A30%3A00Z", "se=soon"))] = picture
    for value in (None, "", "uploads/a.png", f"{URL}/a.png", f"{remote.url}/plain.png",
                  f"https://localhost:{remote.server_port}/avatar.png{AZURE.format(2099)}", "default_article.jpg",
                  f"{remote.url}/status/403{AZURE.format(2021)}", f"{remote.url}/page{AZURE.format(2096)}",
                  f"http://10.0.0.1/a.png{AZURE.format(2096)}"):
        left[site.insert(value)] = value
    return wanted, left


def check_fetched(site, wanted, left, name):
    images, stored = site.images(), site.stored()
    is_equal({key: stored.get(images[key]) for key in wanted}, wanted, f"{name}: each record shows its picture")
    is_equal({key: images[key] for key in left}, left, f"{name}: the others are as they were")
    is_equal(len(stored), len(wanted), f"{name}: nothing else is stored")
    is_equal(site.catalog(), {url[len(URL) + 1:] for url in stored}, f"{name}: the catalog knows what is stored")


def test_dry_and_real():
    for kind in kinds():
        with remote_host() as remote, Expiring(kind, remote) as site:
            wanted, left = fill(site, remote)
            before = site.images()
            done = site.migrate("remote")
            totals = site.totals("remote")
            is_equal((done.returncode, remote.seen, site.images(), site.stored()), (1, [], before, {}),
                     f"{kind}: a dry run asks nobody and changes nothing")
            is_equal((totals["migrated"], totals["failed"], totals["skipped"]), (0, 2, 7), f"{kind}: two seem lost")

            done = site.migrate("remote", "--apply")
            is_equal((done.returncode, done.stderr.count(b"\n")), (1, 1), f"{kind}: what was lost ends it with 1")
            check_fetched(site, wanted, left, kind)
            is_equal(remote.seen, ["/page", "/soon.png", "/later.png", "/late.png", "/undated.png", "/over.png",
                                   "/status/403"], f"{kind}: soonest expiry first, what is over last")
            errors = [item["error"] for item in site.report("remote")["items"] if item["status"] == "failed"]
            is_equal(len(errors), 3, f"{kind}: three failed")
            contains("\n".join(errors), "lost: 127.0.0.1 answers 403; the URL expired 2021-03-01T09:30:00Z",
                     f"{kind}: one is lost")
            ok("sig=" not in str(site.report("remote")["items"][-3:]), f"{kind}: no signature is told")

            site.migrate("remote", "--apply")
            is_equal(site.totals("remote")["migrated"], 0, f"{kind}: a second run fetches nothing")
            check_fetched(site, wanted, left, f"{kind}, again")


def test_undo():
    for kind in kinds():
        with remote_host() as remote, Expiring(kind, remote) as site:
            fill(site, remote)
            before = site.images()
            site.migrate("remote", "--apply")
            stored, run = site.stored(), site.report("remote")["run"]
            done = site.migrate("undo", run, "--apply")
            is_equal((done.returncode, site.images()), (0, before), f"{kind}: undo restores the records")
            is_equal(site.stored(), stored, f"{kind}: and keeps the copies, which may be the only ones left")
            remote.pictures.clear()
            del remote.seen[:]
            site.migrate("remote", "--apply")
            is_equal((len(remote.seen), site.stored()), (2, stored), f"{kind}: what is stored is not fetched again")


def test_one_url_for_many():
    for kind in kinds():
        with remote_host() as remote, Expiring(kind, remote) as site:
            url, _ = temporary(remote, "same", 2099)
            for _ in range(3):
                site.insert(url)
            site.migrate("remote", "--apply")
            is_equal((remote.seen, len(set(site.images().values()))), (["/same.png"], 1), f"{kind}: one URL, one fetch")
        ids = CONF.replace("MediaUploadURL", "MediaUploadKey gm/gm_{id}.{ext}\n    MediaUploadURL")
        with remote_host() as remote, Expiring(kind, remote, ids) as site:
            for _ in range(2):
                site.insert(url.replace(url.split("/same")[0], remote.url))
            site.migrate("remote", "--apply", "--jobs", "2")
            is_equal(site.images(), {i: f"{URL}/gm/gm_{i}.png" for i in (1, 2)}, f"{kind}: names by record")


def test_limits():
    for kind in kinds():
        with remote_host() as remote, Expiring(kind, remote) as site:
            wanted, left = fill(site, remote)
            site.migrate("remote", "--apply", "--limit", "2")
            is_equal(sorted(site.stored().values()), sorted((remote.pictures["/soon.png"],
                                                            remote.pictures["/later.png"])),
                     f"{kind}: --limit 2 fetches the two most urgent ones")
            site.migrate("remote", "--apply", "--jobs", "4")
            check_fetched(site, wanted, left, f"{kind}, --jobs 4")


def test_kills():
    for kind in kinds():
        killed = 0
        for point in random.sample(range(2, 120), 10):
            with remote_host() as remote, Expiring(kind, remote) as site:
                wanted, left = fill(site, remote)
                command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CHANGING}",
                           "-e", f"inject={CHANGING}:signal=KILL:when={point}", os.path.join(PROGRAMS, "migrate.cgi"),
                           "remote", "--apply", "--quiet", "--config", site.conf]
                done = subprocess.run(command, cwd=site.root, capture_output=True, stdin=subprocess.DEVNULL, env={},
                                      check=False)
                killed += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
                site.migrate("remote", "--apply")
                check_fetched(site, wanted, left, f"{kind}: killed at call {point}")
        ok(killed > 0, f"{kind}: killed {killed} times")


if __name__ == "__main__":
    main()
