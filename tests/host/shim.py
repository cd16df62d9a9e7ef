"""The libraries of ../faults that are preloaded, built for a test: shim.c lets system calls go wrong, memory.c
allocations; witness.c writes down which connections a server takes."""
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
