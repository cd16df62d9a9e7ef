"""A strict reader of Prometheus' text format, version 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats/), with the naming rules of
https://prometheus.io/docs/practices/naming/. What a collector might pass over is an error here.

    families = read(b"# HELP a_bytes Bytes.\\n# TYPE a_bytes gauge\\na_bytes{x=\\"y\\"} 1\\n")
    families["a_bytes"].samples[frozenset({("x", "y")})]
"""
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
VALUE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Inf)|NaN")
ESCAPED = {"\\": "\\", '"': '"', "n": "\n"}
TYPES = ("counter", "gauge")
OTHER_UNITS = re.compile(r"_(milliseconds|ms|minutes|hours|days|kilobytes|megabytes|kb|mb|percent)(_|$)")


class Wrong(Exception):
    """The text is not in the format."""


class Family:
    """A metric: its help, its type, and its values by their labels."""

    def __init__(self, name, text):
        self.name, self.help, self.type, self.samples = name, text, None, {}


def take(pattern, line, at, what):
    match = pattern.match(line, at)
    if not match:
        raise Wrong(f"no {what} at {at} in {line!r}")
    return match[0], match.end()


def label_value(line, at):
    """What stands in quotes, without its escapes."""
    value = ""
    while at < len(line):
        if line[at] == '"':
            return value, at + 1
        if line[at] == "\\":
            at += 1
            if line[at:at + 1] not in ESCAPED or at == len(line):
                raise Wrong(f"unknown escape at {at} in {line!r}")
            value += ESCAPED[line[at]]
        else:
            value += line[at]
        at += 1
    raise Wrong(f"a value without its end in {line!r}")


def labels(line, at):
    """The pairs between braces."""
    pairs = {}
    while True:
        name, at = take(LABEL, line, at, "label")
        if name.startswith("__") or name in pairs or line[at:at + 2] != '="':
            raise Wrong(f"label {name} in {line!r}")
        pairs[name], at = label_value(line, at + 2)
        if line[at:at + 1] == "}":
            return frozenset(pairs.items()), at + 1
        if line[at:at + 1] != ",":
            raise Wrong(f"neither comma nor brace at {at} in {line!r}")
        at += 1


def read_sample(family, line):
    name, at = take(NAME, line, 0, "name")
    pairs = frozenset()
    if family is None or name != family.name or family.type is None:
        raise Wrong(f"a sample that does not follow its type: {line!r}")
    if line[at:at + 1] == "{":
        pairs, at = labels(line, at + 1)
    value = line[at + 1:]
    if line[at:at + 1] != " " or not VALUE.fullmatch(value):
        raise Wrong(f"no value, or something behind it: {line!r}")
    if pairs in family.samples:
        raise Wrong(f"the same series twice: {line!r}")
    family.samples[pairs] = float(value) if re.search(r"[.eIN]", value) else int(value)


def read_comment(families, family, line):
    """A line of HELP begins a family, the next one tells its type."""
    kind, name, text = (line[2:].split(" ", 2) + ["", ""])[:3]
    if not NAME.fullmatch(name) or OTHER_UNITS.search(name) or text != text.strip() or not text:
        raise Wrong(f"a name or a text that is none: {line!r}")
    if kind == "HELP":
        if name in families or re.search(r"\\(?![\\n])", text.replace("\\\\", "")):
            raise Wrong(f"told twice, or an unknown escape: {line!r}")
        families[name] = Family(name, text)
        return families[name]
    if kind != "TYPE" or family is None or family.name != name or family.type is not None or family.samples:
        raise Wrong(f"neither help nor the type that belongs to it: {line!r}")
    if text not in TYPES or name.endswith("_total") != (text == "counter"):
        raise Wrong(f"_total is for counters, and for all of them: {line!r}")
    family.type = text
    return family


def read(text):
    """Families by their names; raises Wrong."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Wrong("no UTF-8") from error
    if not decoded.endswith("\n") or "\r" in decoded:
        raise Wrong("lines end with a line feed, the last one too")
    families, family = {}, None
    for line in decoded[:-1].split("\n"):
        if line.startswith("# "):
            family = read_comment(families, family, line)
        else:
            read_sample(family, line)
    if any(one.type is None for one in families.values()):
        raise Wrong("a metric without type")
    return families
