"""What is measured: each workload starts its contenders, loads them in turn and returns tables and figures."""
import contextlib
import json
import os
import subprocess
import sys
import time

import contenders as peers
from payload import ADVERSARIAL, MIB, Body, picture, pieces
from table import Figure, ratio_text, table
from targets import DAV, OURS, PHP, SINK

GIB = 1 << 30
PICTURE = 200 * 1024
SLOW_SIZE = MIB         # more than the kernel's receive buffers take
SLOW_PIECE = 8192
SLOW_RATE = 128 * 1024  # bytes a second of a slow client
PATIENCE = 300      # seconds until a measurement that does not end is given up
SETTLE = 0.05       # seconds in which a server may finish what it does after an answer
def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """The options of a run and what all workloads use."""

    def __init__(self, options, disk, memory):
        self.options, self.disk, self.memory = options, disk, memory
        self.missing = []

    def setting(self, folder, **more):
        return peers.Setting(folder, self.options.build, self.options.module, **more)

    def load_command(self, contender, body, *options):
        return self.load(contender, contender.head(body), contender.sent(body), *options)

    def load(self, contender, head, body_path, *options):
        """The command that sends this header and body to a contender."""
        head_path = os.path.join(contender.folder, f"head-{abs(hash(head))}")
        with open(head_path, "w", encoding="ascii") as file:
            file.write(head)
        tls = ["-s"] if contender.setting.tls else []
        return [os.path.join(self.options.build, "load"), str(contender.port), head_path, body_path, *tls,
                *map(str, options)]

    def measure(self, contender, body, count, connections=1):
        """Sends the body `count` times and checks what is stored; the figures of this one measurement."""
        contender.account.begin_peak()
        before = contender.account.cpu()
        result = subprocess.run(self.load_command(contender, body, "-n", count, "-c", connections, "-d", PATIENCE),
                                check=True, capture_output=True, text=True)
        time.sleep(SETTLE)
        cpu = contender.account.cpu() - before
        peak = contender.account.peak()
        answer = json.loads(result.stdout)
        fault = self._fault(answer) or contender.check(body, count)
        contender.empty()
        if fault:
            raise RuntimeError(f"{contender.name}: {fault}")
        return {"mibs": body.size[body.plain] * count / MIB / answer["seconds"], "rate": count / answer["seconds"],
                "seconds": answer["seconds"], "cpu": cpu, "cpu_gib": cpu * GIB / (body.size[body.plain] * count),
                "cpu_request": cpu * 1e6 / count, "p50": answer["p50"], "p99": answer["p99"],
                "client": answer["cpu"] * 1e6 / count, "peak": peak / 1024}

    @staticmethod
    def _fault(answer):
        bad = {status: number for status, number in answer["status"].items() if not status.startswith("2")}
        return f"answers {bad}, {answer['late']} unanswered" if bad or answer["late"] else None

    def trickle(self, contender, body, clients):
        """Sends the body on so many connections at once, in pieces over some seconds. The KiB that the server's
        processes held at most meanwhile."""
        piece = body.size[contender.sent(body)] // 50
        command = self.load_command(contender, body, "-n", clients, "-c", clients, "-p", piece, "-i", 50)
        highest = 0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
            while load.poll() is None:
                highest = max(highest, contender.account.memory())
                time.sleep(0.1)
        contender.empty()
        return highest

    def slow(self, contender, body, clients, seconds):
        """So many clients that trickle; what other requests, each on a new connection, wait before and meanwhile."""
        get = f"GET /small.txt HTTP/1.1\r\nHost: 127.0.0.1:{contender.port}\r\nConnection: close\r\n\r\n"
        others = self.load(contender, get, os.devnull, "-c", 4, "-n", 400 * seconds, "-i", 10, "-d")
        alone = json.loads(subprocess.run([*others, "2"], check=True, capture_output=True, text=True).stdout)
        held = contender.account.memory()
        interval = SLOW_PIECE * 1000 // SLOW_RATE
        command = self.load_command(contender, body, "-n", clients, "-c", clients, "-p", SLOW_PIECE, "-i", interval,
                                    "-d", seconds)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load, \
             subprocess.Popen([*others, str(seconds)], stdout=subprocess.PIPE, text=True) as meanwhile:
            highest = 0
            while load.poll() is None:
                highest = max(highest, contender.account.memory())
                time.sleep(0.5)
            answer = json.loads(load.communicate()[0])
            meanwhile.terminate()
            waited = json.loads(meanwhile.communicate()[0])
        contender.empty()
        waited["count"] = sum(waited["status"].values())
        return {"finished": sum(n for status, n in answer["status"].items() if status.startswith("2")),
                "seconds": answer["seconds"], "alone": alone, "others": waited, "memory": (highest - held) / clients}

    @contextlib.contextmanager
    def started(self, field):
        """Starts those contenders of the field that are chosen and there; stops them at the end."""
        running = []
        try:
            for contender in field:
                lack = contender.missing()
                if lack:
                    self.missing.append(f"{contender.name}: {lack} is missing (bench/install)")
                elif not self.options.only or contender.name in self.options.only:
                    self._start(contender, running)
            yield running
        finally:
            for contender in running:
                for line in contender.stop()[:3]:
                    say(f"{contender.name}: {line}")

    def _start(self, contender, running):
        try:
            contender.start()
            running.append(contender)
        except (AssertionError, OSError, RuntimeError) as error:
            self.missing.append(f"failed: {contender.name}: {error}")
            contender.stop()
        except BaseException:
            contender.stop()
            raise

    def rounds(self, field, measure):
        """Measures each contender once a round, A B C, C B A, ..., after a round that does not count.
        {name: {quantity: Figure}}; one that fails is reported and left out from then on."""
        taken = {contender.name: [] for contender in field}
        field = list(field)
        for number in range(self.options.rounds + 1):
            for contender in list(field) if number % 2 else list(reversed(field)):
                say(f"round {number} of {self.options.rounds}: {contender.name}")
                try:
                    taken[contender.name].append(measure(contender))
                except (RuntimeError, subprocess.SubprocessError) as error:
                    self.missing.append(f"failed: {error}")
                    field.remove(contender)
        return {name: {key: Figure(value[key] for value in values[1:]) for key in values[0]}
                for name, values in taken.items() if len(values) == self.options.rounds + 1}


