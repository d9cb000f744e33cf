"""Runs a stage: command line, params, random streams, atomic outputs and error messages."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline import reports
from worldmodels.pipeline.checkpoints import Checkpoints, checkpoint_folder, fingerprint
from worldmodels.pipeline.command_line import COMPUTE, compute_overrides, stage_parser
from worldmodels.pipeline.config.params import INLINE, Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.cost import cost
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.file_errors import named_in_errors, system_error
from worldmodels.pipeline.memory_limit import memory_limit
from worldmodels.pipeline.outputs import AtomicOutputs
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Maker, Model, load_model
from worldmodels.pipeline.storage.tables import Episodes

MAX_SUSPECTS = 3  # keys that are named where memory is short

AnyTable = TypeVar("AnyTable", bound=Episodes)
AnyModel = TypeVar("AnyModel")


class StageContext:
    """What a stage reads, writes and draws random numbers with."""

    def __init__(
        self,
        name: str,
        params: Params,
        paths: Mapping[str, Path],
        folders: Sequence[Path],
        reports: Path,
        outputs: AtomicOutputs,
        written: Sequence[str],
    ) -> None:
        self.name = name
        self.params = params
        self.paths = paths
        self.folders = folders
        self.reports = reports
        self.streams = RandomStreams(params.seed, name)
        self._outputs = outputs
        self._written = written

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints of an unfinished run with the same params, inputs and code."""
        params = msgspec.json.encode(msgspec.structs.replace(self.params, compute=INLINE))
        inputs = [path for name, path in self.paths.items() if name not in self._written]
        if script := getattr(sys.modules["__main__"], "__file__", None):
            inputs.append(Path(script))
        outputs = [self.paths[name] for name in self._written]
        return Checkpoints(checkpoint_folder(self.name, outputs), fingerprint(params, inputs))

    def table(self, name: str, kind: type[AnyTable]) -> AnyTable:
        """The table in the file `name` of the command line."""
        return kind.read(self.paths[name])

    def model(self, name: str, stage: str, makers: Mapping[str, Maker[AnyModel]]) -> AnyModel:
        """The model in the file `name` of the command line, which `stage` makes.

        Raises:
            UserError: the file is missing or damaged, or no maker takes what is in it.
        """
        return load_model(self.paths[name], stage, makers)

    def curve(self, stage: str) -> dict[str, NDArray[np.float64]]:
        """The columns of the curve of `stage`, which reports.CURVES names."""
        return reports.read_curve(reports.curve_path(self.reports, stage), stage)

    def writing(self, path: Path) -> AbstractContextManager[Path]:
        """The temporary name to write `path` under; it gets its own when the stage ends well."""
        return self._outputs.writing(path)

    @contextmanager
    def appending(self, name: str, kind: type[AnyTable]) -> Iterator[Callable[[AnyTable], None]]:
        """A function that appends parts of a table to the file `name`, until the block ends."""
        with self.writing(self.paths[name]) as path, kind.appending(path) as append:
            yield append

    def write(self, name: str, artifact: Episodes | Model) -> None:
        """Write the file `name` of the command line."""
        with self.writing(self.paths[name]) as path:
            artifact.write(path)

    def report(self, result: StageResult) -> None:
        """Write metrics, details and curve; print the closing line."""
        for path, numbers in (
            (reports.metrics_path(self.reports, self.name), result.metrics),
            (reports.details_path(self.reports, self.name), result.details),
        ):
            if numbers:
                with self.writing(path) as temporary:
                    reports.write_json(temporary, numbers)
        if result.curve:
            with self.writing(reports.curve_path(self.reports, self.name)) as temporary:
                reports.write_curve(temporary, result.curve, self.name)
        with named_in_errors("standard output", "written"):
            print(f"{self.name}: {result.summary}", flush=True)


@contextmanager
def _explain_memory_error(name: str, params: Params) -> Iterator[None]:
    """Name the params of a stage that may be too large for the memory, the largest first.

    Raises:
        ParamsError: the block ran out of memory.
    """
    try:
        yield
    except MemoryError as error:
        numbers = {
            f"{section}.{key}": value
            for section in (name, "env")
            for key, value in msgspec.to_builtins(getattr(params, section, {})).items()
            if isinstance(value, int) and value > 1
        }
        largest = sorted(numbers, key=lambda key: -numbers[key])[:MAX_SUSPECTS]
        keys = ", ".join(f"{key} {numbers[key]}" for key in largest)
        raise ParamsError(
            f"{keys}: too large for this machine's memory ({error or 'which is full'})"
        ) from None


def _check_files(files: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Check that files are plain ones, if they are there, and that no output is another file.

    Raises:
        UserError: one is a pipe or a device, or an output is a folder or one of the other files.
    """
    real = [os.path.realpath(path) for path in files]  # Path.resolve raises at circular links
    for path in files:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError(f"{path}: is no plain file, but a pipe or a device")
    for path in outputs:
        if path.is_dir():
            raise UserError(f"{path}: is a folder; an output should be a file")
        if real.count(os.path.realpath(path)) > 1:
            raise UserError(f"{path}: is an output; give it another name than the other files")


@contextmanager
def run_stage(
    name: str,
    *,
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    folders: str = "",
    need_folders: bool = True,
    optional: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[StageContext]:
    """Run the block as the stage `name`.

    The command line gives a file for each of `reads`, then for each of `writes`, and then, if
    `folders` names them, any number of folders. `optional` are further files to read, by the option
    that they stand behind: {"policy": ["v", "m", "c"]} takes `--policy V M C`. Files of options
    that are not given are not among the paths of the context.

    With `--cost FILE` it also writes the CPU and wall time of the run, the only output that is not
    the same bytes each time. If the run continued from a checkpoint, that is the cost of the last
    process alone.

    Outputs get their names when the block ends well. A `UserError` becomes one line on standard
    error and exit status 1, Ctrl-C exit status 130.
    """
    start = time.monotonic()
    parser = stage_parser(name, [*reads, *writes], folders, optional, need_folders=need_folders)
    given = parser.parse_args()
    paths = {file: getattr(given, file) for file in reads}
    for option, files in optional.items():
        paths |= zip(files, getattr(given, option.replace("-", "_")) or (), strict=False)
    paths |= {file: getattr(given, file) for file in writes}
    try:
        with memory_limit(), AtomicOutputs() as outputs:
            costs = [given.cost] if given.cost else []
            written = [*(paths[file] for file in writes), *costs]
            _check_files([given.params, *paths.values(), *costs], written)
            settings = compute_overrides() | dict(given.set)
            params = read_params(given.params, settings, f"--set or {COMPUTE}")
            many = getattr(given, folders) if folders else []
            run = StageContext(name, params, paths, many, given.reports, outputs, writes)
            with _explain_memory_error(name, params):
                yield run
            if given.cost:
                with outputs.writing(given.cost) as temporary:
                    reports.write_json(temporary, cost(start))
        if "checkpoints" in vars(run):
            run.checkpoints.clear()
    except ParamsError as error:
        sys.exit(f"{name}: {given.params}: {error}")
    except UserError as error:
        sys.exit(f"{name}: {error}")
    except OSError as error:
        sys.exit(f"{name}: {system_error(error)}")
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(130)
