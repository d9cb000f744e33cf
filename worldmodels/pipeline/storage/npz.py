"""NumPy's npz files of named arrays: deterministic, and validated before use."""

from __future__ import annotations

import io
import math
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.outputs import Arrays

LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}  # of a header's length, by the format's version
HEADER = re.compile(  # as all releases of NumPy write it; under Python 2, lengths end in L
    r"\{'descr': (?P<dtype>'[^']*'|\[.*\]), 'fortran_order': (?P<fortran>False|True), "
    r"'shape': \((?P<shape>[\dL, ]*)\),? ?\} *\n?"
)
PLAIN_DTYPE = re.compile(r"[<>|][a-zA-Z]\d*")  # of any byte order


def write(path: Path, arrays: Arrays, kind: str) -> None:
    """Write one entry for each array, and one for the kind of the file's content.

    `np.savez` writes other bytes in some releases of Python, which mark large entries differently.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in {"kind": np.array(kind), **arrays}.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())


def read(path: Path) -> tuple[str, dict[str, NDArray[Any]]]:
    """The kind of a file's content ("" if it has none), and its arrays; nothing is unpickled.

    Raises:
        OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile: the file is
            damaged, or was not written by `write`.
    """
    content = path.read_bytes()  # zipfile would call what the system refuses "not a zip file"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [entry.filename.removesuffix(".npy") for entry in entries]
        if len({*names}) < len(names):
            raise ValueError("it holds two arrays of one name")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("it is compressed, which stages never do")
        claimed = sum(entry.file_size for entry in entries)
        if claimed > len(content):
            raise ValueError(
                f"its arrays claim {claimed:,} bytes, and the file has {len(content):,}"
            )
        arrays = {
            name: _array(name, archive.read(entry))
            for name, entry in zip(names, entries, strict=True)
        }
    kind = arrays.pop("kind", None)
    if kind is None or kind.shape or kind.dtype.kind != "U":
        return "", arrays
    return str(kind), arrays


def _array(name: str, entry: bytes) -> NDArray[Any]:
    """The array in an entry, in the byte order of this machine.

    NumPy's own reader would allocate what the header claims before it looks at the data.
    """
    content = io.BytesIO(entry)
    try:
        version = np.lib.format.read_magic(content)
    except ValueError:
        raise ValueError(f"'{name}' is no array in NumPy's format") from None
    if version not in LENGTH_BYTES:
        raise ValueError(f"'{name}' is stored in version {version} of NumPy's format")
    length = int.from_bytes(content.read(LENGTH_BYTES[version]), "little")
    text = content.read(length).decode("latin-1")
    header = HEADER.fullmatch(text)
    if not header:
        raise ValueError(f"'{name}' has a header that NumPy does not write: {text[:80]!r}")
    dtype = _dtype(name, header["dtype"].strip("'"))
    shape = tuple(int(length) for length in re.findall(r"\d+", header["shape"]))
    data = content.read()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"'{name}' claims shape {shape} of {dtype}, and has {len(data):,} bytes")
    order = "F" if header["fortran"] == "True" else "C"
    array: NDArray[Any] = np.frombuffer(data, dtype).reshape(shape, order=order)  # type: ignore[call-overload]
    return array.astype(dtype.newbyteorder("="), order="C")


def _dtype(name: str, text: str) -> np.dtype[Any]:
    """The type that a header names."""
    if text == "|O":
        raise ValueError(f"'{name}' holds Python objects, which are never unpickled")
    try:
        if PLAIN_DTYPE.fullmatch(text):
            return np.dtype(text)
    except TypeError:  # there is no such type
        pass
    raise ValueError(f"'{name}' holds {text}, where stages store plain numbers")
