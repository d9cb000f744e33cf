"""Reads params.yaml into typed structs, or says in one line what is wrong with it.

Numbers may be written any way that YAML or `dvc exp run -S` writes them ("1e-05" is text to YAML);
everything else must be as the structs declare it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.params_errors import explain_error, find_unknown_key
from worldmodels.pipeline.config.strict_yaml import parse_yaml, read_yaml
from worldmodels.pipeline.errors import UserError


def read_params(
    path: Path, changes: Mapping[str, Any] | None = None, changes_from: str = "the caller"
) -> Params:
    """The params in a YAML file, with other values for some dotted keys.

    Args:
        path: of the file.
        changes: values by dotted key; text is read as the file would be.
        changes_from: who gives them, for error messages.

    Raises:
        UserError: the file cannot be read, or a key is missing, unknown, of the wrong type or out
            of bounds; the message names the file and the dotted key, what was found and what would
            be right.
    """
    found, changes = read_yaml(path), changes or {}
    for key, value in changes.items():
        *sections, name = key.split(".")
        section = found
        for step in sections:
            section = section.get(step) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            raise UserError(f"{path}: {key}: cannot be set to {value!r}: there is no such section")
        try:
            section[name] = parse_yaml(value) if isinstance(value, str) else value
        except ValueError as error:
            raise UserError(f"{path}: {key}: cannot be set to {value!r}: {error}") from None
    problem = find_unknown_key(found, Params)
    if problem is None:
        try:
            return msgspec.convert(found, Params, strict=False)
        except msgspec.ValidationError as error:
            problem = explain_error(str(error), found, Params)
    if any(problem.startswith(f"{key}:") for key in changes):
        problem += f" (not in the file: {changes_from} says so)"
    raise UserError(f"{path}: {problem}")
