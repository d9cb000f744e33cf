"""evaluate: runs C and a random policy on test tracks.   v.npz, m.npz, c.npz -> evaluation.h5"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent
from worldmodels.agent.loading import AgentParts, load_agent
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import INLINE, Compute, Evaluate
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes
from worldmodels.rollout.loop import EpisodeStats
from worldmodels.rollout.recording import deterministic, record
from worldmodels.rollout.task import Task


def evaluate(
    settings: Evaluate,
    task: Task[Any],
    agent: AgentParts,
    streams: RandomStreams,
    compute: Compute = INLINE,
) -> tuple[EvaluationEpisodes, StageResult]:
    """Episodes of C, and of the random policy, on the same tracks, which no stage has seen."""
    parts: list[EvaluationEpisodes] = []
    result = evaluate_parts(settings, task, Agent(*agent), streams, parts.append, compute)
    return task.evaluation.concatenate(parts), result


def evaluate_parts(
    settings: Evaluate,
    task: Task[Any],
    agent: Agent,
    streams: RandomStreams,
    append: Callable[[EvaluationEpisodes], None],
    compute: Compute = INLINE,
) -> StageResult:
    """The same, some episodes at a time; `append` is given each part."""
    controller = _evaluate(settings.episodes, task, agent, streams, append, compute)
    baseline = _evaluate(settings.baseline_episodes, task, None, streams, append, compute)
    terminated, words = ("off_track", "off the track") if task.has_track else ("terminated",) * 2
    laps = f", {controller['lap_fraction']:.2f} laps" if task.has_track else ""
    baseline.pop("lap_fraction", None)
    metrics = {
        **{name: controller[name] for name in ("mean_return", "stderr", "worst_return")},
        terminated: controller[terminated],
        "baseline_return": baseline["mean_return"],
    }
    summary = (
        f"C returns {controller['mean_return']:+.2f} +- {controller['stderr']:.2f} "
        f"in {settings.episodes} episodes, {controller['worst_return']:+.2f} in the worst, "
        f"{controller[terminated]} {words}{laps} "
        f"(the random policy: {baseline['mean_return']:+.2f} +- {baseline['stderr']:.2f}, "
        f"{baseline[terminated]} {words})"
    )
    return StageResult(summary, metrics, {"controller": controller, "baseline": baseline})


def _evaluate(
    episodes: int,
    task: Task[Any],
    agent: Agent | None,
    streams: RandomStreams,
    append: Callable[[EvaluationEpisodes], None],
    compute: Compute,
) -> dict[str, float]:
    """The summary of episodes of an agent, or of the random policy."""
    all_stats: list[EpisodeStats] = []
    values: dict[str, list[NDArray[Any]]] = defaultdict(list)
    recorded = record(
        task,
        deterministic(agent) if agent else task.random_policy,
        task.test_tracks(streams("tracks")),
        lambda number: streams(f"random, shard {number}" if number else "random"),
        episodes,
        "evaluate",
        compute,
    )
    for batch_stats, columns in recorded:
        by_controller = np.full(len(batch_stats.lengths), agent is not None)
        append(task.evaluation(**columns, by_controller=by_controller))
        for name, value in task.metrics(columns).items():
            values[name].append(value)
        all_stats.append(batch_stats)
    stats = EpisodeStats.concatenate(all_stats)
    laps = {"lap_fraction": float(stats.lap_fraction.mean())} if task.has_track else {}
    return {
        **stats.summary(task.has_track),
        **laps,
        **{name: float(np.concatenate(value).mean()) for name, value in values.items()},
    }


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("evaluate", reads=["v", "m", "c"], writes=["evaluation"]) as run:
        params, task = run.params, make_task(run.params.env)
        parts = load_agent([run.paths[name] for name in "vmc"], task, params.c_stage)
        agent = Agent(*parts)
        with run.appending("evaluation", task.evaluation) as append:
            result = evaluate_parts(
                params.evaluate, task, agent, run.streams, append, params.compute
            )
        run.report(result)


if __name__ == "__main__":
    main()
