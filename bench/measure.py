"""What a server's processes cost: CPU seconds and memory, of the processes that were started and all their children.

CPU is read from a control group (version 2) of their own where one can be made, to the microsecond and with processes
that have ended; else from /proc/PID/stat, to the clock tick."""
import os
import re
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
LOOK = 0.005   # seconds between two looks at a program's memory


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _group_root():
    """The folder in which control groups of version 2 are made; None when there is none that we may write to."""
    found = re.search(r"^cgroup2 (\S+) ", _read("/proc/mounts"), re.M)
    own = re.search(r"^0::(\S+)$", _read("/proc/self/cgroup"), re.M)
    path = found and own and os.path.join(found[1], own[1].lstrip("/"))
    return path if path and os.access(path, os.W_OK) else None


def _stat(pid):
    """The fields of /proc/PID/stat from the state on; [] when the process has gone."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def family(roots):
    """The processes `roots` and all that descend from them."""
    parents = {}
    for name in os.listdir("/proc"):
        fields = name.isdigit() and _stat(name)
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(name))
    found, unseen = [], list(roots)
    while unseen:
        found.append(unseen.pop())
        unseen += parents.get(found[-1], [])
    return found


class Account:
    """The processes `roots` and what descends from them, from now on; close() when they have ended."""

    number = 0

    def __init__(self, roots):
        self.roots, self.group = list(roots), None
        root = _group_root()
        if root:
            Account.number += 1
            self.group = os.path.join(root, f"mediaupload-bench-{os.getpid()}-{Account.number}")
            try:
                self._join()
            except OSError:
                self.close()

    def _join(self):
        os.mkdir(self.group)
        moved = set()
        while missing := set(family(self.roots)) - moved:
            for pid in missing:
                with open(os.path.join(self.group, "cgroup.procs"), "w", encoding="ascii") as file:
                    file.write(str(pid))
            moved |= missing

    def close(self):
        try:
            os.rmdir(self.group or "")
        except OSError:
            pass
        self.group = None

    def cpu(self):
        """Seconds of CPU, of the user and of the system."""
        if self.group:
            usage = re.search(r"usage_usec (\d+)", _read(os.path.join(self.group, "cpu.stat")))
            return int(usage[1]) / 1e6
        fields = [_stat(pid) for pid in family(self.roots)]
        return sum(sum(int(ticks) for ticks in stat[11:15]) for stat in fields if stat) / TICKS

    def _kib(self, file, name):
        """{pid: KiB} of a line of a file below /proc/PID."""
        values = {}
        for pid in family(self.roots):
            found = re.search(rf"^{name}:\s+(\d+) kB", _read(f"/proc/{pid}/{file}"), re.M)
            if found:
                values[pid] = int(found[1])
        return values

    def memory(self):
        """KiB that the processes hold; what they share counts once."""
        return sum(self._kib("smaps_rollup", "Pss").values())

    def begin_peak(self):
        """Forgets what the highest memory was."""
        for pid in family(self.roots):
            try:
                with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
                    file.write("5")
            except OSError:
                pass
        self.held, self.resident = self.memory(), self._kib("status", "VmRSS")

    def peak(self):
        """KiB that the processes held at most since begin_peak()."""
        highest, now = self._kib("status", "VmHWM"), self._kib("smaps_rollup", "Pss")
        return self.held + sum(max(0, value - self.resident[pid]) if pid in self.resident else now.get(pid, 0)
                               for pid, value in highest.items())


def run(command, **more):
    """(seconds, MiB of the highest resident size) of a command. The size is looked at while it runs: the one that the
    system tells at the end counts this program, of which it was forked, too."""
    begun = time.monotonic()
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, **more) as process:
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                lines = dict(line.split(":", 1) for line in status)
            peak = max(peak, int(lines.get("VmHWM", "0").split()[0]))
            time.sleep(LOOK)
    seconds = time.monotonic() - begun
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed with {process.returncode}")
    return seconds, peak / 1024
