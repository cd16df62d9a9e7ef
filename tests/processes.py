"""What the processes of a private httpd are doing: its children and what they have open.

    child = next(pid for pid in children(httpd) if threads(pid) > 1)
    wait_for(lambda: not holders(httpd, IMAGES), "no upload is open any more")
"""
import contextlib
import os


def children(httpd):
    pid = httpd.process.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return [int(word) for word in listed.read().split()]


def threads(pid):
    """How many threads a process has; 0 when it has gone."""
    with contextlib.suppress(FileNotFoundError):
        return len(os.listdir(f"/proc/{pid}/task"))
    return 0


def descriptors(pid):
    """What the descriptors of a process lead to; those that close meanwhile are left out."""
    links = []
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                links.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return links


def memory(httpd):
    """KiB that the children have written to and share with nobody."""
    total = 0
    for pid in children(httpd):
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            total += sum(int(line.split()[1]) for line in rollup if line.startswith("Private_Dirty:"))
    return total


def holders(httpd, folder):
    """The children that have a file below a folder of the server open."""
    return [pid for pid in children(httpd)
            if any(link.startswith(httpd.path(folder) + "/") for link in descriptors(pid))]
