"""A strict YAML reader for params files: mappings, lists and plain values only.

It is the parser that DVC reads params with, so that a stage takes the number that
`dvc params diff` shows. (PyYAML reads YAML 1.1, where 010 is 8; ruamel.yaml reads 1.2, where it is
10.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent

from worldmodels.pipeline.errors import UserError

MAX_PLAIN = 1000  # characters of a value without quotes; Python reads no number of 5,000 digits
MAX_BYTES = 1 << 16  # a params file has some 4,000
MAX_DEPTH = 16  # of nested mappings and lists; some thousand exhaust Python's stack


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        UserError: the file cannot be read, is too long, or is not plain YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise UserError(f"{path}: has more than {MAX_BYTES:,} bytes; is it the right file?")
        return parse_yaml(content.decode("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; copy one from recipes/") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def parse_yaml(text: str) -> Any:
    """The value of a plain YAML text, as a params file may have it.

    Raises:
        ValueError: it is not plain YAML.
    """
    try:
        _check_events(text)
        return YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        what = str(error.problem).partition(" with value")[0]  # of a key that is given twice
        problem = f"{what}{_line(error.problem_mark)}"
    except (YAMLError, ValueError, OverflowError) as error:
        problem = str(error)
    raise ValueError(f"not valid YAML: {' '.join(problem.split())}")


def _check_events(text: str) -> None:
    """Check the events of the parser, before any value is constructed.

    A few aliases of aliases stand for billions of values; merge keys hide the keys of a section,
    and tags the type of a value.

    Raises:
        ValueError: the text is nested too deeply, has anchors, aliases, tags or merge keys, or a
            plain value that is too long.
    """
    depth = 0
    for event in YAML(typ="safe").parse(text):
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        problem = None
        if depth > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} nested mappings and lists"
        elif getattr(event, "anchor", None):  # an anchor, or an alias of one
            problem = "& and *: write the value out"
        elif tag := getattr(event, "tag", None):
            problem = f"tag {tag!r}: write the plain value"
        elif isinstance(event, ScalarEvent) and event.value == "<<":
            problem = "<<: write the keys out"
        elif isinstance(event, ScalarEvent) and not event.style and len(event.value) > MAX_PLAIN:
            problem = f"a value of {len(event.value):,} characters"
        if problem:
            raise ValueError(f"{problem}{_line(event.start_mark)}")


def _line(mark: Any) -> str:
    return f" (line {mark.line + 1})" if mark else ""
