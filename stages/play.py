"""play: a page to play in.     v.npz, m.npz, c.npz -> play.html"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np

from worldmodels.agent.loading import load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.dream.starts import START_STATES, StoredStarts
from worldmodels.envs.racing.paint import GRASS_SEED, LIGHTER, PATCH
from worldmodels.envs.racing.track import Track
from worldmodels.figures.page.page import packed, page
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.config.env_params import EnvParams, RacingParams
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.vision.registry import AnyVision

ACTIONS = 2  # steer and throttle, or steer and pedal
MOST_BYTES = 2_000_000  # of a page
PRECISIONS = (4, 3, 2)  # bytes a weight: the first with which the page is small enough
NOT_DRAWN = ("logvar.",)  # layers that only training and M's data need


def play(
    env: EnvParams,
    vision: AnyVision,
    memory: Ensemble,
    controllers: Controllers,
    beginnings: StoredStarts | None,
) -> tuple[str, StageResult]:
    """The page, with the weights as exact as there is room for.

    Of several Ms it has the first, the one whose h C sees. `beginnings` are where dreams begin in a
    world that the page has no twin of.

    Raises:
        UserError: it would be too large all the same.
    """
    remembering = memory.members[0]
    arrays = {
        "vision": {
            name: array
            for name, array in vision.parameters.items()
            if not name.startswith(NOT_DRAWN)
        },
        "memory": remembering.arrays(),
        "controller": controllers.arrays(0),
    }
    kinds = {"vision": vision.kind, "memory": remembering.kind, "controller": controllers.kind}
    weights = sum(np.size(array) for part in arrays.values() for array in part.values())
    for size in PRECISIONS:
        html = page(
            {
                "world": _env(env),
                "bytes": size,
                "members": len(memory.members),
                **{
                    part: {"kind": kinds[part], "arrays": packed(arrays[part], size)}
                    for part in arrays
                },
                "beginnings": beginnings and packed(beginnings._asdict(), 4),
            }
        )
        if (length := len(html.encode())) <= MOST_BYTES:
            break
    else:
        raise UserError(
            f"a page with {weights:,} weights has {length:,} bytes at {size} bytes a weight, and "
            f"is to have {MOST_BYTES:,} at the most: V and M are too large for it"
        )
    summary = (
        f"a page of {length:,} bytes with {weights:,} weights of {8 * size} bits each; "
        "it opens from disk"
    )
    metrics = {"bytes": length, "weights": int(weights), "bytes_a_weight": size}
    return html, StageResult(summary, metrics)


class PageSpaces(NamedTuple):
    """The sizes of the spaces of the environments that the page knows."""

    observation_shape: tuple[int, int, int]
    action_size: int = ACTIONS


def _env(env: EnvParams) -> dict[str, Any]:
    """The section `env` of the params, and the grass of the racing world."""
    settings: dict[str, Any] = msgspec.to_builtins(env)
    settings["shape"] = list(env.view.shape)
    if isinstance(env, RacingParams):
        track = Track()
        patch = max(1, round(PATCH * (track.grid - 1) / (2 * track.extent)))
        side = -(-track.grid // patch)
        lighter = np.random.default_rng(GRASS_SEED).random((side, side)) < LIGHTER
        cells = "".join(map(str, lighter.ravel().astype(int)))
        settings["grass"] = {"side": side, "patch": patch, "cells": cells}
    return settings


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage(
        "play", reads=["v", "m", "c"], writes=["page"], optional={"starts": ["starts"]}
    ) as run:
        env = run.params.env
        spaces = PageSpaces(env.view.shape)
        vision, memory, controllers = load_agent([run.paths[name] for name in "vmc"], spaces)
        beginnings = None
        if "starts" in run.paths:
            beginnings = run.model("starts", "starts", {START_STATES: StoredStarts.from_arrays})
            if beginnings.z.shape[1] != vision.z_size:
                raise UserError(
                    f"{run.paths['starts']}: its z have {beginnings.z.shape[1]} numbers, but V's "
                    f"{vision.z_size}; run stages.starts again"
                )
        elif not isinstance(env, RacingParams):
            raise ParamsError(
                "world.kind: a page has a twin of racing alone; where it is another, tell it where "
                "dreams begin: --starts FILE, which stages.starts makes"
            )
        html, report = play(env, vision, memory, controllers, beginnings)
        run.output_path(run.paths["page"]).write_text(html, encoding="utf-8")
        run.report(report)


if __name__ == "__main__":
    main()
