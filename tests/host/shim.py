"""The library that lets system calls go wrong, ../faults/shim.c, built for a test."""
import os
import subprocess

from httpd import TOP


def build_shim(folder):
    """Its path; anybody may read it."""
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "shim.so")
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
                    path, os.path.join(TOP, "tests", "faults", "shim.c")], check=True)
    return path
