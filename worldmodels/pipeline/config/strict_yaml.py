"""YAML as params files have it: mappings, lists and plain values, and nothing that is a trap."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from worldmodels.pipeline.errors import UserError

MOST_DIGITS = 1000  # of an integer; Python itself reads and writes no 5,000
MOST_BYTES = 1 << 16  # a params file has some 4,000
DEEPEST = 16  # mappings and lists in one another; PyYAML dies of some ten thousand


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without the trap of a key that is given twice, of which the last would win silently."""

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > MOST_DIGITS:
            raise ValueError(f"a number of {len(node.value):,} digits{_line(node.start_mark)}")
        number: int = super().construct_yaml_int(node)
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            raise ValueError(f"key {twice[0]!r} is given twice{_line(node.start_mark)}")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def read_yaml(path: Path) -> Any:
    """What a file holds.

    Raises:
        UserError: it cannot be read, is too long, or is not plain YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UserError(f"{path}: has more than {MOST_BYTES:,} bytes; is it a params file?")
        text = content.decode("utf-8")
        _refuse_traps(text)
        return yaml.load(text, _Loader)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; copy one from recipes/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def _refuse_traps(text: str) -> None:
    """Look at the text piece by piece, before anything is made of it.

    A few aliases of aliases stand for billions of values; merge keys hide what a section holds, and
    tags what a value is.
    """
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        trap = None
        if depth > DEEPEST:
            trap = f"more than {DEEPEST} mappings and lists in one another"
        elif getattr(event, "anchor", None):  # of what is named, or of an alias
            trap = "& and *: write the value out"
        elif tag := getattr(event, "tag", None):
            trap = f"tag {tag!r}: write the plain value"
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            trap = "<<: write the keys out"
        if trap:
            raise ValueError(f"{trap}{_line(event.start_mark)}")


def _line(mark: Any) -> str:
    return f" (line {mark.line + 1})"
