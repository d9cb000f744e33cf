"""Types of arguments of the benchmarks' command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError


def positive_int(text: str) -> int:
    """A whole number from 1 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"should be a whole number from 1 on; found {text!r}")
    return int(text)


def key_value(text: str) -> tuple[str, str]:
    """A dotted key of the params and a value, of KEY=VALUE.

    Raises:
        ArgumentTypeError: there is no equals sign.
    """
    key, sign, value = text.partition("=")
    if not sign:
        raise ArgumentTypeError(f"should be KEY=VALUE; found {text!r}")
    return key, value
