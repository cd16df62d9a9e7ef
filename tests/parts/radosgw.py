"""Ceph's S3 server, which verifies signatures, on a store in memory: a monitor, a store and the gateway itself.

Path style at 127.0.0.1, host style at BUCKET.s3.localhost; http, and https with a certificate of its own. Only the
gateway is what `stop`, `restart` and `freeze` mean until the end: its data are kept by the other two.
Needs ceph-mon, ceph-osd, radosgw, ceph-common, openssl and python3-boto3."""

import os
import signal
import subprocess
import urllib.request
import uuid

import boto3
import botocore.config

from server import START_TIMEOUT, Server, is_gone, make_certificate, wait_until

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
BUCKET = "media"


class Radosgw(Server):
    name = "s3"
    ports_needed = 20   # http, https, two of the monitor; the store takes some of the others

    def configuration(self, fsid):
        http, https, monitor, old_monitor, *others = self.ports
        common = {
            "fsid": fsid, "mon_host": f"[v2:127.0.0.1:{monitor},v1:127.0.0.1:{old_monitor}]",
            "public_addr": "127.0.0.1", "cluster_addr": "127.0.0.1", "ms_bind_port_min": others[0],
            "ms_bind_port_max": others[-1], "auth_cluster_required": "none", "auth_service_required": "none",
            "auth_client_required": "none", "ms_mon_client_mode": "crc", "paxos_propose_interval": 0.02,
            "paxos_min_wait": 0.01, "osd_objectstore": "memstore", "memstore_device_bytes": 4 << 30,
            "osd_pool_default_size": 1, "osd_pool_default_min_size": 1, "osd_pool_default_pg_num": 1,
            "osd_pool_default_pg_autoscale_mode": "off", "mon_allow_pool_size_one": "true",
            "osd_crush_chooseleaf_type": 0, "mon_data": self.path("mon"), "osd_data": self.path("osd"),
            "run_dir": self.path("run"), "crash_dir": self.path("run"), "log_file": self.path("$name.log"),
            "mon_cluster_log_file": self.path("cluster.log"), "admin_socket": self.path("run/$name.asok"),
            "mon_data_avail_crit": 1, "mon_data_avail_warn": 1,
        }
        gateway = {
            "rgw_data": self.path("rgw"), "rgw_dns_name": "s3.localhost", "rgw_thread_pool_size": 32,
            "rgw_frontends": f"beast endpoint=127.0.0.1:{http} ssl_endpoint=127.0.0.1:{https} "
                             f"ssl_certificate={self.path('crt.pem')} ssl_private_key={self.path('key.pem')}",
        }
        return "".join(f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
                       for section, values in (("global", common), ("client.rgw.a", gateway)))

    def with_conf(self, program, *arguments):
        return [program, "-c", self.path("ceph.conf"), *arguments]

    def pid_file(self):
        return self.path("run/gateway")

    def keep_running(self, role, command):
        with open(self.path(f"run/{role}"), "w", encoding="ascii") as file:
            file.write(str(self.launch(command, f"{role}.out").pid))

    def install(self):
        fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
        for name in "mon", "osd", "run", "rgw":
            os.mkdir(self.path(name))
        make_certificate(self.directory)
        with open(self.path("ceph.conf"), "w", encoding="ascii") as file:
            file.write(self.configuration(fsid))
        self.run(["monmaptool", "--create", "--fsid", fsid, "--addv", "a",
                  f"[v2:127.0.0.1:{self.ports[2]},v1:127.0.0.1:{self.ports[3]}]", self.path("monmap")])
        self.run(self.with_conf("ceph-mon", "--mkfs", "-i", "a", "--monmap", self.path("monmap")))
        try:
            self.keep_running("monitor", self.with_conf("ceph-mon", "-i", "a", "-f"))
            self.run(["timeout", "60", *self.with_conf("ceph", "osd", "new", osd)])
            self.run(self.with_conf("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd))
            self.keep_running("store", self.with_conf("ceph-osd", "-i", "0", "-f"))
        except BaseException:
            self.stop()
            raise

    def start(self):
        self.keep_running("gateway", self.with_conf("radosgw", "-n", "client.rgw.a", "-f"))
        wait_until(self.serves, "start of radosgw")

    def serves(self):
        """It takes connections a moment before it answers on them."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=START_TIMEOUT):
                return True
        except OSError:
            return False

    def prepare(self):
        self.admin("user", "create", "--uid=tester", "--display-name=tester", f"--access-key={ACCESS_KEY}",
                   f"--secret-key={SECRET_KEY}")
        self.client().create_bucket(Bucket=BUCKET)

    def client(self):
        """The AWS SDK for Python."""
        return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1",
                            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
                            config=botocore.config.Config(s3={"addressing_style": "path"}))

    def admin(self, *arguments):
        done = subprocess.run(self.with_conf("radosgw-admin", *arguments), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"radosgw-admin {arguments}: {done.stderr}")
        return done.stdout

    def stop(self, how=signal.SIGKILL):
        """All three, and at once: the store takes seconds to stop, and a gateway without its store never ends."""
        for role in "gateway", "store", "monitor":
            if os.path.exists(self.path(f"run/{role}")):
                self.kill(role)

    def kill(self, role="gateway"):
        with open(self.path(f"run/{role}"), encoding="ascii") as file:
            pid = int(file.read())
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        wait_until(lambda: is_gone(pid), f"end of the {role}")

    def restart(self):
        self.kill()
        self.start()

    def variables(self):
        return {"TEST_S3_HTTP": f"http://127.0.0.1:{self.ports[0]}",
                "TEST_S3_HTTPS": f"https://127.0.0.1:{self.ports[1]}",
                "TEST_S3_HOST_STYLE": f"http://s3.localhost:{self.ports[0]}",
                "TEST_S3_CA": self.path("crt.pem"), "TEST_S3_BUCKET": BUCKET,
                "TEST_S3_ACCESS_KEY": ACCESS_KEY, "TEST_S3_SECRET_KEY": SECRET_KEY}
