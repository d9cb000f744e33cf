"""Loading of a trained agent from the folder of a release or of a pipeline."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Literal

import msgspec

from worldmodels.agent.loading import load_agent
from worldmodels.dream.starts import StartStates
from worldmodels.pipeline.config.env_params import (
    CarRacingParams,
    DoomParams,
    EnvParams,
    RacingParams,
)
from worldmodels.pipeline.config.params_errors import explain_error, find_unknown_key
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.config.section import Section
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import named_in_errors
from worldmodels.pipeline.storage.artifacts import load_model
from worldmodels.pretrained.adapters import make_adapter
from worldmodels.pretrained.agent import PretrainedAgent

MODELS = ("v.npz", "m.npz", "c.npz")
AGENT_FILE, PARAMS_FILE = "agent.json", "params.yaml"
DREAM_STARTS = "dream_starts.npz"


class AgentFile(Section, frozen=True):
    """The content of agent.json."""

    format: Literal[1]  # of this file
    version: str  # of the agent
    env: EnvParams  # as in params.yaml


def load_folder(folder: str | PathLike[str]) -> PretrainedAgent:
    """The trained agent in a folder, see `worldmodels.load`."""
    path = Path(folder).expanduser()
    with named_in_errors(path, "read"):
        released, pipeline = (path / AGENT_FILE).exists(), (path / PARAMS_FILE).exists()
    if released:
        described = read_agent_file(path / AGENT_FILE)
        env, version, models = described.env, described.version, path
        remedy = "get the folder anew (git checkout, git lfs pull or dvc artifacts get)"
    elif pipeline:
        env, version, models = read_params(path / PARAMS_FILE).env, None, path / "models"
        remedy = f"run 'dvc repro' in {path}"
        if (path / "released" / AGENT_FILE).exists():
            remedy += f", or load {path / 'released'}"
    else:
        raise UserError(
            f"{path}: {_not_an_agent(path)}; should be a folder with {AGENT_FILE} and "
            f"{', '.join(MODELS)} (a released agent), or one with {PARAMS_FILE} and models/ (a "
            "pipeline that has run)"
        )
    if not isinstance(env, RacingParams | CarRacingParams | DoomParams):
        raise UserError(
            f"{path}: its agent is of env.kind: {env.__struct_config__.tag}, and only those of "
            "racing, carracing and doom can be loaded"
        )
    adapter = make_adapter(env)
    try:
        parts = load_agent([models / name for name in MODELS], adapter)
    except UserError as error:
        raise UserError(error.problem, remedy) from None
    return PretrainedAgent(path, version, env, adapter, parts)


def _not_an_agent(path: Path) -> str:
    """Why no agent is in a folder."""
    if path.is_file():
        return "it is a file"
    if path.exists():
        return "no agent is in it"
    return "no such folder" + ("" if path.is_absolute() else f" in {Path.cwd()}")


def read_agent_file(path: Path) -> AgentFile:
    """The content of an agent.json.

    Raises:
        UserError: the file cannot be read, or a key is missing, unknown or wrong.
    """
    with named_in_errors(path, "read"):
        content = path.read_bytes()
    try:
        found: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: should be JSON; {error}") from None
    if problem := find_unknown_key(found, AgentFile):
        raise UserError(f"{path}: {problem}")
    try:
        return msgspec.convert(found, AgentFile)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {explain_error(str(error), found, AgentFile)}") from None


def load_dream_starts(path: Path) -> StartStates:
    """Where an agent's dreams start, of a file that `stages.dream_starts` has made.

    Raises:
        UserError: the file is missing or damaged.
    """
    return load_model(path, "dream_starts", {StartStates.KIND: StartStates.from_arrays})
