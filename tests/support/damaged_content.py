"""Kinds of damage: what may be wrong with the content of a file of each format."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.support.valid_files import CURVE
from worldmodels.pipeline.storage.frames import block_length

OPTIONAL = {"residual"}  # arrays that a valid file may lack
WRITER_OPTIONS: dict[str, Any] = {"compression": "gzip", "shuffle": True, "fletcher32": True}
GIGABYTES = 10 * 10**9
CUTS, FLIPS, BLOTS = 8, 16, 3  # a file

Change = Callable[[dict[str, Any]], object]  # of a file's arrays, in place


def damaged_bytes(content: bytes, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Damage that does not depend on the format."""
    yield "empty", b""
    yield "foreign", b"\x89PNG\r\n\x1a\n" + rng.bytes(500)
    yield "foreign", "Some prose, with ümlauts: and colons.\n".encode() * 20
    yield "foreign", rng.bytes(len(content))
    yield "foreign", _archive({"a.txt": b"text"})
    yield "foreign", _plain_hdf5()
    for length in rng.integers(1, len(content), CUTS):
        yield "truncated", content[:length]
    for bit in rng.integers(0, 8 * len(content), FLIPS):
        byte, place = divmod(int(bit), 8)
        flipped = content[byte] ^ (1 << place)
        yield "a bit flipped", content[:byte] + bytes([flipped]) + content[byte + 1 :]
    for start in rng.integers(0, len(content), BLOTS):
        blot = content[start : start + 64]
        yield "64 bytes lost", content[:start] + bytes(len(blot)) + content[start + len(blot) :]


def _archive(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, entry in entries.items():
            archive.writestr(zipfile.ZipInfo(name), entry, compression)
    return content.getvalue()


def _plain_hdf5() -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["x"] = np.arange(5)
    return content.getvalue()


def changed_arrays(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, Change]]:
    """Wrong arrays, to be stored in the right format."""
    yield "wrong schema", lambda a: a.update(unknown=np.zeros(3))
    yield "wrong schema", lambda a: a.clear()
    for name, array in arrays.items():
        if name not in OPTIONAL:
            yield "wrong schema", lambda a, n=name: a.pop(n)
        yield "wrong schema", lambda a, n=name: a.update({n: a[n].astype("c8")})
        yield "wrong shape", lambda a, n=name: a.update({n: a[n][None]})
        yield "wrong shape", lambda a, n=name: a.update({n: np.append(a[n], a[n][-1:], axis=0)})
        if array.dtype.kind == "f":
            for value in (np.nan, np.inf, -np.inf):
                yield "NaN, infinity", lambda a, n=name, v=value: a[n].flat.__setitem__(-1, v)


