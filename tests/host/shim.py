"""The libraries that let calls go wrong, of ../faults: shim.c system calls, memory.c allocations; built for a test."""
import os
import subprocess

from httpd import TOP


def build_shim(folder, name="shim"):
    """Its path; anybody may read it."""
    os.chmod(folder, 0o755)
    path = os.path.join(folder, name + ".so")
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
                    path, os.path.join(TOP, "tests", "faults", name + ".c")], check=True)
    return path