def everyone(setting, pictures=False):
    """All contenders of a speed comparison."""
    ours = [peers.Ours(OURS, setting, accept_all=not pictures),
            peers.Ours(OURS + ", checksum", setting, accept_all=not pictures, checksum="on"),
            peers.Ours(OURS + ", catalog", setting, accept_all=not pictures, catalog=True),
            peers.Ours(OURS + ", checksum, catalog", setting, accept_all=not pictures, checksum="on",
                       catalog=True)]
    if pictures:
        ours.append(peers.Ours(OURS + ", any type", setting))
    else:
        ours.append(peers.Ours(OURS + ", default checksum", setting, checksum=None))
    return [peers.Sink(SINK, setting), *ours, peers.Dav(DAV, setting), peers.ModPhp(PHP, setting),
            peers.HttpdFpm("httpd + php-fpm", setting), peers.NginxFpm("nginx + php-fpm", setting),
            peers.NginxFile("nginx, body in file", setting), peers.Busboy("node busboy", setting),
            peers.Go("Go mime/multipart", setting)]


def upload_table(title, results):
    sink, dav = results.get(SINK), results.get(DAV)
    rows = [[name, r["mibs"].spread(0), ratio_text(r["mibs"], sink and sink["mibs"]),
             ratio_text(r["mibs"], dav and dav["mibs"]), r["cpu_gib"].spread(2),
             ratio_text(r["cpu_gib"], sink and sink["cpu_gib"]), ratio_text(r["cpu_gib"], dav and dav["cpu_gib"]),
             f"{r['client'].median / 1e6:.2f}", r["peak"].text(1)] for name, r in results.items()]
    return table(title, ["receiver", "MiB/s", "x sink", "x dav", "CPU s/GiB", "x sink", "x dav", "client s",
                         "peak MiB"], rows)


