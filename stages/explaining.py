"""What msgspec says of params that are wrong, in words for people."""

from __future__ import annotations

import difflib
import re
import reprlib
from typing import Any, get_args

import msgspec


def explained(message: str, found: Any, kind: Any) -> str:
    """msgspec's message in our words: dotted key first, what would be right, what was found.

    Args:
        message: msgspec's.
        found: what was to be converted.
        kind: to what.
    """
    problem, _, place = message.partition(" - at ")
    where = place.rpartition("`$")[2].strip(".`")
    if place.startswith("`key`"):
        keys = reprlib.repr(list(_at(where, found)))
        return f"{where or 'the file'}: a key must be text; found {keys}"
    if missing := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f"{_join(where, missing[1])}: missing; every key must be there"
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", problem):
        known = _keys_at(where, kind)
        close = difflib.get_close_matches(unknown[1], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return f"{_join(where, unknown[1])}: unknown key; {hint}"
    if not problem.startswith(("Expected", "Invalid", "Number")):  # one of ours, key first
        return _join(where, problem)
    if problem.startswith("Invalid enum value"):
        choices = [str(choice) for choice in get_args(_kind_at(where, kind))]
        problem = f"expected {', '.join(choices[:-1])} or {choices[-1]}"
    problem = problem[:1].lower() + problem[1:].replace("`", "")
    problem = re.sub(r", got \w+$", "", problem).replace("object", "a section with its keys")
    return f"{where or 'the file'}: {problem}; found {reprlib.repr(_at(where, found))}"


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _path(where: str) -> list[str | int]:
    """`a.b[0].c` as ["a", "b", 0, "c"]."""
    return [
        int(index) if index else name for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", where)
    ]


def _at(where: str, found: Any) -> Any:
    for step in _path(where):
        found = found[step]
    return found


def _keys_at(where: str, kind: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(_kind_at(where, kind))]


def _kind_at(where: str, kind: Any) -> Any:
    """The type of a dotted key in one of `kind`."""
    for step in _path(where):
        if isinstance(step, int):
            kind = get_args(get_args(kind)[0])[0]  # of Annotated[tuple[kind, ...], ...]
        else:
            fields = msgspec.structs.fields(kind)
            kind = next(field.type for field in fields if field.name == step)
    return kind
