"""evaluate: the final drives of C, and of the random policy.   v.npz, m.npz, c.npz -> drives.h5"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from stages.agent import Agent
from stages.artifacts import Drives
from stages.control.controller import ARRAYS, Controllers
from stages.control.random_policy import RandomPolicy
from stages.errors import UserError
from stages.memory.ensemble import ENSEMBLES
from stages.modules import Memory, Vision, controller_mismatch, mismatch
from stages.params import Evaluate, World
from stages.randomness import Streams
from stages.recording import record
from stages.rollout import Outcome, Policy
from stages.stage import Report, stage
from stages.tracks import Roads
from stages.vision.visions import VISIONS
from stages.worlds.racing import RacingWorld


def evaluate(
    settings: Evaluate,
    world: World,
    vision: Vision,
    memory: Memory,
    controllers: Controllers,
    streams: Streams,
) -> tuple[Drives, Report]:
    """Drive the same episodes with C and with the random policy, on roads that no stage saw."""
    parts: list[Drives] = []
    agent = Agent(vision, memory, controllers)
    report = evaluate_parts(settings, world, agent, streams, parts.append)
    return Drives.joined(parts), report


def evaluate_parts(
    settings: Evaluate,
    world: World,
    agent: Agent,
    streams: Streams,
    keep: Callable[[Drives], None],
) -> Report:
    """The same, some episodes at a time; `keep` is given each part."""
    controller, random = (
        _driven(settings.episodes, world, policy, streams, keep)
        for policy in (agent, RandomPolicy(streams("random")))
    )
    del random["laps"]
    summary = (
        f"C returns {controller['mean_return']:+.2f} +- {controller['stderr']:.2f} "
        f"in {settings.episodes} episodes, {controller['worst_return']:+.2f} in the worst, "
        f"{controller['off_track']} lost off the road, {controller['laps']:.2f} laps "
        f"(the random policy: {random['mean_return']:+.2f} +- {random['stderr']:.2f}, "
        f"{random['off_track']} lost)"
    )
    return Report(summary, {"controller": controller, "random": random})


def _driven(
    episodes: int, world: World, policy: Policy, streams: Streams, keep: Callable[[Drives], None]
) -> dict[str, float]:
    """What one policy's drives come to."""
    roads, rng = Roads(world), streams("tracks")
    outcomes: list[Outcome] = []
    beyond, frames = 0, 0
    recorded = record(world, policy, lambda count: roads.draw(count, rng), episodes, "evaluate")
    for outcome, columns in recorded:
        by_controller = np.full(len(outcome.lengths), isinstance(policy, Agent))
        keep(Drives(**columns, by_controller=by_controller, laps=outcome.laps))
        edge = np.repeat(columns["half_width"], columns["lengths"] + 1)
        beyond += int((columns["distances"] > edge).sum())
        frames += len(edge)
        outcomes.append(outcome)
    whole = Outcome.joined(outcomes)
    return {
        **whole.figures(),
        "laps": float(whole.laps.mean()),
        "beyond_edge_share": beyond / frames,
    }


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evaluate", reads=["v", "m", "c"], writes=["drives"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", ENSEMBLES)
        controllers = run.model("c", "evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays))
        pixels = math.prod(run.params.world.view.shape)
        problem = mismatch(vision, memory, pixels, RacingWorld.action_size) or controller_mismatch(
            vision, memory, controllers.features, controllers.actions
        )
        if problem:
            read = ", ".join(str(run.paths[name]) for name in ("v", "m", "c"))
            raise UserError(f"{read}: {problem}; run 'dvc repro'")
        params = run.params
        agent = Agent(vision, memory, controllers)
        with run.growing("drives", Drives) as keep:
            report = evaluate_parts(params.evaluate, params.world, agent, run.streams, keep)
        run.report(report)


if __name__ == "__main__":
    main()
