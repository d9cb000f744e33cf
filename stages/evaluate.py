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
from worldmodels.envs.registry import make_task
from worldmodels.interfaces import Memory, Vision
from worldmodels.pipeline.config.params import INLINE, Compute, Evaluate
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import EpisodeStats
from worldmodels.rollout.recording import deterministic, record
from worldmodels.rollout.task import Task


def evaluate(
    settings: Evaluate,
    task: Task[Any],
    vision: Vision,
    memory: Memory,
    controllers: Controllers,
    streams: RandomStreams,
    compute: Compute = INLINE,
) -> tuple[EvaluationEpisodes, StageResult]:
    """Drive episodes with C, and with the random policy, on the same roads, that no stage saw."""
    parts: list[EvaluationEpisodes] = []
    agent = Agent(vision, memory, controllers)
    report = evaluate_parts(settings, task, agent, streams, parts.append, compute)
    return task.evaluation.concatenate(parts), report


def evaluate_parts(
    settings: Evaluate,
    task: Task[Any],
    agent: Agent,
    streams: RandomStreams,
    keep: Callable[[EvaluationEpisodes], None],
    compute: Compute = INLINE,
) -> StageResult:
    """The same, some episodes at a time; `keep` is given each part."""
    controller = _driven(settings.episodes, task, agent, streams, keep, compute)
    random = _driven(settings.baseline_episodes, task, None, streams, keep, compute)
    del random["laps"]
    summary = (
        f"C returns {controller['mean_return']:+.2f} +- {controller['stderr']:.2f} "
        f"in {settings.episodes} episodes, {controller['worst_return']:+.2f} in the worst, "
        f"{controller['off_track']} lost off the road, {controller['laps']:.2f} laps "
        f"(the random policy: {random['mean_return']:+.2f} +- {random['stderr']:.2f}, "
        f"{random['off_track']} lost)"
    )
    return StageResult(summary, {"controller": controller, "random": random})


def _driven(
    episodes: int,
    task: Task[Any],
    agent: Agent | None,
    streams: RandomStreams,
    keep: Callable[[EvaluationEpisodes], None],
    compute: Compute,
) -> dict[str, float]:
    """What the drives of an agent, or of the random policy, come to."""
    outcomes: list[EpisodeStats] = []
    measured: dict[str, list[NDArray[Any]]] = defaultdict(list)
    recorded = record(
        task,
        deterministic(agent) if agent else SmoothedNoisePolicy,
        task.test_tracks(streams("tracks")),
        lambda number: streams(f"random, shard {number}" if number else "random"),
        episodes,
        "evaluate",
        compute,
    )
    for outcome, columns in recorded:
        by_controller = np.full(len(outcome.lengths), agent is not None)
        keep(task.evaluation(**columns, by_controller=by_controller))
        for name, values in task.metrics(columns).items():
            measured[name].append(values)
        outcomes.append(outcome)
    whole = EpisodeStats.concatenate(outcomes)
    return {
        **whole.figures(),
        "laps": float(whole.laps.mean()),
        **{name: float(np.concatenate(values).mean()) for name, values in measured.items()},
    }


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("evaluate", reads=["v", "m", "c"], writes=["drives"]) as run:
        params, task = run.params, make_task(run.params.env)
        agent = Agent(*load_agent([run.paths[name] for name in "vmc"], task))
        with run.appending("drives", task.evaluation) as keep:
            report = evaluate_parts(params.evaluate, task, agent, run.streams, keep, params.compute)
        run.report(report)


if __name__ == "__main__":
    main()
