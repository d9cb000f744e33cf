"""collect: the random policy drives, and everything it sees is kept.     -> rollouts.h5"""

from __future__ import annotations

import numpy as np

from stages.artifacts import Rollouts, to_bytes
from stages.control.random_policy import RandomPolicy
from stages.params import Collect, World
from stages.randomness import Streams
from stages.rollout import recorded_rollout
from stages.stage import Report, stage
from stages.tracks import make_track
from stages.worlds.racing import RacingWorld


def collect(settings: Collect, world: World, streams: Streams) -> tuple[Rollouts, Report]:
    """Drive all episodes at once, the held-out ones last."""
    episodes = settings.episodes + settings.held_out_episodes
    racing = RacingWorld([make_track(world)], episodes, world.max_steps)
    outcome, recording = recorded_rollout(racing, RandomPolicy(streams("policy")), "collect")
    rollouts = Rollouts(
        lengths=outcome.lengths,
        terminated=outcome.terminated,
        observations=to_bytes(recording.observations),
        states=recording.states,
        actions=recording.actions,
        rewards=recording.rewards,
        held_out=np.arange(episodes) >= settings.episodes,
    )
    metrics = {**outcome.figures(), "frames": len(rollouts.observations)}
    summary = (
        f"{metrics['frames']} frames from {episodes} episodes of the random policy, "
        f"return {metrics['mean_return']:+.2f} +- {metrics['stderr']:.2f} (standing still: 0), "
        f"{metrics['mean_length']:.1f} of {world.max_steps} steps on the road"
    )
    return rollouts, Report(summary, metrics)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("collect", writes=["rollouts"]) as run:
        rollouts, report = collect(run.params.collect, run.params.world, run.streams)
        run.write("rollouts", rollouts)
        run.report(report)


if __name__ == "__main__":
    main()
