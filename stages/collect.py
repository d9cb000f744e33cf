"""collect: random policies drive, and everything they see is kept.     -> rollouts.h5"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from stages.artifacts import Rollouts
from stages.control.random_policy import RandomPolicy
from stages.control.random_weights import RandomWeightsPolicy
from stages.grounds import Grounds, grounds_of
from stages.params import Collect, World
from stages.randomness import Streams
from stages.recording import record
from stages.rollout import Outcome, Policy
from stages.stage import Report, stage

GOOD = 90.0  # a return that no noise gets


def collect(settings: Collect, world: World, streams: Streams) -> tuple[Rollouts, Report]:
    """Drive all episodes, the held-out ones last."""
    parts: list[Rollouts] = []
    report = collect_parts(settings, world, streams, parts.append)
    return grounds_of(world).rollouts.joined(parts), report


def collect_parts(
    settings: Collect, world: World, streams: Streams, keep: Callable[[Rollouts], None]
) -> Report:
    """The same, some episodes at a time; `keep` is given each part."""
    episodes = settings.episodes + settings.held_out_episodes
    grounds, rng = grounds_of(world), streams("tracks")
    recorded = record(
        grounds,
        make_policy(settings, grounds, streams),
        lambda count: grounds.draw(count, rng),
        episodes,
        "collect",
        settings.patience,
    )
    outcomes: list[Outcome] = []
    driven = 0
    for outcome, columns in recorded:
        numbers = driven + np.arange(len(outcome.lengths))
        keep(grounds.rollouts(**columns, held_out=numbers >= settings.episodes))
        driven += len(numbers)
        outcomes.append(outcome)
    outcome = Outcome.joined(outcomes)
    metrics = {
        **outcome.figures(),
        "frames": int((outcome.lengths + 1).sum()),
        "good_share": float((outcome.returns > GOOD).mean()),
    }
    summary = (
        f"{metrics['frames']} frames from {episodes} episodes of {settings.policy}, "
        f"return {metrics['mean_return']:+.2f} +- {metrics['stderr']:.2f} (standing still: 0), "
        f"above {GOOD:g} in {metrics['good_share']:.1%} of them; "
        f"{metrics['mean_length']:.1f} of {world.max_steps} steps on the road"
    )
    return Report(summary, metrics)


def make_policy(settings: Collect, grounds: Grounds[Any], streams: Streams) -> Policy:
    """What drives."""
    if settings.policy == "noise":
        return RandomPolicy(streams("policy"))
    return RandomWeightsPolicy(grounds.observation_shape, streams("policy"))


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("collect", writes=["rollouts"]) as run:
        with run.growing("rollouts", grounds_of(run.params.world).rollouts) as keep:
            report = collect_parts(run.params.collect, run.params.world, run.streams, keep)
        run.report(report)


if __name__ == "__main__":
    main()
