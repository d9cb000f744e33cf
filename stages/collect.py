"""collect: cars drive, and everything they see is kept.     -> rollouts.h5

Random policies drive; or, in later rounds of the procedure (--driver, --after), the C of the round
before, with noise, and what it sees is laid behind what was collected so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from worldmodels.envs.registry import grounds_of
from worldmodels.pipeline.config.params import ALONE, Collect, Compute
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.runner import Run, stage
from worldmodels.pipeline.seeding import Streams
from worldmodels.pipeline.storage.artifacts import Rollouts
from worldmodels.policies.smoothed_noise import RandomPolicy
from worldmodels.rollout.loop import Outcome
from worldmodels.rollout.recording import Driver, record
from worldmodels.rollout.task import Grounds

GOOD = 90.0  # a return that no noise gets


def collect(
    settings: Collect,
    grounds: Grounds[Any],
    streams: Streams,
    before: Rollouts | None = None,
    driver: Driver | None = None,
    compute: Compute = ALONE,
) -> tuple[Rollouts, Report]:
    """Drive all episodes, the held-out ones last, behind those of the rounds before."""
    parts: list[Rollouts] = []
    report = collect_parts(settings, grounds, streams, parts.append, before, driver, compute)
    return grounds.rollouts.joined(parts), report


def collect_parts(
    settings: Collect,
    grounds: Grounds[Any],
    streams: Streams,
    keep: Callable[[Rollouts], None],
    before: Rollouts | None = None,
    driver: Driver | None = None,
    compute: Compute = ALONE,
) -> Report:
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
        grounds,
        driver or make_policy(settings, grounds),
        lambda count: grounds.draw(count, rng),
        lambda number: stream(f"policy, shard {number}" if number else "policy"),
        episodes,
        "collect",
        compute,
        settings.patience,
    )
    if before is not None:
        keep_all(before, keep)
    outcomes: list[Outcome] = []
    driven = 0
    for outcome, columns in recorded:
        numbers = driven + np.arange(len(outcome.lengths))
        held_out, rounds = numbers >= settings.episodes, np.full(len(numbers), round_number)
        part = grounds.rollouts(**columns, held_out=held_out, round=rounds)
        if before is not None and (problem := before.unlike(part)):
            raise UserError(f"--after: nothing can be laid behind these rollouts: {problem}")
        keep(part)
        driven += len(numbers)
        outcomes.append(outcome)
    outcome = Outcome.joined(outcomes)
    metrics = {
        **outcome.figures(),
        "frames": int((outcome.lengths + 1).sum()),
        "good_share": float((outcome.returns > GOOD).mean()),
        **({"round": round_number} if round_number else {}),
    }
    summary = (
        f"{metrics['frames']} frames from {episodes} episodes of "
        f"{'C with noise' if driver else settings.policy}, "
        f"return {metrics['mean_return']:+.2f} +- {metrics['stderr']:.2f} (standing still: 0), "
        f"above {GOOD:g} in {metrics['good_share']:.1%} of them; "
        f"{metrics['mean_length']:.1f} of {grounds.max_steps} steps on the road"
    )
    if before is not None:
        summary += f"; behind {len(before.lengths)} episodes of the rounds before"
    return Report(summary, metrics)


def keep_all(before: Rollouts, keep: Callable[[Rollouts], None]) -> None:
    """Copy episodes, some at a time."""
    spans = before.spans()
    for span in progress(spans, "collect: rounds before", len(spans)):
        keep(before.some(*span))


def make_policy(settings: Collect, grounds: Grounds[Any]) -> Driver:
    """What makes the policy that the params name."""
    if settings.policy == "noise":
        return RandomPolicy
    return grounds.random_weights_policy


def make_driver(run: Run, grounds: Grounds[Any]) -> Driver | None:
    """What makes the agent that the command line names, if it does.

    Raises:
        UserError: there is no such agent.
    """
    if "c" not in run.paths:
        return None
    from worldmodels.exploration.behaviour_policy import (
        noisy_agent,  # who draws at random depends on no model
    )

    return noisy_agent(run, run.params.collect, grounds)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"after": ["before"], "driver": ["v", "m", "c"]}
    with stage("collect", optional=optional, writes=["rollouts"]) as run:
        grounds = grounds_of(run.params.world)
        before = run.table("before", grounds.rollouts) if "before" in run.paths else None
        driver = make_driver(run, grounds)
        with run.growing("rollouts", grounds.rollouts) as keep:
            settings, compute = run.params.collect, run.params.compute
            report = collect_parts(settings, grounds, run.streams, keep, before, driver, compute)
        run.report(report)


if __name__ == "__main__":
    main()
