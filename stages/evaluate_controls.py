"""evaluate_controls: policies that look at nothing, beside C, in the games of its evaluation.

Reads evaluation.h5, which has the episodes of C and of the random policy. The controls are those of
the task, and C's own actions, each episode's in another game than its own. Actions that end before
that game does begin anew, because to stand still from there on would make the control a worse one.

Controls need neither V, M nor C, so they are a stage of their own: `evaluate` runs without them. As
no policy looks at observations, the environment need not draw any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.registry import make_task
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute, Evaluate
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Row, StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes
from worldmodels.policies.action_sequences import ActionSequences
from worldmodels.rollout.episode_runner import EpisodeRunner, PolicyBatch
from worldmodels.rollout.loop import EpisodeStats
from worldmodels.rollout.task import Task

Actions = NDArray[np.float32]  # (T, A), begun anew after T steps
Workers = WorkerPool[PolicyBatch, EpisodeStats]


def evaluate_controls(
    settings: Evaluate,
    task: Task[Any],
    evaluation: EvaluationEpisodes,
    streams: RandomStreams,
    compute: Compute = INLINE,
) -> StageResult:
    """Returns of C, of the random policy and of the controls, on the same test tracks.

    A control with several candidates is the one of the highest mean return on validation tracks.

    Raises:
        ParamsError: the task has no controls, or C has one episode only.
    """
    episodes = settings.baseline_episodes
    if not task.controls:
        raise ParamsError("env.kind: must be one that has controls, doom, for evaluate_controls")
    own_actions = recorded_actions(evaluation)
    if len(own_actions) < 2:
        raise ParamsError(
            "evaluate.episodes: must be at least 2 for evaluate_controls, because the actions of "
            f"each of C's episodes are taken in another game; found {len(own_actions)}"
        )
    with WorkerPool(EpisodeRunner(task), compute if task.shard_episodes else INLINE) as workers:
        tracks = task.sample_tracks(episodes, streams("validation tracks"))
        validated = validation_returns(workers, task, tracks, episodes)
        chosen = {
            name: max(returns, key=returns.__getitem__) for name, returns in validated.items()
        }
        policies = {
            **{name: [task.controls[name][label]] for name, label in chosen.items()},
            # that of game i is from the game after it
            "own_actions": [*own_actions[1:], own_actions[0]],
        }
        tracks = task.test_tracks(streams("tracks"))(episodes)
        tested = run_policies(workers, task.max_envs, tracks, episodes, policies, "test")
    by_policy = {
        "controller": recorded_stats(evaluation, evaluation.by_controller),
        "random": recorded_stats(evaluation, ~evaluation.by_controller),
        **tested,
    }
    details: dict[str, Any] = {
        name: {
            **stats.summary(task.has_track),
            "median_return": float(np.median(stats.returns)),
        }
        for name, stats in by_policy.items()
    }
    for name, returns in validated.items():
        if len(returns) > 1:
            details[name] |= {"chosen": chosen[name], "validation": returns}
    metrics = {
        f"{name}_{number}": details[name][key]
        for name in by_policy
        for number, key in (("return", "mean_return"), ("stderr", "stderr"))
    }
    metrics["above_own_actions"] = metrics["controller_return"] - metrics["own_actions_return"]
    return StageResult(summary(details), metrics, details, percentiles(by_policy))


def validation_returns(
    workers: Workers, task: Task[Any], tracks: Sequence[Any], episodes: int
) -> dict[str, dict[str, float]]:
    """The mean return of each candidate of each control; 0 of one that nothing competes with."""
    compared = {
        (name, label): [actions]
        for name, candidates in task.controls.items()
        for label, actions in candidates.items()
        if len(candidates) > 1
    }
    stats = run_policies(workers, task.max_envs, tracks, episodes, compared, "validation")
    return {
        name: {
            label: float(stats[name, label].returns.mean()) if (name, label) in stats else 0.0
            for label in candidates
        }
        for name, candidates in task.controls.items()
    }


def run_policies(
    workers: Workers,
    max_envs: int,
    tracks: Sequence[Any],
    episodes: int,
    policies: Mapping[Any, Sequence[Actions]],
    what: str,
) -> dict[Any, EpisodeStats]:
    """The episodes of each policy; episode i is on tracks[i % len(tracks)].

    Args:
        workers: run batches.
        max_envs: episodes of a batch, at the most.
        tracks: one for each episode, or one for all.
        episodes: of each policy.
        policies: actions of each; episode i takes those of number i, round and round.
        what: of the progress bar.
    """
    spans = [
        range(first, min(first + max_envs, episodes)) for first in range(0, episodes, max_envs)
    ]
    batches = [
        PolicyBatch(
            [tracks[number % len(tracks)] for number in span],
            ActionSequences([sequences[number % len(sequences)] for number in span]),
        )
        for sequences in policies.values()
        for span in spans
    ]
    stream = workers.stream(batches)
    parts = list(progress(stream, f"evaluate_controls: {what}", len(batches)))
    each = len(spans)
    return {
        name: EpisodeStats.concatenate(parts[number * each : (number + 1) * each])
        for number, name in enumerate(policies)
    }


def recorded_actions(evaluation: EvaluationEpisodes) -> list[Actions]:
    """The actions of each of C's episodes."""
    actions = np.split(evaluation.actions, evaluation.first_step[1:-1])
    return [actions[number] for number in np.flatnonzero(evaluation.by_controller)]


def recorded_stats(evaluation: EvaluationEpisodes, chosen: NDArray[np.bool_]) -> EpisodeStats:
    """The statistics of the chosen ones of the recorded episodes."""
    returns = np.add.reduceat(evaluation.rewards, evaluation.first_step[:-1])
    return EpisodeStats(
        returns[chosen],
        evaluation.lengths[chosen],
        evaluation.terminated[chosen],
        evaluation.lap_fraction[chosen],
    )


def percentiles(by_policy: Mapping[str, EpisodeStats]) -> list[Row]:
    """The return at each percentile of the episodes, from 0 to 100, of each policy."""
    percents = np.arange(101.0)
    columns = {name: np.percentile(stats.returns, percents) for name, stats in by_policy.items()}
    return [
        {"percentile": percent, **{name: column[row] for name, column in columns.items()}}
        for row, percent in enumerate(percents)
    ]


def summary(details: Mapping[str, Any]) -> str:
    """The closing line: C's mean return, and that of each control, from the best down."""

    def score(name: str) -> str:
        return f"{details[name]['mean_return']:+.1f} +- {details[name]['stderr']:.1f}"

    controls = [name for name in details if name != "controller"]
    controls.sort(key=lambda name: -details[name]["mean_return"])
    named = []
    for name in controls:
        chosen = f" ({details[name]['chosen']})" if "chosen" in details[name] else ""
        named.append(f"{name.replace('_', ' ')}{chosen} {score(name)}")
    return (
        f"C returns {score('controller')} in {details['controller']['episodes']} episodes; "
        f"policies that look at nothing: {', '.join(named)}"
    )


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("evaluate_controls", reads=["evaluation"]) as run:
        params, task = run.params, make_task(run.params.env, observed=False)
        evaluation = run.table("evaluation", task.evaluation)
        run.report(
            evaluate_controls(params.evaluate, task, evaluation, run.streams, params.compute)
        )


if __name__ == "__main__":
    main()
