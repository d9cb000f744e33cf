"""The command line of a stage, and the environment variable that says where stages run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from worldmodels.pipeline.errors import UserError

COMPUTE = "WORLDMODELS_COMPUTE"  # the environment variable that overrides the section `compute`


def stage_parser(
    name: str,
    files: Sequence[str],
    folders: str,
    optional: Mapping[str, Sequence[str]],
    *,
    need_folders: bool,
) -> argparse.ArgumentParser:
    """The command line of a stage; see `run_stage`. Its help begins with the script's docstring."""
    parser = argparse.ArgumentParser(
        prog=f"python -m stages.{name}",
        description=sys.modules["__main__"].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for file in files:
        parser.add_argument(file, type=Path)
    if folders:
        number = "+" if need_folders else "*"
        parser.add_argument(folders, type=Path, nargs=number, help="folders to read from")
    for option, names in optional.items():
        parser.add_argument(
            f"--{option}",
            type=Path,
            nargs=len(names),
            metavar=tuple(file.upper() for file in names),
            help="to read",
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
        help="folder of metrics, details, curves and figures",
    )
    parser.add_argument(
        "--cost", type=Path, metavar="FILE", help="where to write the stage's core-hours and hours"
    )
    return parser


def compute_overrides() -> dict[str, str]:
    """What the environment variable says of the section `compute`, by dotted key.

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
