"""Who takes part: every server that is compared, how it is started on a port of its own, and where it stores.

A contender is made for a workload's needs (Setting), started, measured and stopped:

    contender = Ours("mod_mediaupload", setting)
    if not contender.missing():
        contender.start()
        ...
        contender.stop()
"""
import contextlib
import ctypes
import glob
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile

from payload import sha256
from httpd import SERVER_USER, TOP, Httpd, free_port, wait_for
from measure import Account

HERE = os.path.dirname(os.path.abspath(__file__))
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or "nginx"
HTTPD_MODULES = "/usr/lib/apache2/modules"

EVENT = """
LogLevel warn
LimitRequestBody 0
ListenBacklog 1024
MaxKeepAliveRequests 0
KeepAliveTimeout 60
<IfModule mpm_event_module>
    ServerLimit 1
    StartServers 1
    ThreadLimit {workers}
    ThreadsPerChild {workers}
    MinSpareThreads 1
    MaxSpareThreads {workers}
    MaxRequestWorkers {workers}
    AsyncRequestWorkerFactor 64
</IfModule>
<IfModule mpm_prefork_module>
    StartServers {workers}
    MinSpareServers 1
    MaxSpareServers {workers}
    MaxRequestWorkers {workers}
</IfModule>
<Directory @ROOT@/public_html>
    AllowOverride None
</Directory>
"""

OURS = """
LoadModule mediaupload_module {module}
{database}
<MediaUpload bench>
    MediaUploadStorage local:{store}
    MediaUploadURL http://127.0.0.1:@PORT@/stored
    MediaUploadMaxSize 4G
    {checksum}
    {accept}
</MediaUpload>
<Location /upload>
    SetHandler mediaupload
    MediaUploadCollection bench
</Location>
"""

DAV = """
DavLockDB @ROOT@/var/lock
Alias /upload {store}
<Directory {store}>
    Require all granted
    Dav On
</Directory>
"""

MOD_PHP = """
LoadModule php_module {php}
PHPIniDir {folder}
Alias /upload {peers}/upload.php
<Directory {peers}>
    Require all granted
    SetHandler application/x-httpd-php
</Directory>
"""

PROXY_FPM = """
Alias /upload {peers}/upload.php
<Directory {peers}>
    Require all granted
    SetHandler "proxy:unix:{folder}/fpm.sock|fcgi://localhost"
</Directory>
"""

PHP_INI = """
upload_tmp_dir = {incoming}
upload_max_filesize = 5G
post_max_size = 5G
max_execution_time = 0
max_input_time = -1
bench.store = {store}
"""

FPM = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[bench]
{user}
listen = {folder}/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 16
"""

NGINX_BASE = """
{user}
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {incoming};
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_timeout 60;
    keepalive_requests 100000000;
    {servers}
}}
"""

NGINX_FPM = """
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        location /upload {{
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME {peers}/upload.php;
            fastcgi_pass unix:{folder}/fpm.sock;
        }}
    }}
"""

NGINX_FILE = """
    upstream application {{ server unix:{folder}/application.sock; keepalive 64; }}
    server {{ listen unix:{folder}/application.sock; location / {{ return 201 stored; }} }}
    server {{
        listen 127.0.0.1:{port}{tls};
        root {folder};
        location /upload {{
            client_body_in_file_only on;
            client_body_buffer_size 128k;
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-File $request_body_file;
        }}
    }}
