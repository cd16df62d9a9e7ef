#!/usr/bin/python3
"""Records what a terminal shows of `migrate.cgi references`: a hundred records to see that it works, the plan of a dry
run, then the real run with its bar. An application with 2 000 pictures of 20 to 140 KB and a record for each is made in
a folder of its own; the pictures go to an S3 server on this machine (Ceph's, as in the tests).

    tools/record_references.py docs/references.cast            records anew, some 30 seconds; prints three stills
    tools/record_references.py --play docs/references.cast     plays a recording in this terminal

The file is an asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/): a line of JSON with the size of
the terminal, then one for each piece of output with its time in seconds."""
import json
import os
import random
import sqlite3
import struct
import sys
import tempfile
import time
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tests", "cgi"), os.path.join(TOP, "tests", "parts")]
import servers   # noqa: E402
from programs import PROGRAMS, data   # noqa: E402
from terminal import Terminal   # noqa: E402

COLUMNS, ROWS = 80, 24
PROMPT = "$ "
COMMANDS = ["migrate.cgi references --no-dry-run --jobs 4 --limit 100", "migrate.cgi references",
            "migrate.cgi references --no-dry-run --jobs 4"]
READING = 2   # seconds that a person looks at the screen before the next command
PICTURES = 2000
OTHERS = [None] * 12 + ["default_article.jpg"] * 5 + ["static/uploads/lost.jpg"] + [
    "https://media.s3.amazonaws.com/a.png?X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-Signature=00"] * 3
CONF = """
MediaUploadEnvFile   .env
MediaUploadDatabase  sqlite3 app.db
<MediaUpload articles>
    MediaUploadStorage  s3://media/articles
    MediaUploadURL      https://cdn.example.org/articles
    MediaUploadDefault  default_article.jpg
    MediaUploadRecord   article id image_url
    MediaUploadSource   static/uploads
</MediaUpload>
"""


def jpeg(filling):
    """A comment has 65533 bytes at most."""
    whole = data("baseline.jpg")
    pieces = [filling[at:at + 60000] for at in range(0, len(filling), 60000)]
    return whole[:2] + b"".join(b"\xff\xfe" + struct.pack(">H", len(one) + 2) + one for one in pieces) + whole[2:]


def png(filling):
    whole = data("rgb.png")
    chunk = b"tEXtComment\0" + filling
    return whole[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + whole[33:]


def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def make_application(folder, variables):
    """What the configuration speaks of; pictures that are the same each time."""
    chance = random.Random(1)
    values = list(OTHERS)
    for i in range(PICTURES):
        kind, make = (("png", png), ("jpg", jpeg), ("jpg", jpeg))[i % 3]
        values.append(f"static/uploads/photo {i}.{kind}")
        write(os.path.join(folder, values[-1]), make(chance.randbytes(chance.randrange(20000, 140000))))
    with sqlite3.connect(os.path.join(folder, "app.db")) as database:
        database.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, image_url TEXT)")
        database.executemany("INSERT INTO article (title, image_url) VALUES ('an article', ?)",
                             [(value,) for value in values])
    secrets = (f"AWS_ACCESS_KEY_ID={variables['TEST_S3_ACCESS_KEY']}\n"
               f"AWS_SECRET_ACCESS_KEY={variables['TEST_S3_SECRET_KEY']}\n"
               f"AWS_S3_ENDPOINT_URL={variables['TEST_S3_HTTP']}\n")
    write(os.path.join(folder, ".env"), secrets.encode(), 0o600)
    write(os.path.join(folder, "mediaupload.conf"), CONF.encode())


def record(folder):
    """The events of a session in a shell, and what the screen showed after each."""
    environment = {"PS1": PROMPT, "TERM": "xterm-256color", "PATH": f"{PROGRAMS}:/usr/bin:/bin",
                   "MEDIAUPLOAD_CONFIG": os.path.join(folder, "mediaupload.conf")}
    events, screens, left = [], [], list(COMMANDS)
    with Terminal(COLUMNS, ROWS) as terminal:
        begun = time.monotonic()
        for text in terminal.run(["/bin/sh", "-i"], environment, folder):
            events.append([round(time.monotonic() - begun, 6), "o", text])
            screens.append(list(terminal.screen.lines))
            if terminal.screen.lines[-1] == PROMPT and left:
                time.sleep(READING)
                terminal.write(left.pop(0) + "\n")
            elif terminal.screen.lines[-1] == PROMPT:
                break
        terminal.hang_up()
    return events, screens


def print_stills(screens):
    """What the last two commands showed: the plan, the bar near its middle, and the end."""
    prompts = [i for i, line in enumerate(screens[-1]) if line.startswith(PROMPT)]
    bars = [lines for lines in screens if lines[-1].startswith("[") and len(lines) > prompts[-2]]
    for lines in (screens[-1][prompts[-3]:prompts[-2]], [bars[len(bars) // 2][-1]], screens[-1][prompts[-2]:]):
        print("\n".join(lines), end="\n\n")


def play(path):
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file][1:]
    begun = time.monotonic()
    for at, _, text in events:
        time.sleep(max(0, at - (time.monotonic() - begun)))
        print(text, end="", flush=True)
    print()


def main(arguments):
    if arguments[:1] == ["--play"] and len(arguments) == 2:
        play(arguments[1])
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    with servers.started("s3") as started, tempfile.TemporaryDirectory() as folder:
        make_application(folder, started.environment)
        events, screens = record(folder)
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "timestamp": int(time.time()),
              "title": "migrate.cgi references", "env": {"TERM": "xterm-256color", "SHELL": "/bin/sh"}}
    with open(arguments[0], "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in [header, *events])
    print_stills(screens)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
