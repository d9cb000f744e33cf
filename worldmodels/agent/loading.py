"""Loads V, M and C from their files, and checks that they fit each other and the environment."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from worldmodels.controller.controller import ARRAYS, Controllers
from worldmodels.interfaces import controller_mismatch, mismatch
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import EpisodeTable, load_model
from worldmodels.vision.registry import VISIONS, AnyVision


class AgentParts(NamedTuple):
    """What `Agent` is made of."""

    vision: AnyVision
    memory: Ensemble
    controllers: Controllers  # one


class Spaces(Protocol):
    """The sizes of an environment's spaces; every `Task` has them."""

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Of an observation: height, width, channels."""

    @property
    def action_size(self) -> int:
        """Numbers of an action."""


def load_vision_and_memory(v: Path, m: Path, spaces: Spaces) -> tuple[AnyVision, Ensemble]:
    """V and M from their files.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    vision = load_model(v, "train_v", VISIONS)
    memory = load_model(m, "train_m", ENSEMBLES)
    pixels = math.prod(spaces.observation_shape)
    if problem := mismatch(vision, memory, pixels, spaces.action_size):
        raise UserError(f"{v}, {m}: {problem}; run 'dvc repro'")
    return vision, memory


def load_agent(paths: Iterable[Path], spaces: Spaces) -> AgentParts:
    """V, M and C from their three files, in this order.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    v, m, c = paths
    vision, memory = load_vision_and_memory(v, m, spaces)
    controllers = load_model(c, "evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays))
    features, actions = controllers.features, controllers.actions
    if problem := controller_mismatch(vision, memory, features, actions):
        raise UserError(f"{v}, {m}, {c}: {problem}; run 'dvc repro'")
    return AgentParts(vision, memory, controllers)


def check_observations(path: Path, table: EpisodeTable, spaces: Spaces) -> None:
    """Refuse recorded episodes whose observations are not those of the environment.

    Raises:
        UserError: their shapes differ.
    """
    found = table.observations.shape[1:]
    if found != spaces.observation_shape:
        raise UserError(
            f"{path}: its observations are of shape {found}, but the params' world.view says "
            f"{spaces.observation_shape}; run 'dvc repro'"
        )
