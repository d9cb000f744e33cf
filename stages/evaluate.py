"""evaluate: the final drives of C, and of the random policy.   v.npz, m.npz, c.npz -> drives.h5"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent
from worldmodels.agent.loading import load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import grounds_of
from worldmodels.interfaces import Memory, Vision
from worldmodels.pipeline.config.params import ALONE, Compute, Evaluate
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.runner import stage
from worldmodels.pipeline.seeding import Streams
from worldmodels.pipeline.storage.artifacts import Drives
from worldmodels.policies.smoothed_noise import RandomPolicy
from worldmodels.rollout.loop import Outcome
from worldmodels.rollout.recording import always, record
from worldmodels.rollout.task import Grounds


def evaluate(
    settings: Evaluate,
    grounds: Grounds[Any],
    vision: Vision,
    memory: Memory,
    controllers: Controllers,
    streams: Streams,
    compute: Compute = ALONE,
) -> tuple[Drives, Report]:
    """Drive episodes with C, and with the random policy, on the same roads, that no stage saw."""
    parts: list[Drives] = []
    agent = Agent(vision, memory, controllers)
    report = evaluate_parts(settings, grounds, agent, streams, parts.append, compute)
    return grounds.drives.joined(parts), report


def evaluate_parts(
    settings: Evaluate,
    grounds: Grounds[Any],
    agent: Agent,
    streams: Streams,
    keep: Callable[[Drives], None],
    compute: Compute = ALONE,
) -> Report:
    """The same, some episodes at a time; `keep` is given each part."""
    controller = _driven(settings.episodes, grounds, agent, streams, keep, compute)
    random = _driven(settings.random_episodes, grounds, None, streams, keep, compute)
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
    episodes: int,
    grounds: Grounds[Any],
    agent: Agent | None,
    streams: Streams,
    keep: Callable[[Drives], None],
    compute: Compute,
) -> dict[str, float]:
    """What the drives of an agent, or of the random policy, come to."""
    outcomes: list[Outcome] = []
    measured: dict[str, list[NDArray[Any]]] = defaultdict(list)
    recorded = record(
        grounds,
        always(agent) if agent else RandomPolicy,
        grounds.tests(streams("tracks")),
        lambda number: streams(f"random, shard {number}" if number else "random"),
        episodes,
        "evaluate",
        compute,
    )
    for outcome, columns in recorded:
        by_controller = np.full(len(outcome.lengths), agent is not None)
        keep(grounds.drives(**columns, by_controller=by_controller))
        for name, values in grounds.measures(columns).items():
            measured[name].append(values)
        outcomes.append(outcome)
    whole = Outcome.joined(outcomes)
    return {
        **whole.figures(),
        "laps": float(whole.laps.mean()),
        **{name: float(np.concatenate(values).mean()) for name, values in measured.items()},
    }


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evaluate", reads=["v", "m", "c"], writes=["drives"]) as run:
        params, grounds = run.params, grounds_of(run.params.world)
        agent = Agent(*load_agent([run.paths[name] for name in "vmc"], grounds))
        with run.growing("drives", grounds.drives) as keep:
            report = evaluate_parts(
                params.evaluate, grounds, agent, run.streams, keep, params.compute
            )
        run.report(report)


if __name__ == "__main__":
    main()
