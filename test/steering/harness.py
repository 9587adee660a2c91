"""What a file of steering tests is written with: test registers a function, check compares."""

import difflib

TESTS = []


def test(function, versions=(4, 6)):
    TESTS.append((function, versions))
    return function


def test_of_both_families(function):
    """One that looks at IPv4 and IPv6 at once."""
    return test(function, (6,))


def check(name, actual, expected):
    if actual != expected:
        raise AssertionError(f"{name}: {_difference(actual, expected)}")


def _difference(actual, expected):
    if isinstance(actual, str) and "\n" in actual:
        return "\n" + "\n".join(difflib.unified_diff(expected.split("\n"), actual.split("\n"), "expected", "actual", n=0,
                                                  lineterm=""))
    return f"{actual!r}, expected {expected!r}"