def upload(bench):
    """One large file on disk."""
    size = bench.options.size
    setting = bench.setting(bench.disk)
    with bench.started([peers.Sink(SINK + ", SHA-256", setting, "sha256"), *everyone(setting)]) as field:
        body = Body(bench.disk, pieces(size))
        results = bench.rounds(field, lambda contender: bench.measure(contender, body, 1))
        body.remove()
    return [upload_table(f"One file of {size // MIB} MiB", results)], results


def images_table(title, results):
    sink, dav = results.get(SINK), results.get(DAV)
    rows = [[name, r["rate"].spread(0), ratio_text(r["rate"], sink and sink["rate"]),
             ratio_text(r["rate"], dav and dav["rate"]), r["cpu_request"].spread(0),
             ratio_text(r["cpu_request"], sink and sink["cpu_request"]),
             ratio_text(r["cpu_request"], dav and dav["cpu_request"]), r["p50"].text(2), r["p99"].text(2),
             r["client"].text(0)] for name, r in results.items()]
    return table(title, ["receiver", "requests/s", "x sink", "x dav", "CPU us/request", "x sink", "x dav", "p50 ms",
                         "p99 ms", "client us"], rows)


def fields_table(title, results):
    rows = [[name, r["rate"].spread(0), f"{r['fields_rate'].median:.2f}", r["cpu_request"].spread(0),
             f"{r['fields_cpu'].median:.2f}"] for name, r in results.items()]
    return table(title, ["receiver", "requests/s", "x without", "CPU us/request", "x without"], rows)


def images(bench):
    """Pictures of 200 KiB in memory: on 1, 16 and 64 kept-alive connections, and with twenty text fields."""
    tables, results = [], {}
    content = picture(PICTURE)
    count = bench.options.requests
    bare = Body(bench.memory, [content], "photo.jpg", "image/jpeg")
    fields = Body(bench.memory, [content], "photo.jpg", "image/jpeg", fields=20)

    def with_fields(contender):
        without, figures = bench.measure(contender, bare, count, 16), bench.measure(contender, fields, count, 16)
        return {**figures, "fields_rate": figures["rate"] / without["rate"],
                "fields_cpu": figures["cpu"] / without["cpu"]}

    with bench.started(everyone(bench.setting(bench.memory), pictures=True)) as field:
        for connections in bench.options.connections:
            key = f"{connections} connections"
            say(key)
            results[key] = bench.rounds(field, lambda contender: bench.measure(contender, bare, count, connections))
            tables.append(images_table(f"200 KiB pictures, {key}", results[key]))
        say("twenty text fields")
        results["fields"] = bench.rounds([contender for contender in field if contender.form], with_fields)
        tables.append(fields_table("200 KiB pictures with twenty text fields, 16 connections", results["fields"]))
    return tables, results


def adversarial(bench):
    """Content that delimiter searches stumble over, against random content."""
    size = bench.options.size // 4
    setting = bench.setting(bench.disk)
    field = [peers.Sink(SINK, setting), peers.Ours(OURS, setting), peers.ModPhp(PHP, setting),
             peers.Busboy("node busboy", setting), peers.Go("Go mime/multipart", setting)]
    bodies = {title: Body(bench.disk, pieces(size, pattern), boundary=boundary)
              for title, (boundary, pattern) in ADVERSARIAL.items()}
    with bench.started(field) as running:
        results = bench.rounds(running, lambda contender: {title: bench.measure(contender, body, 1)["cpu_gib"]
                                                           for title, body in bodies.items()})
    for body in bodies.values():
        body.remove()
    rows = [[name] + [f"{r[title].text(2)} ({r[title].ratio(r['random']):.2f})" for title in bodies]
            for name, r in results.items()]
    return [table(f"CPU s/GiB by content of {size // MIB} MiB (x random)", ["receiver", *bodies], rows)], results


