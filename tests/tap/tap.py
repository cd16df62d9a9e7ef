"""The Test Anything Protocol for Python: each check prints a line with its name.

    from tap.tap import main, is_equal

    def test_adds():
        is_equal(add(1, 2), 3, "adds")

    if __name__ == "__main__":
        main()

main() runs every test_ function of the program in the order of the file. An exception fails that test and the next
one still runs.
"""
import signal
import sys
import traceback

LINE = 500   # characters of a remark that are worth reading

_count = 0
_failed = 0


def diag(text):
    """A remark that is no check."""
    for line in str(text).splitlines():
        print("# " + (line if len(line) <= LINE else line[:LINE] + "..."), flush=True)


def ok(passed, name, *seen):
    """A check; what was seen is printed when it failed. Returns whether it passed."""
    global _count, _failed
    _count += 1
    _failed += not passed
    print(f"{'ok' if passed else 'not ok'} {_count} - {name}", flush=True)
    if not passed:
        for one in seen:
            diag(one)
    return bool(passed)


def is_equal(got, expected, name):
    return ok(got == expected, name, f"got      {got!r}", f"expected {expected!r}")


def contains(text, part, name):
    return ok(part in text, name, f"no {part!r} in", text)


def skip(name, why):
    """A check that cannot run here. ./check counts it as a failure unless tests/run allows it."""
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}", flush=True)


def _end(number, _frame):
    sys.exit(128 + number)   # so that with-blocks stop their servers


def main():
    """Runs the calling program's tests, or those named as arguments, and ends the program."""
    signal.signal(signal.SIGTERM, _end)
    tests = {name: test for name, test in vars(sys.modules["__main__"]).items() if name.startswith("test_")}
    for name in sys.argv[1:] or tests:
        try:
            tests[name]()
        except Exception:
            ok(False, name + " ends without an exception", traceback.format_exc())
    print(f"1..{_count}", flush=True)
    sys.exit(0 if _count > 0 and _failed == 0 else 1)
