"""A strict YAML reader for params files: mappings, lists and plain values only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from worldmodels.pipeline.errors import UserError

MAX_DIGITS = 1000  # of an integer; Python itself reads and writes no 5,000
MAX_BYTES = 1 << 16  # a params file has some 4,000
MAX_DEPTH = 16  # of nested mappings and lists; some ten thousand crash PyYAML


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader that refuses duplicate keys, of which PyYAML silently takes the last."""

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > MAX_DIGITS:
            raise ValueError(f"a number of {len(node.value):,} digits{_line(node.start_mark)}")
        number: int = super().construct_yaml_int(node)
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        duplicates = [key for key, count in keys.items() if count > 1]
        if duplicates:
            raise ValueError(f"key {duplicates[0]!r} is given twice{_line(node.start_mark)}")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        UserError: the file cannot be read, is too long, or is not plain YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise UserError(f"{path}: has more than {MAX_BYTES:,} bytes; is it a params file?")
        text = content.decode("utf-8")
        _check_events(text)
        return yaml.load(text, _Loader)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; copy one from recipes/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def _check_events(text: str) -> None:
    """Check the events of the parser, before any value is constructed.

    A few aliases of aliases stand for billions of values; merge keys hide the keys of a section,
    and tags the type of a value.

    Raises:
        ValueError: the text is nested too deeply, or has anchors, aliases, tags or merge keys.
    """
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        problem = None
        if depth > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} nested mappings and lists"
        elif getattr(event, "anchor", None):  # an anchor, or an alias of one
            problem = "& and *: write the value out"
        elif tag := getattr(event, "tag", None):
            problem = f"tag {tag!r}: write the plain value"
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            problem = "<<: write the keys out"
        if problem:
            raise ValueError(f"{problem}{_line(event.start_mark)}")


def _line(mark: Any) -> str:
    return f" (line {mark.line + 1})"
