"""What is sent: a file's content, bare for PUT and inside a form for POST."""
import hashlib
import os
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests"))
from uploads import BOUNDARY, JPEG   # noqa: E402

MIB = 1 << 20
A66 = "a" * 66
NEAR_MISS = b"\r\n--" + BOUNDARY.encode()[:-1]

# title: (boundary, content again and again; None: random bytes)
ADVERSARIAL = {
    "random": (BOUNDARY, None),
    "CR LF": (BOUNDARY, b"\r\n"),
    "near misses": (BOUNDARY, NEAR_MISS),
    '66 x "a" over "a"': (A66, b"a"),
    "CR and last byte in turn": (A66, b"\ra"),
    "CR, LF, last byte in turn": (A66, b"\r\na"),
}


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(MIB):
            digest.update(data)
    return digest.hexdigest()


def picture(size):
    """A JPEG of exactly this size: a small picture's header and coded data that nobody decodes."""
    start = JPEG.index(b"\xff\xda")
    header = JPEG[:start + 2 + int.from_bytes(JPEG[start + 2:start + 4], "big")]
    return header + os.urandom(size - len(header) - 2).replace(b"\xff", b"\x7f") + b"\xff\xd9"


def pieces(size, pattern=None):
    """Yields `size` bytes: the pattern again and again, or random ones."""
    block = pattern and pattern * (MIB // len(pattern))
    while size > 0:
        data = (block or os.urandom(MIB))[:size]
        yield data
        size -= len(data)


class Body:
    """A request's content in files below a folder: `plain` is the bare file, `form` a multipart body around it; their
    sizes and SHA-256. `content` yields bytes."""

    def __init__(self, folder, content, name="big.bin", mime="application/octet-stream", boundary=BOUNDARY, fields=0):
        self.folder = tempfile.mkdtemp(dir=folder)
        self.boundary = boundary
        self.plain, self.form = os.path.join(self.folder, "plain"), os.path.join(self.folder, "form")
        before, after = self._around(name, mime, fields)
        with open(self.plain, "wb") as plain, open(self.form, "wb") as form:
            form.write(before)
            for data in content:
                plain.write(data)
                form.write(data)
            form.write(after)
        self.size = {path: os.path.getsize(path) for path in (self.plain, self.form)}
        self.digest = {path: sha256(path) for path in (self.plain, self.form)}

    def _around(self, name, mime, fields):
        parts = [f'Content-Disposition: form-data; name="field{i}"\r\n\r\nthe text of field number {i}\r\n'
                 for i in range(fields)]
        parts.append(f'Content-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: {mime}\r\n\r\n')
        mark = f"--{self.boundary}\r\n"
        return (mark + mark.join(parts)).encode(), f"\r\n--{self.boundary}--\r\n".encode()

    def remove(self):
        shutil.rmtree(self.folder)
