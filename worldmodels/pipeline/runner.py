"""What every `main` hangs in: command line, params, generators, whole outputs, faults as a line."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline import outputs as files
from worldmodels.pipeline import reports
from worldmodels.pipeline.checkpoints import Scratch, fingerprint, folder_of
from worldmodels.pipeline.config.params import ALONE, Params, read_params
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.memory_limit import memory_limit
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.seeding import Streams
from worldmodels.pipeline.storage.artifacts import Maker, Model, load_model
from worldmodels.pipeline.storage.tables import Episodes

COMPUTE = "COMPUTE"  # the environment variable that says where stages run, like the params
SUSPECTS = 3  # keys that are named where there is too little memory
AnyTable = TypeVar("AnyTable", bound=Episodes)
AnyModel = TypeVar("AnyModel")


class Run:
    """One run of a stage: where it reads, writes and draws random numbers."""

    def __init__(
        self,
        name: str,
        params: Params,
        paths: Mapping[str, Path],
        folders: Sequence[Path],
        reports: Path,
        outputs: files.Outputs,
        written: Sequence[str],
    ) -> None:
        self.name = name
        self.params = params
        self.paths = paths
        self.folders = folders
        self.reports = reports
        self.streams = Streams(params.seed, name)
        self._outputs = outputs
        self._written = written

    @cached_property
    def scratch(self) -> Scratch:
        """What an unfinished run of the same params, inputs and code has left."""
        same = msgspec.json.encode(msgspec.structs.replace(self.params, compute=ALONE))
        inputs = [path for name, path in self.paths.items() if name not in self._written]
        if script := getattr(sys.modules["__main__"], "__file__", None):
            inputs.append(Path(script))
        outputs = [self.paths[name] for name in self._written]
        return Scratch(folder_of(self.name, outputs), fingerprint(same, inputs))

    def table(self, name: str, kind: type[AnyTable]) -> AnyTable:
        """The table in the file that the command line gives for `name`."""
        return kind.read(self.paths[name])

    def model(self, name: str, stage: str, makers: Mapping[str, Maker[AnyModel]]) -> AnyModel:
        """The model in the file for `name`, which `stage` makes, built by the maker of its kind.

        Raises:
            UserError: the file is missing or damaged, or no maker takes what is in it.
        """
        return load_model(self.paths[name], stage, makers)

    def curve(self, stage: str) -> dict[str, NDArray[np.float64]]:
        """The columns of the curve of `stage`, which reports.CURVES names."""
        return reports.read_curve(self.reports / "curves" / f"{stage}.csv", stage)

    def place(self, path: Path) -> Path:
        """Where to write `path` for now; it takes its place when the stage has ended well."""
        return self._outputs.place(path)

    @contextmanager
    def growing(self, name: str, kind: type[AnyTable]) -> Iterator[Callable[[AnyTable], None]]:
        """What appends parts of a table to the file for `name`, till the block ends."""
        with kind.growing(self.place(self.paths[name])) as append:
            yield append

    def write(self, name: str, artifact: Episodes | Model) -> None:
        """Write the file for `name`."""
        artifact.write(self.place(self.paths[name]))

    def report(self, report: Report) -> None:
        """Write metrics and curve; print the closing line."""
        metrics = self.reports / "metrics" / f"{self.name}.json"
        reports.write_metrics(self.place(metrics), report.metrics)
        if report.curve:
            curve = self.reports / "curves" / f"{self.name}.csv"
            reports.write_curve(self.place(curve), report.curve, self.name)
        print(f"{self.name}: {report.summary}")


def _cost(start: float) -> dict[str, float]:
    """What was spent: CPU time of this process and its ended children, and time since `start`."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(each.ru_utime + each.ru_stime for each in used)
    return {"core_hours": seconds / 3600, "hours": (time.monotonic() - start) / 3600}


