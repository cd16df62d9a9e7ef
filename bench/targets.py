"""What mod_mediaupload must reach, as ratios and amounts of one run."""
from table import table

OURS = "mod_mediaupload"
SINK = "raw sink"
DAV = "mod_dav PUT"
PHP = "mod_php"


def _ratio(quantity, other, name=OURS):
    return lambda results: results[name][quantity].ratio(results[other][quantity])


def _pictures(target):
    return lambda results: target(results["16 connections"])


def _worst_content(results):
    random = results[OURS]["random"]
    return max(figure.ratio(random) for figure in results[OURS].values())


# workload: what, its value from the workload's results, "at most" or "at least", the limit
TARGETS = {
    "upload": [
        ("CPU / raw sink", _ratio("cpu_gib", SINK), "at most", 1.4),
        ("CPU / mod_dav", _ratio("cpu_gib", DAV), "at most", 0.5),
        ("CPU / mod_php", _ratio("cpu_gib", PHP), "at most", 0.5),
        ("throughput / raw sink", _ratio("mibs", SINK), "at least", 0.75),
        ("throughput / mod_dav", _ratio("mibs", DAV), "at least", 2.0),
        ("wall time, default checksum / none", _ratio("seconds", OURS, OURS + ", default checksum"), "at most", 1.3),
        ("wall time, checksum on / none", _ratio("seconds", OURS, OURS + ", checksum"), "at most", 1.3),
    ],
    "images": [
        ("requests/s / mod_dav, 16 connections", _pictures(_ratio("rate", DAV)), "at least", 1.5),
        ("CPU / mod_dav, 16 connections", _pictures(_ratio("cpu_request", DAV)), "at most", 0.55),
        ("requests/s with catalog / mod_dav", _pictures(_ratio("rate", DAV, OURS + ", catalog")), "at least", 0.8),
        ("CPU with twenty fields / without", lambda results: results["fields"][OURS]["fields_cpu"].median,
         "at most", 1.15),
    ],
    "adversarial": [("CPU of the worst content / random", _worst_content, "at most", 1.3)],
    "memory": [
        ("MiB more for a large file", lambda results: results[OURS]["growth"], "at most", 1.0),
        ("KiB an active upload", lambda results: results[OURS]["active"], "at most", 307),
    ],
    "slow": [
        ("clients of 500 that finished", lambda results: results[OURS]["finished"], "at least", 500),
        ("p99 ms of other requests", lambda results: results[OURS]["others"]["p99"], "at most", 50),
        ("KiB a slow client", lambda results: results[OURS]["memory"], "at most", 40),
    ],
    "tls": [],
}


def targets_table(workload, results):
    """The table of a workload's targets that could be measured; "" when there are none."""
    rows = []
    for what, value_of, sense, limit in TARGETS[workload]:
        try:
            value = value_of(results)
        except KeyError:
            continue
        reached = value <= limit if sense == "at most" else value >= limit
        rows.append([what, f"{value:.2f}", f"{sense} {limit:g}", "reached" if reached else "MISSED"])
    return table("Targets", ["mod_mediaupload", "measured", "target", ""], rows) if rows else ""
