"""play: an interactive page of V, M and C.     v.npz, m.npz, c.npz -> play.html"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from worldmodels.agent.loading import Spaces, load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.dream.starts import Context, StartStates
from worldmodels.envs.racing.paint import GRASS_SEED, LIGHTER_SHARE, PATCH
from worldmodels.envs.racing.track import Track
from worldmodels.figures.page.page import pack, page, too_large_page
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.config.env_params import CarRacingParams, EnvParams, RacingParams
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import StageContext, run_stage
from worldmodels.vision.registry import AnyVision

ACTION_SIZE = 2  # steering and throttle (racing), or steering and pedal (CarRacing)
MAX_BYTES = 2_000_000  # of a page
BYTES_A_WEIGHT = (4, 3, 2)  # the first with which the page is small enough
ZOOM_FRAMES = 50  # of CarRacing's first second
NO_TWINS = ("column_vae", "conv_lstm")  # kinds of V and M
UNUSED_LAYERS = ("logvar.",)  # the page takes the mean of z


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
    CarRacing: there, dreams begin at `start_states`.
    """
    member = memory.members[0]
    arrays = {
        "vision": {
            name: array
            for name, array in vision.parameters.items()
            if not name.startswith(UNUSED_LAYERS)
        },
        "memory": member.arrays(),
        "controller": controllers.arrays(0),
    }
    kinds = {"vision": vision.kind, "memory": member.kind, "controller": controllers.kind}
    weights = sum(int(np.size(array)) for part in arrays.values() for array in part.values())
    for size in BYTES_A_WEIGHT:
        html = page(
            {
                "env": _env_data(env),
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


def without_twin(vision: AnyVision, memory: Ensemble) -> str | None:
    """Why a page cannot play V or M; None if it can: there is a twin of each in JavaScript."""
    kinds = [kind for kind in (vision.kind, memory.members[0].kind) if kind in NO_TWINS]
    if not kinds:
        return None
    return f"a page cannot play {' and '.join(kinds)}: it has no twin of them in JavaScript"


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


def _start_states(run: StageContext, z_size: int) -> StartStates | None:
    """Those of `--dream-starts` after the zoom; None if it is not given.

    Raises:
        UserError: the file is missing or damaged, its z are of another size, or all its start
            states lie in the zoom.
        ParamsError: it is not given, but this environment needs it.
    """
    env = run.params.env
    if "dream_starts" not in run.paths:
        if isinstance(env, RacingParams):
            return None
        raise ParamsError(
            "env.kind: a page runs the environment racing only; of another one it shows dreams, "
            "and needs to know where they start: --dream-starts FILE, made by stages.dream_starts"
        )
    makers = {StartStates.KIND: StartStates.from_arrays}
    start_states = run.model("dream_starts", "dream_starts", makers)
    if (found := start_states.z.shape[1]) != z_size:
        raise UserError(
            f"{run.paths['dream_starts']}: its z have {found} numbers, but V's have {z_size}; "
            "run stages.dream_starts again"
        )
    if isinstance(env, RacingParams):
        return start_states
    kept = after_zoom(start_states, env.frame_skip)
    if kept is None:
        raise UserError(
            f"{run.paths['dream_starts']}: all its start states lie in the first second of an "
            "episode, in which CarRacing's camera zooms in; run stages.dream_starts with "
            "evolve_c.burn_in above 0 and other episodes"
        )
    return kept


def after_zoom(start_states: StartStates, frame_skip: int) -> StartStates | None:
    """Those that lie after the first second of an episode, the earliest first, with no more context
    than they have; None if there is none.
    """
    if start_states.context is None:
        return None
    z, actions, steps = start_states.context
    order = np.argsort(steps, kind="stable")
    kept = order[steps[order] * frame_skip >= ZOOM_FRAMES]
    if not kept.size:
        return None
    width = int(steps[kept].max())
    context = Context(z[kept][:, -width:], actions[kept][:, -width:], steps[kept])
    return StartStates(start_states.z[kept], context)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"dream-starts": ["dream_starts"]}
    with run_stage("play", reads=["v", "m", "c"], writes=["page"], optional=optional) as run:
        env = run.params.env
        if not isinstance(env, RacingParams | CarRacingParams):
            kind = env.__struct_config__.tag
            raise ParamsError(f"env.kind: a page is of racing or carracing; found {kind}")
        spaces = Spaces(env.view.shape, ACTION_SIZE)
        parts = load_agent([run.paths[name] for name in "vmc"], spaces)
        if problem := without_twin(parts.vision, parts.memory):
            raise UserError(f"{run.paths['v']}, {run.paths['m']}: {problem}")
        start_states = _start_states(run, parts.vision.z_size)
        html, result = play(env, *parts, start_states, run.params.evolve_c.temperature)
        with run.writing(run.paths["page"]) as path:
            path.write_text(html, encoding="utf-8")
        run.report(result)


if __name__ == "__main__":
    main()
