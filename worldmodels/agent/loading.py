"""Loading of V, M and C from files, with checks that they fit each other and the environment."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from worldmodels.controller.controller import ARRAYS, Controllers
from worldmodels.interfaces import controller_mismatch, mismatch
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Latents, load_model
from worldmodels.pipeline.storage.episode_tables import EpisodeTable
from worldmodels.vision.registry import VISIONS, AnyVision


class AgentParts(NamedTuple):
    """V, M and C, the arguments of `Agent`."""

    vision: AnyVision
    memory: Ensemble
    controllers: Controllers  # one


class HasSpaces(Protocol):
    """The sizes of an environment's observations and actions, as every `Task` has them."""

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an observation."""

    @property
    def action_size(self) -> int:
        """Numbers of an action."""


class Spaces(NamedTuple):
    """The sizes of an environment's observations and actions, where there is no `Task`."""

    observation_shape: tuple[int, int, int]  # height, width, channels
    action_size: int


def load_vision_and_memory(v: Path, m: Path, spaces: HasSpaces) -> tuple[AnyVision, Ensemble]:
    """V and M, read from their files.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    vision = load_model(v, "train_v", VISIONS)
    memory = load_model(m, "train_m", ENSEMBLES)
    pixels = math.prod(spaces.observation_shape)
    if problem := mismatch(vision, memory, pixels, spaces.action_size):
        raise UserError(f"{v}, {m}: {problem}", "run 'dvc repro'")
    if _overflow(vision, memory, spaces):
        raise UserError(f"{v}, {m}: their weights are so large that z or h is no number")
    return vision, memory


def _overflow(vision: AnyVision, memory: Ensemble, spaces: HasSpaces) -> bool:
    """Whether V or M gives infinity or NaN for a black or a white observation, in two steps."""
    observations = np.ones((2, *spaces.observation_shape), np.float32)
    observations[0] = 0
    actions = np.ones((2, spaces.action_size), np.float32)
    h = c = np.zeros((2, memory.hidden_size), np.float32)
    with np.errstate(all="ignore"):
        z = vision.encode(observations)
        for _ in range(2):
            h, c = memory.step(z, actions, h, c)
    return not all(np.isfinite(each).all() for each in (z, h, c))


def load_agent(paths: Iterable[Path], spaces: HasSpaces, c_stage: str = "evolve_c") -> AgentParts:
    """V, M and C, read from their three files, which are given in this order.

    Args:
        paths: the files.
        spaces: the environment's.
        c_stage: that makes C, for errors.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    v, m, c = paths
    vision, memory = load_vision_and_memory(v, m, spaces)
    controllers = load_model(c, c_stage, dict.fromkeys(ARRAYS, Controllers.from_arrays))
    features, actions = controllers.features, controllers.actions
    if problem := controller_mismatch(vision, memory, features, actions):
        raise UserError(f"{v}, {m}, {c}: {problem}", "run 'dvc repro'")
    return AgentParts(vision, memory, controllers)


def check_can_dream(path: Path, memory: Ensemble) -> None:
    """Raise an error if M does not predict what a dream needs.

    Args:
        path: of M.
        memory: M.

    Raises:
        UserError: it predicts no rewards and episode ends.
    """
    if not memory.predicts_reward_done:
        raise UserError(
            f"{path}: this M predicts no rewards and episode ends, so it cannot dream; set "
            "train_m.predict_reward_done to true, and run 'dvc repro'"
        )


def check_latents(path: Path, latents: Latents, v: Path, vision: AnyVision) -> None:
    """Raise an error if recorded z are not those of V.

    Raises:
        UserError: they have another number of dimensions.
    """
    size = latents.mean.shape[1]
    if size != vision.z_size:
        raise UserError(
            f"{path}: its z have {size} dimensions, but those of {v} have {vision.z_size}; run "
            "'dvc repro'"
        )


def check_observations(path: Path, table: EpisodeTable, spaces: HasSpaces) -> None:
    """Raise an error if recorded observations do not have the shape of the environment's.

    Raises:
        UserError: their shapes differ.
    """
    found = table.observations.shape[1:]
    if found != spaces.observation_shape:
        raise UserError(
            f"{path}: its observations are of shape {found}, but the params' env.view says "
            f"{spaces.observation_shape}; run 'dvc repro'"
        )
