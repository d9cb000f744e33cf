"""Errors for files that cannot be read or written: what is damaged, and what the system refuses."""

from __future__ import annotations

import csv
import errno
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from worldmodels.pipeline.errors import UserError

UNREADABLE = (  # what Python, NumPy and HDF5 raise at files that are damaged
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError),
    *(zipfile.BadZipFile, csv.Error),
)
OF_THE_CONTENT = (None, 0, errno.EINVAL)  # numbers of errors that damaged offsets lead to, too


@contextmanager
def readable(path: Path, stage: str) -> Iterator[None]:
    """Turn whatever the block raises while reading `path` into an error that names its stage.

    Only what is wrong with the content is called damage. A system that refuses to read the file
    (no permission, a failing disk, too many open files) is said as it is.

    Raises:
        UserError: the file is not there, not readable or damaged.
        MemoryError: there was no memory to read it.
    """
    try:
        yield
    except FileNotFoundError:
        raise file_error(path, "no such file", stage) from None
    except UNREADABLE as error:
        if refusal := _refusal(error):
            raise UserError(f"{path}: cannot be read: {refusal}") from None
        problem = " ".join(str(error).split()) or type(error).__name__
        if "allocat" in problem:  # HDF5's words
            raise MemoryError(f"while {path} was read") from None
        raise file_error(path, f"damaged or of another kind ({problem})", stage) from None


@contextmanager
def named_in_errors(file: Path | str, use: Literal["read", "written"]) -> Iterator[None]:
    """Turn an error of the system that names no other file into one that names `file`.

    Raises:
        UserError: the file cannot be used so.
    """
    try:
        yield
    except OSError as error:
        named = Path(error.filename or file)
        if named in Path(file).parents:  # a folder that cannot be made, or is none
            raise UserError(f"{file}: cannot be {use}: {system_error(error)}") from None
        if named.parent != Path(file).parent:
            raise
        raise UserError(f"{file}: cannot be {use}: {_refusal(error) or error}") from None


def file_error(path: Path, problem: str, stage: str) -> UserError:
    """An error that names a file, what is wrong with it, and how to make it again.

    DVC trusts the objects of its cache that are write-protected, and checks all others.

    Args:
        path: of the file.
        problem: what is wrong.
        stage: that makes it, where the project's dvc.lock does not say which one does.
    """
    stage = _stage_of(path) or stage
    remedy = f"stage {stage} makes it: run 'dvc repro {stage}'"
    if path.exists():
        remedy += (
            "; if the file is the same after that, DVC's cache is damaged: "
            'chmod -R u+w "$(dvc cache dir)", and run it again'
        )
    return UserError(f"{path}: {problem}", remedy)


def _stage_of(path: Path) -> str | None:
    """The stage whose output it is in dvc.lock of the working directory; None if none is known."""
    if path.is_absolute():
        return None
    with suppress(OSError, UnicodeDecodeError, YAMLError, AttributeError, KeyError, TypeError):
        lock = YAML(typ="safe").load(Path("dvc.lock").read_text(encoding="utf-8"))
        for name, entry in lock["stages"].items():
            if any(output["path"] == path.as_posix() for output in entry["outs"]):
                return str(name)
    return None


def system_error(error: OSError) -> str:
    """An error of the system as a sentence: the file, if it names one, and what was refused."""
    text = _refusal(error) or str(error) or type(error).__name__
    return f"{error.filename}: {text}" if error.filename else text


def _refusal(error: BaseException) -> str | None:
    """What the system refused, in its own words; None if it is the content that is wrong."""
    number = getattr(error, "errno", None)
    if number is None and (named := re.search(r"\berrno = (\d+)", str(error))):  # in HDF5's text
        number = int(named[1])
    return None if number in OF_THE_CONTENT else os.strerror(number)
