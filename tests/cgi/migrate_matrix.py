#!/usr/bin/python3
"""migrate.cgi audit, associate, sample, references, directory and remote into every storage that there is, on every
database: dry and real, once more, and undone. (sites, orphans, outbox, backup and restore have this in their own.)"""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migrate_application import Application, kinds   # noqa: E402
from migrate_places import conf, image, places   # noqa: E402
from migrate_references import fill   # noqa: E402
from migrate_remote import Expiring, temporary   # noqa: E402
from remote_host import remote_host   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402


def each_site():
    for kind in kinds():
        for place in places(kind):
            with Application(kind, conf(place)) as site:
                place.enter(site)
                yield site, place, f"{kind}, {place.name}"


def state(site, place):
    """All that a command may change: records, objects, catalog, sources."""
    return site.images(), place.objects(), site.catalog(), site.files("static")


def shown(site, place):
    """The content that each record shows; None without one."""
    found = {place.address(key): content for key, content in place.objects().items()}
    return {key: found.get(value) for key, value in site.images().items()}


def prepare(site):
    """Makes the catalog's table, which a dry run does not."""
    site.write("empty/none.txt", "")
    site.migrate("directory", "empty", "--apply")


def run_dry_and_real(site, place, name, command, *args, items):
    """The run's id. `items`: how many there are to do."""
    before = state(site, place)
    done = site.migrate(command, *args)
    is_equal((done.returncode, done.stderr, state(site, place)), (0, b"", before), f"{name}: dry: nothing changes")
    is_equal(sum(item["status"] == "planned" for item in site.report(command)["items"]), items,
             f"{name}: dry: all is planned")
    done = site.migrate(command, *args, "--no-dry-run", "--jobs", "3")
    is_equal((done.returncode, done.stderr), (0, b""), f"{name}: a real run ends with 0")
    is_equal(site.totals(command)["migrated"], items, f"{name}: it did all")
    ok(all(item["url"] == place.address(item["to"]) for item in site.report(command)["items"] if item["to"]),
       f"{name}: the results have the addresses")
    run, after = site.report(command)["run"], state(site, place)
    site.migrate(command, *args, "--no-dry-run")
    is_equal((site.totals(command)["migrated"], state(site, place)), (0, after), f"{name}: again: nothing")
    return run


def undo(site, place, name, run, before):
    after = state(site, place)
    done = site.migrate("undo", run)
    is_equal((done.returncode, state(site, place)), (0, after), f"{name}: a dry undo changes nothing")
    done = site.migrate("undo", run, "--no-dry-run", "--jobs", "2")
    is_equal((done.returncode, done.stderr, state(site, place)), (0, b"", before), f"{name}: undo brings all back")
    site.migrate("undo", run, "--no-dry-run")
    is_equal((site.totals("undo")["migrated"], state(site, place)), (0, before), f"{name}: a second undo: nothing")


def problems(site):
    return sorted((item["problem"], item["record"] or "", item["to"] or "") for item in site.report("audit")["items"])


def test_references():
    for site, place, name in each_site():
        prepare(site)
        wanted = fill(site, 12)
        before = state(site, place)
        run = run_dry_and_real(site, place, f"{name}, references", "references", items=12)
        is_equal(shown(site, place), wanted, f"{name}, references: each record shows its picture")
        is_equal(len(place.objects()), len(site.catalog()), f"{name}, references: each is catalogued")
        undo(site, place, f"{name}, references", run, before)


