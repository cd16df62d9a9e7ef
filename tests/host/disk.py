"""A small disk for tests: a file system of its own, or where mounting is not allowed a limit on the size of files,
which lets writing fail in the same places.

    hide_mounts()                                       before the start of the servers that shall see the disk
    with Disk(path, lambda: children(httpd)) as disk:
        disk.leave(pages=0)
        ...
        disk.free()
"""
import ctypes
import os
import resource

from tap.tap import diag

SIZE = 1 << 20
PAGE = 4096
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 0x40000, 2
LIBC = ctypes.CDLL(None)


def hide_mounts():
    """What this program and the programs it starts from now on mount is seen by them alone."""
    if LIBC.unshare(CLONE_NEWNS) == 0:
        LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)


class Disk:
    """At a folder that is there; `writers` gives the processes that a limit has to be put on."""

    def __init__(self, path, writers):
        self.path, self.writers = path, writers
        self.filler = os.path.join(path, "filler")
        owner = os.stat(path)
        options = f"size={SIZE},mode=0755,uid={owner.st_uid},gid={owner.st_gid}"
        self.is_mounted = LIBC.mount(b"none", path.encode(), b"tmpfs", 0, options.encode()) == 0
        if not self.is_mounted:
            diag(f"nothing can be mounted at {os.path.basename(path)}: RLIMIT_FSIZE stands in")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.free()
        if self.is_mounted:
            LIBC.umount2(self.path.encode(), MNT_DETACH)

    def _limit(self, size):
        for pid in self.writers():
            most = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))

    def leave(self, pages):
        """Leaves room for so many pages: of all files together, or of each where a limit stands in."""
        if not self.is_mounted:
            self._limit(pages * PAGE)
            return
        with open(self.filler, "wb") as filler:
            filler.write(bytes(max(0, os.statvfs(self.path).f_bavail - pages) * PAGE))

    def free(self):
        if not self.is_mounted:
            self._limit(None)
        elif os.path.exists(self.filler):
            os.unlink(self.filler)
