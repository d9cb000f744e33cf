"""What msgspec says of params that are wrong, in words for people."""

from __future__ import annotations

import difflib
import re
import reprlib
from functools import cache
from typing import Any, get_args, get_origin

import msgspec

OF_MSGSPEC = ("Expected", "Invalid", "Number", "Integer")  # how its messages begin
LONGEST_KEY = 40  # that is repeated as it is


def misplaced(found: Any, kind: Any, where: str = "") -> str | None:
    """What is wrong with the keys of a section, or of one in it: all must be text, and known.

    Args:
        found: what is to be a `kind`, a struct of msgspec or a tuple of such.
        kind: what it is to be; other kinds have no keys.
        where: its dotted key.
    """
    entry = _entry(kind)
    if entry and isinstance(found, list):
        inner = ((value, entry, f"{where}[{index}]") for index, value in enumerate(found))
    elif _is_struct(kind) and isinstance(found, dict):
        if not all(isinstance(key, str) for key in found):
            return f"{where or 'the file'}: a key must be text; found {reprlib.repr(list(found))}"
        known = _types(kind)
        for key in found:
            if key not in known:
                close = difflib.get_close_matches(key[:LONGEST_KEY], known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
                name = key if key.isidentifier() and len(key) < LONGEST_KEY else reprlib.repr(key)
                return f"{_join(where, name)}: unknown key; {hint}"
        inner = ((value, known[key], _join(where, key)) for key, value in found.items())
    else:
        return None
    return next(filter(None, (misplaced(*each) for each in inner)), None)


def explained(message: str, found: Any, kind: Any) -> str:
    """msgspec's message in our words: dotted key first, what would be right, what was found.

    Args:
        message: msgspec's.
        found: what was to be converted.
        kind: to what.
    """
    problem, _, place = message.partition(" - at ")
    where = place.rpartition("`$")[2].strip(".`")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f"{_join(where, missing[1])}: missing; every key must be there"
    if not problem.startswith(OF_MSGSPEC):  # one of ours, key first
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


def _kind_at(where: str, kind: Any) -> Any:
    """The type of a dotted key in one of `kind`."""
    for step in _path(where):
        kind = _entry(kind) if isinstance(step, int) else _types(kind)[step]
    return kind


@cache
def _types(kind: Any) -> dict[str, Any]:
    """The type of every key of a struct."""
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _entry(kind: Any) -> Any:
    """`entry` of Annotated[tuple[entry, ...], ...]; None of any other kind."""
    bare = next(iter(get_args(kind)), None)
    return get_args(bare)[0] if get_origin(bare) is tuple else None