def _here() -> dict[str, str]:
    """What the environment says about where stages run, by dotted key.

    Raises:
        UserError: it says something else.
    """
    settings = {}
    for text in os.environ.get(COMPUTE, "").split():
        try:
            key, value = _setting(text)
        except argparse.ArgumentTypeError as error:
            raise UserError(f"environment variable {COMPUTE}: {error}") from None
        settings[f"compute.{key}"] = value
    return settings


def _setting(text: str) -> tuple[str, str]:
    """A dotted key and its value, as text, from KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"should be KEY=VALUE, found {text!r}")
    return key, value


@contextmanager
def _want_of_memory_in_words(name: str, params: Params) -> Iterator[None]:
    """Name the numbers of a stage that may be too large, the largest first."""
    try:
        yield
    except MemoryError as error:
        numbers = {
            f"{section}.{key}": value
            for section in (name, "world")
            for key, value in msgspec.to_builtins(getattr(params, section, {})).items()
            if isinstance(value, int) and value > 1
        }
        largest = sorted(numbers, key=lambda key: -numbers[key])[:SUSPECTS]
        keys = ", ".join(f"{key} {numbers[key]}" for key in largest)
        raise ParamsError(
            f"{keys}: too large for this machine's memory ({error or 'which is full'})"
        ) from None


@contextmanager
def stage(
    name: str,
    *,
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    folders: str = "",
    need_folders: bool = True,
    optional: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Run]:
    """Run the block as the stage `name`; the command line gives a file for each of `reads`, then
    `writes`, and then, if they have a name, any number of folders; none only where they are not
    needed.

    `optional` are the files that it may give to read besides, by the name of the option that they
    all stand behind: {"driver": ["v", "m", "c"]} takes `--driver V M C`. Those that it does not
    give are not among the run's paths.

    With `--cost FILE` it also writes what the run has cost, the only output that is not the same
    bytes each time. Of a run that went on where another was stopped, it is the cost of the last
    process alone.

    The outputs take their places when the block ends well. A `UserError` becomes one line
    on standard error and exit status 1, Ctrl-C exit status 130; then none of them does.
    """
    start = time.monotonic()
    parser = argparse.ArgumentParser(prog=f"python -m stages.{name}", description=f"Stage {name}.")
    for file in reads:
        parser.add_argument(file, type=Path, help="read")
    for file in writes:
        parser.add_argument(file, type=Path, help="written")
    if folders:
        number = "+" if need_folders else "*"
        parser.add_argument(folders, type=Path, nargs=number, help="folders to read from")
    for option, files_of_it in optional.items():
        parser.add_argument(
            f"--{option}",
            type=Path,
            nargs=len(files_of_it),
            metavar=tuple(file.upper() for file in files_of_it),
            help="read",
        )
    parser.add_argument(
        "--params", type=Path, default=Path("params.yaml"), help="default: %(default)s"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        type=_setting,
        help="another value for a dotted key of the params; may be given more than once",
    )
    parser.add_argument(
        "--reports",
        type=Path,
        default=Path("reports"),
        help="folder of metrics, curves and pictures",
    )
    parser.add_argument(
        "--cost", type=Path, metavar="FILE", help="where to write the core hours and hours of it"
    )
    given = parser.parse_args()
    paths = {file: getattr(given, file) for file in reads}
    for option, files_of_it in optional.items():
        paths |= zip(files_of_it, getattr(given, option) or (), strict=False)
    paths |= {file: getattr(given, file) for file in writes}
    try:
        with memory_limit(), files.Outputs() as outputs:
            params = read_params(given.params, _here() | dict(given.set))
            many = getattr(given, folders) if folders else []
            run = Run(name, params, paths, many, given.reports, outputs, writes)
            with _want_of_memory_in_words(name, params):
                yield run
            if given.cost:
                reports.write_metrics(outputs.place(given.cost), _cost(start))
        if "scratch" in vars(run):
            run.scratch.clear()
    except ParamsError as error:
        sys.exit(f"{name}: {given.params}: {error}")
    except (UserError, OSError) as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(130)
