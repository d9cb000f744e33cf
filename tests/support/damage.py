"""Damaged files of every kind, and whether the readers of the stages refuse them.

`python -m tests.support.damage` prints the counts as Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import h5py
import numpy as np

from tests.support.damaged_content import (
    changed_arrays,
    damaged_bytes,
    damaged_models,
    damaged_tables,
    damaged_texts,
    store_changes,
)
from tests.support.valid_files import MODELS, TABLES, make_valid_files, read
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage import hdf5, npz


class Damaged(NamedTuple):
    """A file, and what was done to it."""

    path: Path
    damage: str
    name: str  # of the valid file


def damaged_files(valid: Path, folder: Path, seed: int = 0) -> Iterator[Damaged]:
    """Write damaged files one by one, each under the name of the valid file in its own folder."""
    rng = np.random.default_rng(seed)
    number = 0
    for path in sorted(valid.iterdir()):
        content = path.read_bytes()
        variants = [*damaged_bytes(content, rng)]
        if path.name in TABLES:
            kind, datasets = hdf5.open_arrays(path)
            arrays = {name: dataset[()] for name, dataset in datasets.items()}
        elif path.name in MODELS:
            kind, arrays = npz.read(path)
            variants += damaged_models(content)
        else:
            arrays = {}
            variants += damaged_texts(path.name, content.decode())
        for damage, variant in variants:
            number += 1
            target = _new_path(folder, number, path.name)
            target.write_bytes(variant)
            yield Damaged(target, damage, path.name)
        for damage, change in changed_arrays(arrays) if arrays else ():
            number += 1
            target = _new_path(folder, number, path.name)
            changed = {name: array.copy() for name, array in arrays.items()}
            change(changed)
            if path.name in TABLES:
                target.write_bytes(content)
                with h5py.File(target, "r+", libver=hdf5.FORMAT, locking=False) as file:
                    store_changes(file, arrays, changed)
            else:
                npz.write(target, changed, kind)
            yield Damaged(target, damage, path.name)
        for damage, alter in damaged_tables(path) if path.name in TABLES else ():
            number += 1
            target = _new_path(folder, number, path.name)
            target.write_bytes(content)
            with h5py.File(target, "r+", libver=hdf5.FORMAT, locking=False) as file:
                alter(file)
            yield Damaged(target, damage, path.name)


def _new_path(folder: Path, number: int, name: str) -> Path:
    (folder / str(number)).mkdir()
    return folder / str(number) / name


def same(content: Any, other: Any) -> bool:
    """Whether two reads gave the same content."""
    return set(content) == set(other) and all(
        np.array_equal(content[name], other[name]) for name in content
    )


def verdicts(valid: Path, folder: Path) -> Iterator[tuple[Damaged, str]]:
    """Each damaged file with "the same", "other" or the message that refuses it."""
    contents = {path.name: read(path.name, path) for path in valid.iterdir()}
    for damaged in damaged_files(valid, folder):
        try:
            found = read(damaged.name, damaged.path)
        except UserError as error:
            yield damaged, str(error)
            continue
        yield damaged, "the same" if same(found, contents[damaged.name]) else "other"


def main() -> None:
    """Print the counts."""
    counts: dict[str, Counter[str]] = {}
    with TemporaryDirectory() as name:
        valid, folder = Path(name, "valid"), Path(name, "damaged")
        valid.mkdir()
        folder.mkdir()
        make_valid_files(valid)
        for damaged, verdict in verdicts(valid, folder):
            outcome = verdict if verdict in ("the same", "other") else "refused"
            counts.setdefault(damaged.damage, Counter())[outcome] += 1
    print("| damage | files | refused in one line | read, nothing lost | another digit in a text |")
    print("|---|---:|---:|---:|---:|")
    total = sum(counts.values(), Counter())
    for damage, count in [*counts.items(), ("all", total)]:
        numbers = (count.total(), count["refused"], count["the same"], count["other"])
        print(f"| {damage} | {' | '.join(f'{number:,}' for number in numbers)} |")


if __name__ == "__main__":
    main()