"""


class Setting:
    """What a workload asks of its contenders: the folder under which each gets one, built programs, our module, the
    number of workers, whether with TLS."""

    def __init__(self, folder, build, module, workers=128, tls=False):
        self.folder, self.build, self.module, self.workers, self.tls = folder, build, module, workers, tls


def _end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key.pem", "-out",
                    folder + "/crt.pem", "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)


class Contender:
    """name     in the tables
    form     whether it takes a form (POST); else the bare file (PUT)
    parses   whether it stores the file that is in the form; else the form as it came"""

    form, parses = True, True

    def __init__(self, name, setting):
        self.name, self.setting = name, setting
        self.port, self.account, self.httpd, self.processes = 0, None, None, []
        self.folder = self.store = self.incoming = None

    def missing(self):
        """What it lacks on this machine; None when it can be started."""
        return None

    def launch(self):
        """Starts the servers: run() and serve_httpd()."""
        raise NotImplementedError

    def start(self):
        self.folder = tempfile.mkdtemp(dir=self.setting.folder)
        os.chmod(self.folder, 0o755)
        self.store, self.incoming = os.path.join(self.folder, "store"), os.path.join(self.folder, "incoming")
        for folder in (self.store, self.incoming):
            os.mkdir(folder)
            os.chmod(folder, 0o777)
        with open(os.path.join(self.folder, "small.txt"), "w", encoding="ascii") as file:
            file.write("here")
        self.launch()
        roots = [process.pid for process in self.processes] + ([self.httpd.process.pid] if self.httpd else [])
        self.account = Account(roots)

    def stop(self):
        """Ends the servers and removes all files; the lines of an httpd's error log that should not be there."""
        complaints = []
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()
        if self.httpd:
            complaints = self.httpd.close()
        if self.account:
            self.account.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.processes, self.httpd, self.account = [], None, None
        return complaints

    def run(self, command, socket_path=None):
        """Starts a program and waits until it listens."""
        with open(os.path.join(self.folder, "out"), "ab") as output:
            environment = {**os.environ, "NODE_PATH": os.path.join(self.setting.build, "node_modules")}
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                                       env=environment, start_new_session=True, preexec_fn=_end_with_parent)
        self.processes.append(process)
        wait_for(lambda: process.poll() is not None or self._listens(socket_path), f"{command[0]} listening")
        if process.poll() is not None:
            with open(os.path.join(self.folder, "out"), encoding="utf-8", errors="replace") as output:
                raise RuntimeError(f"{self.name}: {output.read().strip() or 'did not start'}")

    def _listens(self, path):
        with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as probe:
            return probe.connect_ex(path or ("127.0.0.1", self.port)) == 0

    def serve_httpd(self, conf, modules=(), mpm="event"):
        tempfile.tempdir = self.setting.folder
        conf = (EVENT + conf).replace("{workers}", str(self.setting.workers))
        self.httpd = Httpd(mpm=mpm, conf=conf, modules=modules, module=False, tls=self.setting.tls,
                           files={"public_html/small.txt": "here"})
        self.httpd.expect("reached MaxRequestWorkers", "Partial results")   # slow clients, given up
        try:
            self.httpd.make_folder()
            self.httpd.start()
        finally:
            tempfile.tempdir = None
        self.port = self.httpd.tls_port if self.setting.tls else self.httpd.port

    def write(self, name, template, **words):
        """Writes a file of the contender's folder; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(template.format(folder=self.folder, store=self.store, incoming=self.incoming, port=self.port,
                                       peers=self.folder, **words))
        return path

    def head(self, body):
        """The header of a request that uploads the body."""
        fields = [f"Host: 127.0.0.1:{self.port}", "User-Agent: bench"]
        if self.form:
            fields.insert(0, "POST /upload HTTP/1.1")
            fields.append(f"Content-Type: multipart/form-data; boundary={body.boundary}")
        else:
            fields.insert(0, "PUT /upload/######## HTTP/1.1")   # the load generator puts a number there
        return "\r\n".join(fields + [f"Content-Length: {body.size[self.sent(body)]}", "", ""])

    def sent(self, body):
        """The file that a request's body comes from."""
        return body.form if self.form else body.plain

    # What was stored

    def files(self):
        """The paths of what was stored."""
        found = []
        for parent, folders, names in os.walk(self.store):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [os.path.join(parent, name) for name in names if not name.startswith(".")]
        return found

    def check(self, body, count):
        """Whether `count` files of the body's content were stored; what is wrong, else None."""
        wanted = body.plain if self.parses else body.form
        files = self.files()
        if len(files) != count:
            return f"{len(files)} files stored, not {count}"
        for path in files:
            if os.path.getsize(path) != body.size[wanted] or sha256(path) != body.digest[wanted]:
                return f"{os.path.basename(path)} differs from what was sent"
        return None

    def empty(self):
        """Removes what was stored."""
        for path in self.files():
            os.unlink(path)


class Sink(Contender):
    """options    what else sink.c is told"""
    parses = False

    def __init__(self, name, setting, *options):
        super().__init__(name, setting)
        self.options = options

    def launch(self):
        self.port = free_port()
        self.run([os.path.join(self.setting.build, "sink"), str(self.port), self.store, *self.options])


