"""collect: cars drive, and everything they see is kept.     -> rollouts.h5

Random policies drive; or, in later rounds of the procedure (--driver, --after), the C of the round
before, with noise, and what it sees is laid behind what was collected so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import INLINE, Collect, Compute
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import StageContext
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Rollouts
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import EpisodeStats
from worldmodels.rollout.recording import PolicyFactory, record
from worldmodels.rollout.task import Task

GOOD = 90.0  # a return that no noise gets


def collect(
    settings: Collect,
    task: Task[Any],
    streams: RandomStreams,
    before: Rollouts | None = None,
    driver: PolicyFactory | None = None,
    compute: Compute = INLINE,
) -> tuple[Rollouts, StageResult]:
    """Drive all episodes, the held-out ones last, behind those of the rounds before."""
    parts: list[Rollouts] = []
    report = collect_parts(settings, task, streams, parts.append, before, driver, compute)
    return task.rollouts.concatenate(parts), report


def collect_parts(
    settings: Collect,
    task: Task[Any],
    streams: RandomStreams,
    keep: Callable[[Rollouts], None],
    before: Rollouts | None = None,
    driver: PolicyFactory | None = None,
    compute: Compute = INLINE,
) -> StageResult:
    """The same, some episodes at a time; `keep` is given each part.

    Raises:
        UserError: the rounds before are of other pictures, actions or roads.
    """
    round_number = 0 if before is None else int(before.round.max()) + 1

    def stream(purpose: str) -> np.random.Generator:
        return streams(f"{purpose} {round_number}" if round_number else purpose)

    episodes = settings.episodes + settings.held_out_episodes
    rng = stream("tracks")
    recorded = record(
        task,
        driver or make_policy(settings, task),
        lambda count: task.sample_tracks(count, rng),
        lambda number: stream(f"policy, shard {number}" if number else "policy"),
        episodes,
        "collect",
        compute,
        settings.patience,
    )
    if before is not None:
        copy_episodes(before, keep)
    outcomes: list[EpisodeStats] = []
    driven = 0
    for outcome, columns in recorded:
        numbers = driven + np.arange(len(outcome.lengths))
        held_out, rounds = numbers >= settings.episodes, np.full(len(numbers), round_number)
        part = task.rollouts(**columns, held_out=held_out, round=rounds)
        if before is not None and (problem := before.schema_mismatch(part)):
            raise UserError(f"--after: nothing can be laid behind these rollouts: {problem}")
        keep(part)
        driven += len(numbers)
        outcomes.append(outcome)
    outcome = EpisodeStats.concatenate(outcomes)
    metrics = {
        **outcome.figures(),
        "frames": int((outcome.lengths + 1).sum()),
        "share_above_90": float((outcome.returns > GOOD).mean()),
        **({"round": round_number} if round_number else {}),
    }
    summary = (
        f"{metrics['frames']} frames from {episodes} episodes of "
        f"{'C with noise' if driver else settings.policy}, "
        f"return {metrics['mean_return']:+.2f} +- {metrics['stderr']:.2f} (standing still: 0), "
        f"above {GOOD:g} in {metrics['share_above_90']:.1%} of them; "
        f"{metrics['mean_length']:.1f} of {task.max_steps} steps on the road"
    )
    if before is not None:
        summary += f"; behind {len(before.lengths)} episodes of the rounds before"
    return StageResult(summary, metrics)


def copy_episodes(before: Rollouts, keep: Callable[[Rollouts], None]) -> None:
    """Copy episodes, some at a time."""
    spans = before.spans()
    for span in progress(spans, "collect: rounds before", len(spans)):
        keep(before.slice(*span))


def make_policy(settings: Collect, task: Task[Any]) -> PolicyFactory:
    """What makes the policy that the params name."""
    if settings.policy == "noise":
        return SmoothedNoisePolicy
    return task.random_weights_policy


def make_behaviour(run: StageContext, task: Task[Any]) -> PolicyFactory | None:
    """What makes the agent that the command line names, if it does.

    Raises:
        UserError: there is no such agent.
    """
    if "c" not in run.paths:
        return None
    from worldmodels.exploration.behaviour_policy import (
        make_behaviour_policy,  # who draws at random depends on no model
    )

    return make_behaviour_policy(run, run.params.collect, task)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"after": ["before"], "driver": ["v", "m", "c"]}
    with run_stage("collect", optional=optional, writes=["rollouts"]) as run:
        task = make_task(run.params.env)
        before = run.table("before", task.rollouts) if "before" in run.paths else None
        driver = make_behaviour(run, task)
        with run.appending("rollouts", task.rollouts) as keep:
            settings, compute = run.params.collect, run.params.compute
            report = collect_parts(settings, task, run.streams, keep, before, driver, compute)
        run.report(report)


if __name__ == "__main__":
    main()
