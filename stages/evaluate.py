"""evaluate: the final drives of C, and of the random policy.   v.npz, m.npz, c.npz -> drives.h5"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.agent import Agent
from stages.artifacts import Drives, to_bytes
from stages.control.controller import ARRAYS, Controllers
from stages.control.random_policy import RandomPolicy
from stages.errors import UserError
from stages.memory.lstm import DeterministicLSTM
from stages.modules import Memory, Vision, controller_mismatch, mismatch
from stages.params import Evaluate, World
from stages.randomness import Streams
from stages.rollout import Policy, recorded_rollout
from stages.stage import Report, stage
from stages.tracks import make_track
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
    """Drive the same number of episodes with C and with the random policy."""
    track = make_track(world)
    policies: list[Policy] = [
        Agent(vision, memory, controllers),
        RandomPolicy(streams("random")),
    ]
    driven = [
        recorded_rollout(
            RacingWorld([track], settings.episodes, world.max_steps), policy, "evaluate"
        )
        for policy in policies
    ]
    outcomes, recordings = zip(*driven, strict=True)

    def joined(parts: Any, name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    drives = Drives(
        lengths=joined(outcomes, "lengths"),
        terminated=joined(outcomes, "terminated"),
        observations=to_bytes(joined(recordings, "observations")),
        states=joined(recordings, "states"),
        actions=joined(recordings, "actions"),
        rewards=joined(recordings, "rewards"),
        by_controller=np.repeat([True, False], settings.episodes),
        laps=joined(outcomes, "laps"),
    )
    controller, random = (outcome.figures() for outcome in outcomes)
    controller["laps"] = float(outcomes[0].laps.mean())
    summary = (
        f"C returns {controller['mean_return']:+.2f} +- {controller['stderr']:.2f} "
        f"in {settings.episodes} episodes, {controller['off_track']} off the road, "
        f"{controller['laps']:.2f} laps "
        f"(the random policy: {random['mean_return']:+.2f} +- {random['stderr']:.2f}, "
        f"{random['off_track']} off)"
    )
    return drives, Report(summary, {"controller": controller, "random": random})


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evaluate", reads=["v", "m", "c"], writes=["drives"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", {DeterministicLSTM.kind: DeterministicLSTM})
        controllers = run.model("c", "evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays))
        pixels, action_size = math.prod(RacingWorld.observation_shape), RacingWorld.action_size
        problem = mismatch(vision, memory, pixels, action_size) or controller_mismatch(
            vision, memory, controllers.features, controllers.actions
        )
        if problem:
            raise UserError(
                f"{', '.join(map(str, run.paths.values()))}: {problem}; run 'dvc repro'"
            )
        params = run.params
        drives, report = evaluate(
            params.evaluate, params.world, vision, memory, controllers, run.streams
        )
        run.write("drives", drives)
        run.report(report)


if __name__ == "__main__":
    main()
