"""An httpd with the module and the programs, one mediaupload.conf for all of them, and a file of secrets beside it.

    with remote_site(CONF, {"FTP_HOST": "ftp.example.org", ...}, "articles") as httpd:
        post(httpd, [...], path="/upload/articles")
        post(httpd, [...], path="/cgi-bin/upload.cgi/articles")
        run(httpd, "health.cgi")
"""
import contextlib
import os
import subprocess

from tap.tap import is_equal
from uploads import place, server

DOORS = "/upload/", "/cgi-bin/upload.cgi/"
TIME_LIMIT = 120   # seconds for one run of a program: far more than any needs
FEW_THREADS = "StartServers 1\nServerLimit 1\nThreadsPerChild %d\nThreadLimit %d\nMaxRequestWorkers %d\n" \
              "AsyncRequestWorkerFactor 100\n"


def few_threads(count):
    """For httpd's configuration: one child with so many threads."""
    return FEW_THREADS % (count, count, count)


def env_lines(env):
    return "".join(f"{name}={value}\n" for name, value in env.items() if value is not None)


def make_site(conf, env, *collections, before="", **options):
    """An httpd whose folder is there, not yet started; `before` is for httpd alone."""
    places = "".join(place(name) for name in collections)
    httpd = server(conf=f"{before}\nInclude @ROOT@/mediaupload.conf\n{places}", default_image=False, cgi=True,
                   **options)
    httpd.make_folder()
    httpd.write("mediaupload.conf", conf)
    httpd.write(".env", env_lines(env), mode=0o600)
    return httpd


@contextlib.contextmanager
def remote_site(conf, env, *collections, **options):
    httpd = make_site(conf, env, *collections, **options)
    try:
        httpd.start()
        yield httpd
    finally:
        is_equal(httpd.close(), [], "nothing unexpected is in the log")


def run(httpd, name, *arguments):
    """(exit code, what it said) of one of the programs, as cron starts it."""
    command = [httpd.path("cgi-bin", name), *arguments, "--config", httpd.path("mediaupload.conf")]
    done = subprocess.run(command, cwd=httpd.root, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=TIME_LIMIT, check=False)
    return done.returncode, done.stdout


def files_below(folder):
    """Content by path of all files."""
    found = {}
    for parent, _, names in os.walk(folder):
        for path in (os.path.join(parent, name) for name in names):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
    return found
