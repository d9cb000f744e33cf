"""collect: records episodes to train V and M on.     -> rollouts.h5

Random policies act. In later rounds (--policy, --append-to) the C of the round before acts, with
exploration noise, and its episodes are appended to those of the rounds before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import INLINE, Collect, Compute
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import StageContext, run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Rollouts
from worldmodels.policies.ez_greedy import EZGreedyPolicy
from worldmodels.rollout.loop import EpisodeStats
from worldmodels.rollout.recording import PolicyFactory, record
from worldmodels.rollout.task import Task

HIGH_RETURN = 90.0  # a return that noise alone never reaches


def collect(
    settings: Collect,
    task: Task[Any],
    streams: RandomStreams,
    earlier: Rollouts | None = None,
    make_policy: PolicyFactory | None = None,
    compute: Compute = INLINE,
) -> tuple[Rollouts, StageResult]:
    """All episodes, the held-out ones last, after those of earlier rounds."""
    parts: list[Rollouts] = []
    result = collect_parts(settings, task, streams, parts.append, earlier, make_policy, compute)
    return task.rollouts.concatenate(parts), result


def collect_parts(
    settings: Collect,
    task: Task[Any],
    streams: RandomStreams,
    append: Callable[[Rollouts], None],
    earlier: Rollouts | None = None,
    make_policy: PolicyFactory | None = None,
    compute: Compute = INLINE,
) -> StageResult:
    """The same, some episodes at a time; `append` is given each part.

    Raises:
        UserError: the earlier rounds have other observations, actions or tracks.
    """
    round_number = 0 if earlier is None else int(earlier.round.max()) + 1

    def stream(purpose: str) -> np.random.Generator:
        return streams(f"{purpose} {round_number}" if round_number else purpose)

    episodes = settings.episodes + settings.held_out_episodes
    track_rng = stream("tracks")
    recorded = record(
        task,
        make_policy or random_policy(settings, task),
        lambda count: task.sample_tracks(count, track_rng),
        lambda number: stream(f"policy, shard {number}" if number else "policy"),
        episodes,
        "collect",
        compute,
        settings.patience,
        settings.shaped_rewards,
    )
    if earlier is not None:
        copy_episodes(earlier, append)
    all_stats: list[EpisodeStats] = []
    count = 0
    for batch_stats, columns in recorded:
        numbers = count + np.arange(len(batch_stats.lengths))
        held_out, rounds = numbers >= settings.episodes, np.full(len(numbers), round_number)
        part = task.rollouts(**columns, held_out=held_out, round=rounds)
        if earlier is not None and (problem := earlier.schema_mismatch(part)):
            raise UserError(f"--append-to: nothing can be appended to these rollouts: {problem}")
        append(part)
        count += len(numbers)
        all_stats.append(batch_stats)
    stats = EpisodeStats.concatenate(all_stats)
    high_share = float((stats.returns > HIGH_RETURN).mean())
    details = {
        **stats.summary(task.has_track),
        "frames": int((stats.lengths + 1).sum()),
        **({"share_above_90": high_share} if task.has_track else {}),
        **({"round": round_number} if round_number else {}),
    }
    summary = (
        f"{details['frames']} frames in {episodes} episodes of "
        f"{'C with exploration noise' if make_policy else settings.policy}, "
        f"return {details['mean_return']:+.2f} +- {details['stderr']:.2f}"
    )
    if task.has_track:
        summary += f" (a car at rest: 0), above {HIGH_RETURN:g} in {high_share:.1%} of them"
    summary += f", {details['mean_length']:.1f} of {task.max_steps} steps"
    if earlier is not None:
        summary += f"; appended to {len(earlier.lengths)} episodes of earlier rounds"
    return StageResult(summary, details=details)


def copy_episodes(earlier: Rollouts, append: Callable[[Rollouts], None]) -> None:
    """Copy episodes, some at a time."""
    spans = earlier.spans()
    for span in progress(spans, "collect: earlier rounds", len(spans)):
        append(earlier.slice(*span))


def random_policy(settings: Collect, task: Task[Any]) -> PolicyFactory:
    """A factory of the random policy that the params name."""
    if settings.policy == "noise":
        return task.random_policy
    if settings.policy == "ez_greedy":
        return partial(EZGreedyPolicy, task.action_size)
    return task.random_weights_policy


def behaviour_policy(run: StageContext, task: Task[Any]) -> PolicyFactory | None:
    """A factory of the agent of the command line with exploration noise; None without `--policy`.

    Raises:
        UserError: a file of the agent is missing or damaged, or they do not fit.
    """
    if "c" not in run.paths:
        return None
    # Imported here, so that the first round's collect depends on no model.
    from worldmodels.exploration.behaviour_policy import make_behaviour_policy

    return make_behaviour_policy(run, run.params.collect, task)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    optional = {"append-to": ["earlier"], "policy": ["v", "m", "c"]}
    with run_stage("collect", optional=optional, writes=["rollouts"]) as run:
        task = make_task(run.params.env)
        earlier = run.table("earlier", task.rollouts) if "earlier" in run.paths else None
        make_policy = behaviour_policy(run, task)
        with run.appending("rollouts", task.rollouts) as append:
            settings, compute = run.params.collect, run.params.compute
            result = collect_parts(
                settings, task, run.streams, append, earlier, make_policy, compute
            )
        run.report(result)


if __name__ == "__main__":
    main()