def store_changes(file: h5py.File, arrays: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """Bring a file of `arrays` to the changed ones, stored as stages store arrays.

    Those that stay are not written anew, which would take ten times as long.
    """
    for name in arrays.keys() - changed.keys():
        del file[name]
    for name, rows in changed.items():
        if name in arrays:
            old = arrays[name]
            if (old.dtype, old.shape, old.tobytes()) == (rows.dtype, rows.shape, rows.tobytes()):
                continue
            del file[name]
        row = rows.shape[1:]
        chunks = block_length(rows.itemsize * math.prod(row)), *row
        file.create_dataset(name, data=rows, maxshape=(None, *row), chunks=chunks, **WRITER_OPTIONS)


def damaged_tables(path: Path) -> Iterator[tuple[str, Callable[[h5py.File], object]]]:
    """Changes of an HDF5 file to what stages never write; some refer to files beside `path`."""
    with h5py.File(path, locking=False) as file:
        names, kind = list(file), file.attrs["kind"]
    other = path.with_name("other.h5")
    with h5py.File(other, "w") as file:
        for name in names:
            file[name] = np.zeros(5)
    path.with_name("other.bin").write_bytes(bytes(80))
    out, huge = "reaches out of the file", "claims 10 GB"

    def replacement(name: str, put: Callable[[h5py.File], object]) -> Callable[[h5py.File], object]:
        def change(file: h5py.File) -> None:
            del file[name]
            put(file)

        return change

    def dataset(**arguments: Any) -> Callable[[str], Callable[[h5py.File], object]]:
        return lambda name: lambda file: file.create_dataset(name, **arguments)

    virtual = h5py.VirtualLayout((5,), "f8")
    virtual[:] = h5py.VirtualSource(other, names[0], (5,))
    rows = GIGABYTES // 8
    puts: list[tuple[str, Callable[[str], Callable[[h5py.File], object]]]] = [
        (out, lambda n: lambda f: f.__setitem__(n, h5py.ExternalLink(other.name, n))),
        (out, lambda n: lambda f: f.__setitem__(n, h5py.SoftLink("/" + n))),
        (out, lambda n: lambda f: f.create_virtual_dataset(n, virtual)),
        (out, dataset(shape=(10,), dtype="f8", external=[(path.with_name("other.bin"), 0, 80)])),
        (huge, dataset(shape=(rows,), dtype="f8", chunks=(1 << 15,), compression="gzip")),
        (huge, dataset(shape=(rows,), dtype="f8", chunks=(1 << 15,), **WRITER_OPTIONS)),
        (huge, dataset(shape=(rows,), dtype="i8")),
        (huge, dataset(shape=(rows,), dtype="f8", chunks=(rows // 4,))),
        ("wrong schema", lambda n: lambda f: f.create_group(n)),
        ("wrong schema", dataset(data="text")),
        ("wrong schema", dataset(data=[b"text"] * 3, dtype=h5py.string_dtype())),
        ("wrong schema", dataset(data=np.zeros(3, "f8,i4"))),
        ("wrong schema", dataset(shape=(3,), dtype=h5py.ref_dtype)),
    ]
    for name in names:
        for damage, put in puts:
            yield damage, replacement(name, put(name))
    yield "wrong schema", lambda file: file.attrs.clear()
    yield "wrong schema", lambda file: file.attrs.update(kind=kind.decode())
    yield "wrong schema", lambda file: file.attrs.update(kind=np.bytes_("other"))
    yield "wrong schema", lambda file: file.attrs.update(more=3)


def damaged_models(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Content of npz files that stages never write."""
    with zipfile.ZipFile(io.BytesIO(valid)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    yield "wrong schema", _archive(entries, zipfile.ZIP_DEFLATED)
    single = io.BytesIO()
    np.save(single, np.zeros(3))
    yield "wrong schema", single.getvalue()
    yield "wrong schema", _archive({n: e for n, e in entries.items() if n != "kind.npy"})
    for name, entry in entries.items():
        pickled, complex_, huge = io.BytesIO(), io.BytesIO(), io.BytesIO()
        np.save(pickled, np.array([print], object), allow_pickle=True)
        np.save(complex_, np.zeros(3, "c8"))
        header = {"descr": "<f8", "fortran_order": False, "shape": (GIGABYTES // 8,)}
        np.lib.format.write_array_header_1_0(huge, header)
        yield "a pickle", _archive({**entries, name: pickled.getvalue()})
        yield "wrong schema", _archive({**entries, name: complex_.getvalue()})
        yield "wrong schema", _archive({**entries, name: entry[:-1]})
        yield "claims 10 GB", _archive({**entries, name: huge.getvalue()})
    bomb = huge.getvalue() + bytes(10**7)
    yield "claims 10 GB", _archive({**entries, "bomb.npy": bomb}, zipfile.ZIP_DEFLATED)
    name = list(entries)[-1].encode()
    directory = valid.rindex(b"PK\x01\x02", 0, valid.rindex(name))
    claims = (GIGABYTES % 2**32).to_bytes(4, "little") * 2
    yield "claims 10 GB", valid[: directory + 20] + claims + valid[directory + 28 :]


def damaged_texts(name: str, text: str) -> Iterator[tuple[str, bytes]]:
    """Texts that are not a valid curve, or not valid params."""
    if name == CURVE:
        header, first, *_ = lines = text.splitlines()
        cells = first.split(",")
        for value in ("nan", "inf", "-inf", "1e999"):
            row = ",".join([value, *cells[1:]])
            yield "NaN, infinity", "\n".join([header, row]).encode()
        yield "wrong schema", header.encode()
        yield "wrong schema", "\n".join(lines[1:]).encode()
        yield "wrong schema", text.replace("epoch", "epochs").encode()
        yield "wrong schema", (text + "x" * 200_000).encode()
        yield "wrong schema", (text + '"').encode()
        yield "wrong shape", "\n".join([*lines, "1,2"]).encode()
        return
    for value in (".nan", ".inf", "-.inf"):
        yield "NaN, infinity", text.replace("reach: 4.0", f"reach: {value}").encode()
    for old, new in (("seed:", "sed:"), ("seed: 0", ""), ("seed: 0", "seed: !!python/name:os.x")):
        yield "wrong schema", text.replace(old, new).encode()
