"""A terminal for programs: what they write to it, piece by piece, and what its screen shows then.

    with Terminal(80, 24) as terminal:
        for piece in terminal.run(command, environment, folder):
            print(terminal.screen.lines)
"""
import fcntl
import os
import pty
import re
import signal
import struct
import termios

PIECE = 65536
TOKEN = re.compile(r"\x1b\[(\d*)([A-Z])|\r|\n|[^\x00-\x1f\x7f]|.", re.DOTALL)


class Screen:
    """Shows what a program without a full screen writes: text, CR, LF, and ESC [ K, which ends a line. What does not
    fit into a line goes on in the next one. Anything else is an error."""

    def __init__(self, columns):
        self.columns, self.lines, self.at = columns, [""], 0

    def write(self, text):
        for match in TOKEN.finditer(text):
            token = match[0]
            if token == "\r":
                self.at = 0
            elif token == "\n":
                self.lines.append("")
            elif match[2] == "K" and match[1] in ("", "0"):
                self.lines[-1] = self.lines[-1][:self.at]
            elif token < " " or token == "\x7f":
                raise ValueError(f"the screen does not know {token!r}")
            else:
                if self.at >= self.columns:
                    self.lines.append("")
                    self.at = 0
                line = self.lines[-1].ljust(self.at)
                self.lines[-1] = line[:self.at] + token + line[self.at + 1:]
                self.at += 1


class Terminal:
    """A pseudo-terminal of a size, and its screen."""

    def __init__(self, columns, rows=24):
        self.master, self.slave = pty.openpty()
        self.screen = Screen(columns)
        self.resize(columns, rows)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.master)

    def resize(self, columns, rows=24):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.columns = columns

    def write(self, text):
        """Types."""
        os.write(self.master, text.encode())

    def hang_up(self):
        """Ends what still runs, as when a person closes the window."""
        os.kill(self.child, signal.SIGHUP)
        os.waitpid(self.child, 0)

    def run(self, command, environment, folder, redirect=None):
        """Runs the command, whose standard files are the terminal (standard output: `redirect`, unless None); gives
        what it writes. `code` is its exit code in the end."""
        self.child = os.fork()
        if self.child == 0:
            os.chdir(folder)
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for descriptor in range(3):
                os.dup2(self.slave if descriptor != 1 or redirect is None else redirect, descriptor)
            os.execve(command[0], command, environment)
        os.close(self.slave)
        while True:
            try:
                piece = os.read(self.master, PIECE)
            except OSError:   # the other end is closed
                break
            if not piece:
                break
            text = piece.decode()
            self.screen.write(text)
            yield text
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
