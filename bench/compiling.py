"""Compiles the programs that measurements need: who sends, and who is compared with."""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "build")
COMMANDS = {"load": ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-o", "{built}", "{source}", "-lssl", "-lcrypto"],
            "sink": ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-pthread", "-o", "{built}", "{source}", "-lcrypto"]}


def build(folder=FOLDER):
    """Compiles what is older than its source."""
    os.makedirs(folder, exist_ok=True)
    commands = {os.path.join(HERE, name + ".c"): command for name, command in COMMANDS.items()}
    if shutil.which("go"):
        commands[os.path.join(HERE, "peers", "stream.go")] = ["go", "build", "-o", "{built}", "{source}"]
    for source, command in commands.items():
        built = os.path.join(folder, os.path.splitext(os.path.basename(source))[0])
        if not os.path.exists(built) or os.path.getmtime(built) < os.path.getmtime(source):
            subprocess.run([word.format(built=built, source=source) for word in command], check=True)
