"""MariaDB and PostgreSQL for tests. Needs mariadb-server, mariadb-client and postgresql; runs the servers as mysql and
postgres when the caller is root. Tests find apr_dbd's parameters in TEST_MYSQL and TEST_PGSQL."""

import glob
import os
import shutil
import signal
import subprocess
import sys

from server import START_TIMEOUT, Server, wait_until


class MariaDB(Server):
    name = "mysql"

    def as_owner(self):
        return ["--user=mysql"] if os.geteuid() == 0 else []

    def pid_file(self):
        return self.path("pid")

    def install(self):
        if os.geteuid() == 0:
            shutil.chown(self.directory, "mysql", "mysql")
        self.run(["mariadb-install-db", "--no-defaults", *self.as_owner(), f"--datadir={self.path('data')}",
                  "--auth-root-authentication-method=normal", "--skip-test-db"])

    def command(self):
        return ["mariadbd", "--no-defaults", *self.as_owner(), f"--datadir={self.path('data')}",
                f"--socket={self.path('s')}", f"--pid-file={self.path('pid')}", f"--port={self.port}",
                "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M", "--performance-schema=OFF",
                "--skip-log-bin"]

    def start(self):
        """Again and again: after a kill, the port or the data may still be held for a moment."""
        ping = ["mariadb-admin", "--no-defaults", f"--socket={self.path('s')}", "-uroot", "ping"]
        process = self.launch(self.command(), "log")

        def answers():
            nonlocal process
            if process.poll() is not None:
                process = self.launch(self.command(), "log")
            return subprocess.run(ping, capture_output=True, check=False).returncode == 0

        wait_until(answers, "start of mariadbd")

    def prepare(self):
        self.run(["mariadb", "--no-defaults", f"--socket={self.path('s')}", "-uroot", "-e",
                  "CREATE DATABASE media CHARACTER SET utf8mb4; "
                  "CREATE USER 'tester'@'%' IDENTIFIED BY 'sekret'; GRANT ALL ON media.* TO 'tester'@'%'"])

    def variables(self):
        return {"TEST_MYSQL": f"host=127.0.0.1,port={self.port},user=tester,pass=sekret,dbname=media"}


class PostgreSQL(Server):
    name = "pgsql"

    def tool(self, name):
        found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"),
                       key=lambda path: int(path.split("/")[4])) or [shutil.which(name)]
        if found[-1] is None:
            sys.exit(f"{name} is missing: install postgresql")
        return found[-1]

    def as_owner(self):
        if os.geteuid() != 0:
            return []
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def pid_file(self):
        return self.path("data/postmaster.pid")

    def install(self):
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write("sekret")
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        self.run([*self.as_owner(), self.tool("initdb"), "-D", self.path("data"), "-U", "tester", "-A",
                  "scram-sha-256", f"--pwfile={self.path('password')}", "--no-sync", "-E", "UTF8", "--locale=C"],
                 cwd=self.directory)

    def start(self):
        options = f"-p {self.port} -k {self.directory} -c listen_addresses=127.0.0.1 -c fsync=off " \
                  "-c shared_buffers=16MB"
        self.run([*self.as_owner(), self.tool("pg_ctl"), "-D", self.path("data"), "-w", "-t", str(START_TIMEOUT),
                  "-l", self.path("log"), "-o", options, "start"], cwd=self.directory)

    def stop(self, how=signal.SIGTERM):
        mode = "immediate" if how == signal.SIGKILL else "fast"
        self.run([*self.as_owner(), self.tool("pg_ctl"), "-D", self.path("data"), "-m", mode, "-w", "stop"],
                 cwd=self.directory)

    def prepare(self):
        self.run([self.tool("psql"), "-qh", "127.0.0.1", "-p", str(self.port), "-U", "tester", "-d", "postgres", "-c",
                  "CREATE DATABASE media"], env={**os.environ, "PGPASSWORD": "sekret"})

    def variables(self):
        return {"TEST_PGSQL": f"host=127.0.0.1 port={self.port} user=tester password=sekret dbname=media"}