def memory(bench):
    """What a server's memory grows by with a small and a large file, and with 64 uploads at once."""
    at_once, large = 64, bench.options.size
    setting = bench.setting(bench.disk)
    results = {}
    with bench.started(everyone(setting)) as field:
        small_body = Body(bench.disk, pieces(MIB))
        large_body = Body(bench.disk, pieces(large))
        for contender in field:
            say(f"memory: {contender.name}")
            bench.measure(contender, small_body, 20)   # what is allocated once
            small = bench.measure(contender, small_body, 1)["peak"]
            big = bench.measure(contender, large_body, 1)["peak"]
            before = contender.account.memory()
            highest = bench.trickle(contender, small_body, at_once)
            results[contender.name] = {"small": small, "large": big, "growth": big - small,
                                       "active": (highest - before) / at_once}
    rows = [[name, f"{r['small']:.1f}", f"{r['large']:.1f}", f"{r['growth']:.2f}", f"{r['active']:.0f}"]
            for name, r in results.items()]
    return [table("Memory of the server's processes",
                  ["receiver", "1 MiB: peak MiB", f"{large // MIB} MiB: peak MiB", "growth MiB",
                   f"KiB an upload, {at_once} at once"], rows)], results


def slow(bench):
    """500 clients that trickle on servers with 16 workers, and what other requests meanwhile wait."""
    clients, seconds = 500, 30
    setting = bench.setting(bench.memory, workers=16)
    field = [peers.Ours(OURS, setting, accept_all=False), peers.Dav(DAV, setting), peers.ModPhp(PHP, setting),
             peers.HttpdFpm("httpd + php-fpm", setting), peers.NginxFpm("nginx + php-fpm", setting),
             peers.NginxFile("nginx, body in file", setting), peers.Busboy("node busboy", setting),
             peers.Go("Go mime/multipart", setting)]
    results = {}
    body = Body(bench.memory, [picture(SLOW_SIZE)], "photo.jpg", "image/jpeg")
    with bench.started(field) as running:
        for contender in running:
            say(f"slow: {contender.name}")
            results[contender.name] = bench.slow(contender, body, clients, seconds)
    rows = [[name, f"{r['finished']}", f"{r['seconds']:.1f}", f"{r['alone']['p99']:.1f}", r["others"]["count"],
             f"{r['others']['p50']:.1f}", f"{r['others']['p99']:.1f}", f"{r['others']['most']:.1f}",
             f"{r['memory']:.0f}"] for name, r in results.items()]
    title = f"{clients} clients that each send {SLOW_SIZE // 1024} KiB at {SLOW_RATE // 1024} KiB/s, 16 workers"
    return [table(title, ["receiver", f"finished in {seconds} s", "seconds", "others alone p99 ms", "others", "p50 ms",
                          "p99 ms", "most ms", "KiB a client"], rows)], results


def tls(bench):
    """One large file over TLS, beside the same without."""
    size = bench.options.size
    open_setting, setting = bench.setting(bench.disk), bench.setting(bench.disk, tls=True)
    field = [peers.Sink(SINK, open_setting), peers.Ours(OURS + " without TLS", open_setting), peers.Ours(OURS, setting),
             peers.Dav(DAV, setting), peers.NginxFile("nginx, body in file", setting)]
    with bench.started(field) as running:
        body = Body(bench.disk, pieces(size))
        results = bench.rounds(running, lambda contender: bench.measure(contender, body, 1))
        body.remove()
    return [upload_table(f"One file of {size // MIB} MiB over TLS (the raw sink without)", results)], results


WORKLOADS = {"upload": upload, "images": images, "adversarial": adversarial, "memory": memory, "slow": slow, "tls": tls}