class Ours(Contender):
    """accept    whether every type is taken; else pictures, which are told by their content
    checksum  what MediaUploadChecksum says; None: its default
    catalog   whether there is one"""

    def __init__(self, name, setting, accept_all=True, checksum="off", catalog=False):
        super().__init__(name, setting)
        self.accept_all, self.checksum, self.catalog = accept_all, checksum, catalog
        self.catalogued = 0

    def missing(self):
        return None if os.path.exists(self.setting.module) else f"{self.setting.module} (make)"

    def launch(self):
        self.catalogued = 0
        self.serve_httpd(OURS.format(
            module=self.setting.module, store=self.store,
            checksum=f"MediaUploadChecksum {self.checksum}" if self.checksum else "",
            accept="MediaUploadAccept */*" if self.accept_all else "",
            database="MediaUploadDatabase sqlite3 @ROOT@/var/media.db" if self.catalog else ""))

    def check(self, body, count):
        added = self._rows() - self.catalogued
        if self.catalog and added != count:
            return f"{added} rows in the catalog, not {count}"
        return super().check(body, count)

    def empty(self):
        self.catalogued = self._rows()
        super().empty()

    def _rows(self):
        if not self.catalog:
            return 0
        with contextlib.closing(sqlite3.connect(self.httpd.path("var/media.db"))) as database:
            return database.execute("SELECT count(*) FROM mediaupload_media").fetchone()[0]


class Dav(Contender):
    form = False

    def launch(self):
        self.serve_httpd(DAV.format(store=self.store), modules=("dav", "dav_fs"))


class Php(Contender):
    """What PHP behind any server needs. The script is copied: the source tree may be closed to the server's user."""

    def write_php(self):
        shutil.copy(os.path.join(HERE, "peers", "upload.php"), self.folder)
        self.write("php.ini", PHP_INI)

    def run_fpm(self):
        user = f"user = {SERVER_USER}\ngroup = {SERVER_USER}" if os.geteuid() == 0 else ""
        conf = self.write("fpm.conf", FPM, user=user)
        self.run([self.fpm()[0], "-F", "-y", conf, "-c", os.path.join(self.folder, "php.ini")],
                 os.path.join(self.folder, "fpm.sock"))

    @staticmethod
    def fpm():
        return glob.glob("/usr/sbin/php-fpm*")

    def missing(self):
        return None if self.fpm() else "php-fpm"


class ModPhp(Php):
    @staticmethod
    def library():
        return glob.glob(HTTPD_MODULES + "/libphp*.so")

    def missing(self):
        return None if self.library() else "mod_php"

    def launch(self):
        self.write_php()
        self.serve_httpd(MOD_PHP.format(php=self.library()[0], folder=self.folder, peers=self.folder), mpm="prefork")


class HttpdFpm(Php):
    def launch(self):
        self.write_php()
        self.run_fpm()
        self.serve_httpd(PROXY_FPM.format(folder=self.folder, peers=self.folder), modules=("proxy", "proxy_fcgi"))


class Nginx(Contender):
    def missing(self):
        return None if shutil.which(NGINX) else "nginx"

    def run_nginx(self, servers):
        self.port = free_port()
        tls = ""
        if self.setting.tls:
            _certificate(self.folder)
            tls = f" ssl; ssl_certificate {self.folder}/crt.pem; ssl_certificate_key {self.folder}/key.pem"
        servers = servers.format(folder=self.folder, port=self.port, peers=self.folder, tls=tls)
        conf = self.write("nginx.conf", NGINX_BASE, servers=servers,
                          user=f"user {SERVER_USER};" if os.geteuid() == 0 else "")
        self.run([NGINX, "-c", conf, "-p", self.folder, "-e", os.path.join(self.folder, "nginx.log")])


class NginxFpm(Nginx, Php):
    def missing(self):
        return Nginx.missing(self) or Php.missing(self)

    def launch(self):
        self.write_php()
        self.run_fpm()
        self.run_nginx(NGINX_FPM)


class NginxFile(Nginx):
    parses = False

    def launch(self):
        self.incoming = self.store
        self.run_nginx(NGINX_FILE)


class Busboy(Contender):
    def missing(self):
        if not shutil.which("node"):
            return "node"
        return None if os.path.isdir(os.path.join(self.setting.build, "node_modules", "busboy")) else "busboy"

    def launch(self):
        self.port = free_port()
        self.run(["node", os.path.join(HERE, "peers", "busboy.js"), str(self.port), self.store])


class Go(Contender):
    def missing(self):
        return None if os.path.exists(os.path.join(self.setting.build, "stream")) else "go"

    def launch(self):
        self.port = free_port()
        self.run([os.path.join(self.setting.build, "stream"), str(self.port), self.store])
