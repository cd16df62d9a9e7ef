"""What the throw-away servers of tests have in common: on 127.0.0.1, their files in a temporary folder."""

import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

PORTS = os.environ.get("TEST_SERVER_PORTS", "22000-23999")   # below the range that the kernel hands out
START_TIMEOUT = 60                                           # seconds
HELD = []                                                    # what keeps other tests off our ports
HERE = os.path.dirname(os.path.abspath(__file__))


def port_range():
    first, last = (int(word) for word in PORTS.split("-"))
    return first, last


def reserve(port):
    """A socket whose name keeps other tests off the port as long as it is open; None when the port is not free. The
    name is no file (it starts with NUL), and goes with the process."""
    holder = socket.socket(socket.AF_UNIX)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)   # as servers do: ended ones may linger
        try:
            probe.bind(("127.0.0.1", port))
            holder.bind(f"\0mediaupload-test-port-{port}")
            return holder
        except OSError:
            holder.close()
            return None


def free_ports(count):
    """`count` ports in a row that nobody listens on, and that no other test takes while this process lives."""
    first, last = port_range()
    starts = range(first, last + 2 - count)
    for start in random.sample(starts, len(starts)):
        holders = [reserve(port) for port in range(start, start + count)]
        if None not in holders:
            HELD.extend(holders)
            return range(start, start + count)
        for holder in holders:
            if holder is not None:
                holder.close()
    sys.exit(f"no {count} free ports in a row in {PORTS}")


def wait_until(is_true, what):
    deadline = time.monotonic() + START_TIMEOUT
    while not is_true():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within {START_TIMEOUT} s")
        time.sleep(0.02)


def is_gone(pid):
    """A zombie counts as gone: its parent may be slow to notice."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def answers(port):
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def make_certificate(directory):
    """key.pem and crt.pem, signed by itself, for localhost, *.s3.localhost and 127.0.0.1."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{directory}/key.pem", "-out",
               f"{directory}/crt.pem", "-days", "30", "-subj", "/CN=localhost", "-addext",
               "subjectAltName=DNS:localhost,DNS:*.s3.localhost,IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)


class Server:
    """A server has a `name`, `pid_file`, `install` (once, in a new folder), `start`, `prepare` (once, when it runs) and
    `variables`, its part of the environment of tests. `start` and `stop` work from any process: all they need lies in
    the folder."""

    ports_needed = 1

    def __init__(self, directory):
        self.directory = directory
        file_of_ports = os.path.join(directory, "ports")
        if not os.path.exists(file_of_ports):
            os.makedirs(directory, exist_ok=True)
            with open(file_of_ports, "w", encoding="ascii") as file:
                file.write(" ".join(str(port) for port in free_ports(self.ports_needed)))
        with open(file_of_ports, encoding="ascii") as file:
            self.ports = [int(word) for word in file.read().split()]
        self.port = self.ports[0]

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, command, **options):
        """Runs a command to its end; shows what it said when it failed."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **options)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}\n{done.stdout}")
        return done.stdout

    def launch(self, command, log, **options):
        """Starts a command in a session of its own."""
        with open(self.path(log), "ab") as output:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                    start_new_session=True, **options)

    def pid(self):
        with open(self.pid_file(), encoding="ascii") as file:
            return int(file.readline())

    def stop(self, how=signal.SIGTERM):
        pid = self.pid()
        os.kill(pid, how)
        wait_until(lambda: is_gone(pid), f"stop of {self.name}")

    def restart(self):
        self.stop(signal.SIGKILL)
        self.start()

    def freeze(self):
        """From now on it is silent."""
        os.kill(self.pid(), signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid(), signal.SIGCONT)

    def environment(self):
        """Its variables, and a command that kills it and starts it again on the same data."""
        restart = [sys.executable, os.path.join(HERE, "servers.py"), "restart", self.name, self.directory]
        return {**self.variables(), f"TEST_{self.name.upper()}_FOLDER": self.directory,
                f"TEST_{self.name.upper()}_RESTART": shlex.join(restart)}

    def remove(self):
        shutil.rmtree(self.directory)
