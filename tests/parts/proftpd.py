"""ProFTPD: explicit TLS on one port, implicit on another, and a log of every command. One user, whose folder is `home`.

Debian's FTP servers cannot be installed side by side: this one is downloaded and unpacked into build/parts, once. It
needs libhiredis0.14, libmemcached11, libmemcachedutil2 and a caller who is root.

Tests find HOST:PORT in TEST_PROFTPD and TEST_PROFTPD_IMPLICIT, the user's folder in TEST_PROFTPD_HOME, the certificate
in TEST_PROFTPD_CA, and the log in TEST_PROFTPD_LOG: lines "COMMAND arguments: reply"."""

import glob
import os
import shutil
import subprocess

from pureftpd import OWNER, USER, hash_of_password, make_home
from server import HERE, Server, answers, make_certificate, port_range, wait_until

UNPACKED = os.path.join(HERE, "..", "..", "build", "parts", "proftpd")
PACKAGES = ["proftpd-core", "proftpd-mod-crypto"]


def unpack():
    """Downloads the packages and unpacks them; nothing of them is installed."""
    if os.path.isdir(UNPACKED):
        return
    making = UNPACKED + f".{os.getpid()}"
    os.makedirs(making)
    subprocess.run(["apt-get", "download", *PACKAGES], cwd=making, check=True)
    for package in glob.glob(os.path.join(making, "*.deb")):
        subprocess.run(["dpkg", "-x", package, making], check=True)
    if not os.path.isdir(UNPACKED):   # another test may have been faster
        os.rename(making, UNPACKED)
    else:
        shutil.rmtree(making)


class Proftpd(Server):
    name = "proftpd"
    ports_needed = 2

    def pid_file(self):
        return self.path("pid")

    def configuration(self):
        first, last = port_range()
        common = f"""
            TLSEngine on
            TLSProtocol TLSv1.2 TLSv1.3
            TLSRequired on
            TLSRSACertificateFile {self.path('crt.pem')}
            TLSRSACertificateKeyFile {self.path('key.pem')}
            ExtendedLog {self.path('commands')} ALL command
            PassivePorts {first} {last}
            AuthUserFile {self.path('users')}
            AuthOrder mod_auth_file.c
            RequireValidShell off
            DefaultRoot ~
            Umask 022 022
            AllowOverwrite on
            AllowStoreRestart on"""
        return f"""
            ModulePath {UNPACKED}/usr/lib/proftpd
            LoadModule mod_tls.c
            ServerType standalone
            DefaultAddress 127.0.0.1
            Port {self.ports[0]}
            User nobody
            Group nogroup
            UseReverseDNS off
            DelayEngine off
            WtmpLog off
            PidFile {self.path('pid')}
            ScoreboardFile {self.path('scoreboard')}
            LogFormat command "%r: %s"{common}
            <VirtualHost 127.0.0.1>
            Port {self.ports[1]}
            TLSOptions UseImplicitSSL{common}
            </VirtualHost>
"""

    def install(self):
        unpack()
        make_home(self)
        make_certificate(self.directory)
        os.chmod(self.path("key.pem"), 0o600)
        with open(self.path("users"), "w", encoding="ascii") as users:
            users.write(f"{USER}:{hash_of_password(self)}:{OWNER}:{OWNER}::{self.path('home')}:/bin/false\n")
        os.chmod(self.path("users"), 0o600)
        with open(self.path("conf"), "w", encoding="ascii") as file:
            file.write(self.configuration())
        with open(self.path("commands"), "x", encoding="ascii"):
            pass   # the server makes it with its first session, which may be after start() has returned

    def start(self):
        self.launch([os.path.join(UNPACKED, "usr/sbin/proftpd"), "-n", "-q", "-c", self.path("conf")], "log")
        wait_until(lambda: all(answers(port) for port in self.ports) and os.path.exists(self.pid_file()),
                   "start of proftpd")

    def prepare(self):
        pass

    def variables(self):
        return {"TEST_PROFTPD": f"127.0.0.1:{self.ports[0]}", "TEST_PROFTPD_IMPLICIT": f"127.0.0.1:{self.ports[1]}",
                "TEST_PROFTPD_HOME": self.path("home"), "TEST_PROFTPD_CA": self.path("crt.pem"),
                "TEST_PROFTPD_LOG": self.path("commands")}