def test_audit():
    for site, place, name in each_site():
        for key in ("kept.png", "orphan.png", "default_article.jpg", "other/spelling.gif"):
            place.put(key, image(key))
        site.picture("static/uploads/a.png")
        site.picture("static/uploads/forgotten.png")
        values = [place.address("kept.png"), place.address("none.png"), "uploads/a.png",
                  place.address("other/spelling.gif"), None, "uploads/gone.png"]
        keys = [str(site.insert(value)) for value in values]
        before = site.images(), place.objects(), site.files("static")
        done = site.migrate("audit")
        is_equal((done.returncode, (site.images(), place.objects(), site.files("static"))), (1, before),
                 f"{name}, audit: it changes nothing")
        is_equal(problems(site), [("missing", keys[1], ""), ("missing", keys[5], ""),
                                  ("not moved yet", keys[2], site.path("static/uploads/a.png")),
                                  ("not referenced", "", ""), ("orphaned", "", "orphan.png")],
                 f"{name}, audit: what is wrong")
        for value in place.spellings("other/spelling.gif") if place.own_addresses else ():
            site.sql(f"UPDATE article SET image_url = {site.quote(value)} WHERE id = {keys[3]}")
            site.migrate("audit")
            ok(not any(record == keys[3] or "spelling" in path for _, record, path in problems(site)),
               f"{name}, audit: {value} is in order", problems(site))
        for value in (values[1], "uploads/gone.png"):
            site.sql(f"DELETE FROM article WHERE image_url = {site.quote(value)}")
        site.migrate("references", "--apply")
        place.remove("orphan.png")
        shutil.rmtree(site.path("static"))
        done = site.migrate("audit", "--quiet")
        is_equal((done.returncode, done.stdout, done.stderr, problems(site)), (0, b"", b"", []),
                 f"{name}, audit: silent when all is well")


def test_associate():
    for site, place, name in each_site():
        prepare(site)
        contents = {}
        for i, extension in enumerate(("png", "jpg", "gif", "webp"), 1):
            contents[site.insert(None)] = site.picture(f"static/uploads/exercise_{i}.{extension}")
        before = state(site, place)
        run = run_dry_and_real(site, place, f"{name}, associate", "associate", "static/uploads", items=4)
        is_equal(shown(site, place), {key: before[3][path] for key, path in contents.items()},
                 f"{name}, associate: each record shows its own")
        undo(site, place, f"{name}, associate", run, before)


def test_sample():
    for site, place, name in each_site():
        prepare(site)
        before = state(site, place)
        done = site.migrate("sample")
        is_equal((done.returncode, state(site, place)), (0, before), f"{name}, sample: dry: nothing changes")
        done = site.migrate("sample", "--no-dry-run")
        is_equal((done.returncode, done.stderr, len(site.images())), (0, b"", 1), f"{name}, sample: a record comes")
        inserted, sample = site.report("sample")["run"], state(site, place)
        run = run_dry_and_real(site, place, f"{name}, sample", "references", items=1)
        is_equal(list(shown(site, place).values()), list(sample[3].values()), f"{name}, sample: it shows its image")
        undo(site, place, f"{name}, sample", run, sample)
        done = site.migrate("undo", inserted, "--no-dry-run")
        is_equal((done.returncode, state(site, place)), (0, before), f"{name}, sample: nothing is left of it")


def test_directory():
    for site, place, name in each_site():
        prepare(site)
        site.pictures("static/uploads", 16)
        before = state(site, place)
        run = run_dry_and_real(site, place, f"{name}, directory", "directory", items=16)
        is_equal(sorted(place.objects().values()), sorted(before[3].values()), f"{name}, directory: each arrived once")
        undo(site, place, f"{name}, directory", run, before)


def test_remote():
    """What was fetched stays when the records are restored: the copies may be the only ones left."""
    for kind in kinds():
        for place in places(kind):
            name = f"{kind}, {place.name}, remote"
            with remote_host() as remote, Expiring(kind, remote, conf(place)) as site:
                place.enter(site)
                prepare(site)
                wanted = {}
                for word in ("a", "b"):
                    url, picture = temporary(remote, word, 2099)
                    wanted[site.insert(url)] = picture
                before = state(site, place)
                run = run_dry_and_real(site, place, name, "remote", items=2)
                is_equal(shown(site, place), wanted, f"{name}: each record shows its picture")
                after = state(site, place)
                done = site.migrate("undo", run, "--no-dry-run")
                is_equal((done.returncode, state(site, place)), (0, before[:1] + after[1:]), f"{name}: undone")


if __name__ == "__main__":
    main()
