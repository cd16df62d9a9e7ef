"""Pure-FTPd, what cPanel hosts run: explicit TLS with a certificate of its own, and without TLS. One virtual user,
whose folder is `home`. Needs pure-ftpd, openssl and a caller who is root: the server gives up its rights by itself.

Tests find HOST:PORT in TEST_FTP, the user's folder in TEST_FTP_HOME, the certificate in TEST_FTP_CA."""

import os
import subprocess
import sys

from server import Server, answers, make_certificate, port_range, wait_until

USER = "tester"
PASSWORD = "sekret"
OWNER = 65534            # the uid and gid of the files: nobody's
MAX_CONNECTIONS = 30


def make_home(server):
    """The folder of the user, which the server, as that user, may write."""
    if os.geteuid() != 0:
        sys.exit("an FTP server for tests can be started by root alone")
    home = server.path("home")
    if not os.path.isdir(home):
        os.mkdir(home, 0o755)
        os.chown(home, OWNER, OWNER)


def hash_of_password(server):
    """One that is checked at once: those that the servers' own tools make take seconds at each login."""
    return server.run(["openssl", "passwd", "-6", PASSWORD]).strip()


class PureFtpd(Server):
    name = "ftp"
    passive_address = "127.0.0.1"   # what it tells its clients
    tls = 1                         # 0: none, 1: for those who ask, 2: for all
    options = ()                    # further ones of pure-ftpd
    quota = ":"                     # "files:bytes" of the user, with -n among the options

    def pid_file(self):
        return self.path("pid")

    def install(self):
        make_home(self)
        make_certificate(self.directory)
        with open(self.path("both.pem"), "wb") as both:
            for name in "key.pem", "crt.pem":
                with open(self.path(name), "rb") as part:
                    both.write(part.read())
        files, size = self.quota.split(":")
        with open(self.path("users"), "w", encoding="ascii") as users:
            users.write(f"{USER}:{hash_of_password(self)}:{OWNER}:{OWNER}::{self.path('home')}/./"
                        f":::::{files}:{size}::::::\n")
        os.chmod(self.path("users"), 0o600)
        os.chmod(self.path("both.pem"), 0o600)
        self.run(["pure-pw", "mkdb", self.path("users.pdb"), "-f", self.path("users")])

    def start(self):
        first, last = port_range()
        if os.path.exists(self.pid_file()):   # of one that was killed
            os.unlink(self.pid_file())
        self.launch(["pure-ftpd", "-S", f"127.0.0.1,{self.port}", "-p", f"{first}:{last}", "-P", self.passive_address,
                     "-l", f"puredb:{self.path('users.pdb')}", "-A", "-E", "-H", "-u", "1", "-U", "133:022",
                     "-Y", str(self.tls), f"--certfile={self.path('both.pem')}", "-c", str(MAX_CONNECTIONS),
                     "-C", str(MAX_CONNECTIONS), "-g", self.pid_file(), *self.options], "log")
        wait_until(lambda: os.path.exists(self.pid_file()) and answers(self.port), "start of pure-ftpd")

    def sessions(self):
        """The processes that serve one connection each."""
        done = subprocess.run(["pgrep", "-P", str(self.pid())], capture_output=True, text=True, check=False)
        return [int(pid) for pid in done.stdout.split()]

    def prepare(self):
        pass

    def variables(self):
        return {"TEST_FTP": f"127.0.0.1:{self.port}", "TEST_FTP_HOME": self.path("home"),
                "TEST_FTP_CA": self.path("crt.pem")}
