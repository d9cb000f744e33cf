"""play: an interactive page of V, M and C.     v.npz, m.npz, c.npz -> play.html"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.loading import AgentParts, Spaces, load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.racing.paint import GRASS_SEED, LIGHTER_SHARE, PATCH
from worldmodels.envs.racing.track import Track
from worldmodels.figures.page.page import doom_page, pack, page, too_large_page
from worldmodels.interfaces import takes_c
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.config.env_params import (
    DoomParams,
    EnvParams,
    GymnasiumParams,
    RacingParams,
)
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import StageContext, run_stage
from worldmodels.vision.registry import AnyVision

ACTION_SIZE = 2  # steering and throttle (racing), or steering and pedal (CarRacing)
DOOM_ACTION_SIZE = 1  # left or right
MAX_BYTES = 2_000_000  # of a page
BYTES_A_WEIGHT = (4, 3, 2)  # the first with which the page is small enough
ZOOM_FRAMES = 50  # of CarRacing's first second
DOOM_TEMPERATURE = 0.25  # of a page's dreams: far above it, they soon go up in flames
FAIR_STEPS = 20  # of Doom, which C should outlive in a dream that is to be played
DOOM_KINDS = ("column_vae", "conv_lstm")  # of V and M, whose twins only the page of Doom has
UNUSED_LAYERS: tuple[str, ...] = ("logvar.",)  # the page takes the mean of z
ENCODER_LAYERS = ("encoder", "conv", "mean.")  # a page of Doom encodes nothing


def play(
    env: EnvParams,
    vision: AnyVision,
    memory: Ensemble,
    controllers: Controllers,
    start_states: StartStates | None,
    temperature: float,
) -> tuple[str, StageResult]:
    """The page as HTML, with the weights as exact as MAX_BYTES permits.

    If even the least exact weights are too many, the page only says so. Of an ensemble it has the
    first member, whose h C takes. Its dreams begin with `temperature`. The page cannot run
    CarRacing or Doom: there, dreams begin at `start_states`.
    """
    member = memory.members[0]
    make_page, unused, settings = page, UNUSED_LAYERS, _env_data(env)
    if isinstance(env, DoomParams) and start_states:
        make_page, unused = doom_page, UNUSED_LAYERS + ENCODER_LAYERS
        zeros = {name: 0 * array for name, array in controllers.arrays(0).items()}
        still = Controllers.from_arrays(zeros)  # who stands still is soon hit
        _, rewards = dream_of_c(memory, still, start_states)
        settings["predicts_health"] = bool(np.abs(rewards - env.frame_skip).max() > 0.5)
    arrays = {
        "vision": {
            name: array for name, array in vision.parameters.items() if not name.startswith(unused)
        },
        "memory": member.arrays(),
        "controller": controllers.arrays(0),
    }
    kinds = {"vision": vision.kind, "memory": member.kind, "controller": controllers.kind}
    weights = sum(int(np.size(array)) for part in arrays.values() for array in part.values())
    for size in BYTES_A_WEIGHT:
        html = make_page(
            {
                "env": settings,
                "bytes": size,
                "members": len(memory.members),
                "temperature": temperature,
                **{
                    part: {"kind": kinds[part], "arrays": pack(arrays[part], size)}
                    for part in arrays
                },
                "dream_starts": start_states and pack(start_states.arrays(), 4),
            }
        )
        if (length := len(html.encode())) <= MAX_BYTES:
            summary = (
                f"a page of {length:,} bytes with {weights:,} weights of {8 * size} bits each; "
                "it opens from disk"
            )
            break
    else:
        html = too_large_page(weights=weights, size=length, bytes_a_weight=size, limit=MAX_BYTES)
        summary = (
            f"V and M are too large for a page: with {weights:,} weights it would have "
            f"{length:,} bytes, and the limit is {MAX_BYTES:,}; the page only says so"
        )
        length, size = len(html.encode()), 0
    return html, StageResult(
        summary, details={"bytes": length, "weights": weights, "bytes_a_weight": size}
    )


def without_twin(env: EnvParams, vision: AnyVision, memory: Ensemble) -> str | None:
    """Why a page of an environment cannot play V or M; None if it can: their twins in JavaScript
    are there, and M predicts what a dream of Doom needs.
    """
    kinds = [kind for kind in (vision.kind, memory.members[0].kind) if kind in DOOM_KINDS]
    if not isinstance(env, DoomParams):
        return f"only a page of doom can play {' and '.join(kinds)}" if kinds else None
    if not memory.predicts_reward_done:
        return (
            "this M predicts no rewards and episode ends, and a dream of Doom needs them; "
            "run 'dvc repro'"
        )
    return None


def dream_of_c(
    memory: Ensemble, controllers: Controllers, start_states: StartStates
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """C's dreams from start states: its probabilities (starts,) of outliving FAIR_STEPS, and the
    rewards (FAIR_STEPS, starts).
    """
    starts = len(start_states.z)
    dream = DreamEnv(
        *(memory.members[:1], start_states, starts, FAIR_STEPS, DOOM_TEMPERATURE),
        sample_done=False,
        observe_c=takes_c(controllers.features, memory),
    )
    players, (features, _) = controllers.repeated(starts), dream.reset()
    alive, rewards = np.ones(starts), np.zeros((FAIR_STEPS, starts))
    for step in range(FAIR_STEPS):
        actions = players.act(features[:, : controllers.features])
        features, rewards[step], _, _, info = dream.step(actions)
        alive *= 1 - info["p_done"]
    return alive, rewards


def _env_data(env: EnvParams) -> dict[str, Any]:
    """The section `env` of the params, and the grass of the racing environment."""
    settings: dict[str, Any] = msgspec.to_builtins(env)
    settings["shape"] = list(env.view.shape)
    if isinstance(env, RacingParams):
        track = Track()
        patch = max(1, round(PATCH * (track.grid - 1) / (2 * track.extent)))
        side = -(-track.grid // patch)
        lighter = np.random.default_rng(GRASS_SEED).random((side, side)) < LIGHTER_SHARE
        cells = "".join(map(str, lighter.ravel().astype(int)))
        settings["grass"] = {"side": side, "patch": patch, "cells": cells}
    return settings


def _start_states(run: StageContext, parts: AgentParts) -> StartStates | None:
    """Those of `--dream-starts` after the zoom, or that are fair; None if it is not given.

    Raises:
        UserError: the file is missing or damaged, its z are of another size, or all its start
            states lie in the zoom.
        ParamsError: it is not given, but this environment needs it.
    """
    env, z_size = run.params.env, parts.vision.z_size
    if "dream_starts" not in run.paths:
        if isinstance(env, RacingParams):
            return None
        raise ParamsError(
            "env.kind: a page runs the environment racing only; of another one it shows dreams, "
            "and needs to know where they start: --dream-starts FILE, made by stages.dream_starts"
        )
    path, makers = run.paths["dream_starts"], {StartStates.KIND: StartStates.from_arrays}
    start_states = run.model("dream_starts", "dream_starts", makers)
    if (found := start_states.z.shape[1]) != z_size:
        raise UserError(
            f"{path}: its z have {found} numbers, but V's have {z_size}; "
            "run stages.dream_starts again"
        )
    if isinstance(env, RacingParams):
        return start_states
    if isinstance(env, DoomParams):
        return fair(start_states, parts.memory, parts.controllers)
    kept = after_zoom(start_states, env.frame_skip)
    if kept is None:
        raise UserError(
            f"{path}: all its start states lie in the first second of an episode, in which "
            "CarRacing's camera zooms in; run stages.dream_starts with evolve_c.burn_in above 0 "
            "and other episodes"
        )
    return kept


def fair(start_states: StartStates, memory: Ensemble, controllers: Controllers) -> StartStates:
    """Those from which C outlives FAIR_STEPS in most dreams, or in as many as it can, the earliest
    first.
    """
    alive, _ = dream_of_c(memory, controllers, start_states)
    return start_states.chosen(alive >= min(0.5, alive.max()))


def after_zoom(start_states: StartStates, frame_skip: int) -> StartStates | None:
    """Those that lie after the first second of an episode, the earliest first; None if there is
    none.
    """
    if start_states.context is None:
        return None
    rows = start_states.context.steps * frame_skip >= ZOOM_FRAMES
    return start_states.chosen(rows) if rows.any() else None


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"dream-starts": ["dream_starts"]}
    with run_stage("play", reads=["v", "m", "c"], writes=["page"], optional=optional) as run:
        env = run.params.env
        if isinstance(env, GymnasiumParams):
            raise ParamsError("env.kind: a page is of racing, carracing or doom; found gymnasium")
        action_size = DOOM_ACTION_SIZE if isinstance(env, DoomParams) else ACTION_SIZE
        parts = load_agent([run.paths[name] for name in "vmc"], Spaces(env.view.shape, action_size))
        if problem := without_twin(env, parts.vision, parts.memory):
            raise UserError(f"{run.paths['v']}, {run.paths['m']}: {problem}")
        start_states = _start_states(run, parts)
        temperature = (
            DOOM_TEMPERATURE if isinstance(env, DoomParams) else run.params.evolve_c.temperature
        )
        html, result = play(env, *parts, start_states, temperature)
        with run.writing(run.paths["page"]) as path:
            path.write_text(html, encoding="utf-8")
        run.report(result)


if __name__ == "__main__":
    main()
