"""Error messages for wrong params: dotted key, what was expected, what was found."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable
from functools import cache
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec

from worldmodels.pipeline.config.old_keys import explain_old_key

MSGSPEC_STARTS = ("Expected", "Invalid", "Number", "Integer")  # of msgspec's own messages
MAX_KEY = 40  # characters of a key that is repeated as it is


def find_unknown_key(found: Any, kind: Any, where: str = "") -> str | None:
    """A message on the first key of a section, or below it, that is unknown or not text, or None.

    Args:
        found: the section's content.
        kind: its type: a msgspec struct, a union of structs, or a tuple of them; other types have
            no keys.
        where: the dotted key of the section.
    """
    entry = _entry(kind)
    if entry and isinstance(found, list):
        inner = ((value, entry, f"{where}[{index}]") for index, value in enumerate(found))
    elif _structs(kind) and isinstance(found, dict):
        if not all(isinstance(key, str) for key in found):
            return f"{where or 'the file'}: a key must be text; found {reprlib.repr(list(found))}"
        struct = _struct(kind, found)
        if not struct:  # the tag, on which the keys depend, is wrong: msgspec reports that
            return None
        known = _keys(kind, found)
        for key in found:
            if key not in known:
                name = key if key.isidentifier() and len(key) < MAX_KEY else reprlib.repr(key)
                if explanation := explain_old_key(_join(where, key)):
                    return f"{_join(where, name)}: {explanation}"
                return f"{_join(where, name)}: unknown key; {_hint(key, known, struct, kind)}"
        inner = ((value, known[key], _join(where, key)) for key, value in found.items())
    else:
        return None
    return next(filter(None, (find_unknown_key(*each) for each in inner)), None)


def explain_error(message: str, found: Any, kind: Any) -> str:
    """msgspec's message reworded: the dotted key first, what was expected, what was found.

    Args:
        message: of msgspec's ValidationError.
        found: the content that was converted.
        kind: the type that it was converted to.
    """
    problem, _, place = message.partition(" - at ")
    where = place.rpartition("`$")[2].strip(".`")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f"{_join(where, missing[1])}: missing; every key must be there"
    if not problem.startswith(MSGSPEC_STARTS):  # of a __post_init__, which begins with the key
        return _join(where, problem)
    expected = _kind_at(where, found, kind)
    if get_origin(expected) is Literal:
        problem = f"expected {_one_of(get_args(expected))}"
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


def _kind_at(where: str, found: Any, kind: Any) -> Any:
    """The type of the value at a dotted key, below a value of type `kind`."""
    for step in _path(where):
        kind = _entry(kind) if isinstance(step, int) else _keys(kind, found)[step]
        found = found[step]
    return kind


def _structs(kind: Any) -> tuple[Any, ...]:
    """The struct that a type is, or the structs of a union; empty for other types."""
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return tuple(
        each for each in kinds if isinstance(each, type) and issubclass(each, msgspec.Struct)
    )


def _struct(kind: Any, found: Any) -> Any:
    """The struct of a type; of a union, the one that the tag in `found` names, or None."""
    structs = _structs(kind)
    if len(structs) == 1:
        return structs[0]
    return next((each for each in structs if found.get(_tag_field(each)) == _tag(each)), None)


def _tag_field(struct: Any) -> Any:
    return struct.__struct_config__.tag_field


def _tag(struct: Any) -> Any:
    return struct.__struct_config__.tag


def _keys(kind: Any, found: Any) -> dict[str, Any]:
    """The type of every key that `found` may have; the tag's, if there is one, first."""
    structs, struct = _structs(kind), _struct(kind, found)
    tags = {_tag_field(each): Literal[tuple(map(_tag, structs))] for each in structs[1:]}
    return tags | (_types(struct) if struct else {})


@cache
def _types(struct: Any) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def _hint(key: str, known: Iterable[str], struct: Any, kind: Any) -> str:
    """A suggestion for a key that a struct does not have."""
    for other in _structs(kind):
        if key in _types(other):
            field = _tag_field(struct)
            return f"it is a key of {field}: {_tag(other)}, and this is {field}: {_tag(struct)}"
    close = difflib.get_close_matches(key[:MAX_KEY], known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"


def _one_of(choices: Iterable[Any]) -> str:
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last


def _entry(kind: Any) -> Any:
    """`entry` of Annotated[tuple[entry, ...], ...]; None for other types."""
    bare = next(iter(get_args(kind)), None)
    return get_args(bare)[0] if get_origin(bare) is tuple else None
