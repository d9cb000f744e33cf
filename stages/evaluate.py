"""evaluate: the final drives of C, and of the random policy.   v.npz, m.npz, c.npz -> drives.h5"""

from __future__ import annotations

import math

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
from stages.recording import joined, record
from stages.rollout import Policy
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
    tracks = Roads(world).draw(settings.episodes, streams("tracks"))
    policies: list[Policy] = [
        Agent(vision, memory, controllers),
        RandomPolicy(streams("random")),
    ]
    outcomes, columns = zip(
        *(record(world, policy, tracks, settings.episodes, "evaluate") for policy in policies),
        strict=True,
    )
    drives = Drives(
        **joined(columns),
        by_controller=np.repeat([True, False], settings.episodes),
        laps=np.concatenate([outcome.laps for outcome in outcomes]),
    )
    controller, random = (outcome.figures() for outcome in outcomes)
    controller["laps"] = float(outcomes[0].laps.mean())
    for figures, driven in zip((controller, random), columns, strict=True):
        edge = np.repeat(driven["half_width"], driven["lengths"] + 1)
        figures["beyond_edge_share"] = float((driven["distances"] > edge).mean())
    summary = (
        f"C returns {controller['mean_return']:+.2f} +- {controller['stderr']:.2f} "
        f"in {settings.episodes} episodes, {controller['worst_return']:+.2f} in the worst, "
        f"{controller['off_track']} lost off the road, {controller['laps']:.2f} laps "
        f"(the random policy: {random['mean_return']:+.2f} +- {random['stderr']:.2f}, "
        f"{random['off_track']} lost)"
    )
    return drives, Report(summary, {"controller": controller, "random": random})


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
        drives, report = evaluate(
            params.evaluate, params.world, vision, memory, controllers, run.streams
        )
        run.write("drives", drives)
        run.report(report)


if __name__ == "__main__":
    main()
