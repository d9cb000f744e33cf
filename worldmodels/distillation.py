"""What another round's C would have done without noise, wherever cars came by with noise.

That is where the next C's search begins. The new one sees the same with another V and remembers it
with another M, so that it cannot have the old one's weights; but it can be told, for every frame
that either of them was shown, what the old one would do: also where noise had led it, which it does
not learn from what was done there (DAgger: Ross et al. 2011; policy distillation: Rusu et al.
2015).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.random import Generator

from worldmodels.agent.loading import AgentParts, load_agent
from worldmodels.evolution.behaviour_cloning import Example
from worldmodels.memory.sequences import states_before, whole_episodes
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.runner import Run
from worldmodels.pipeline.storage.artifacts import Latents, Rollouts
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.rollout.task import Grounds

AT_ONCE = 1024  # frames that the old V sees


def taught(
    teacher: AgentParts, rollouts: Rollouts, latents: Latents, recent: int, rng: Generator
) -> Example:
    """The last rounds' episodes as the new V sees them, and what the teacher would do there.

    Args:
        teacher: V, M and C of another round.
        rollouts: the episodes.
        latents: the same as the new V sees them.
        recent: how many rounds those are; who drove in them, the teacher or another, is all one.
        rng: which nothing hangs on: z is V's mean.
    """
    first = int(np.flatnonzero(latents.round > latents.round.max() - recent)[0])
    span = first, len(latents.lengths)
    frames, after = rollouts.some(*span).observations, latents.some(*span)
    starts = range(0, len(frames), AT_ONCE)
    pictures = (to_pixels(frames[start : start + AT_ONCE]) for start in starts)
    z = np.concatenate([teacher.vision.code(some)[0] for some in pictures])
    before = dataclasses.replace(after, mean=z, logvar=np.zeros_like(z))
    then, now = (
        whole.sampled(np.arange(len(whole)), rng)
        for whole in (whole_episodes(each, ~each.held_out) for each in (before, after))
    )
    features = then.z
    if teacher.controllers.features > teacher.vision.z_size:
        h = states_before(teacher.memory.members[0].states(then), then.running)
        features = np.concatenate([features, h], axis=1)
    return Example(now, teacher.controllers.act(features))


def asked(run: Run, grounds: Grounds[Any], latents: Latents, rng: Generator) -> Example:
    """What the teacher of the command line says.

    Raises:
        UserError: a file is missing or damaged, they do not fit, or the episodes are others.
    """
    teacher = load_agent(
        [run.paths[name] for name in ("v_before", "m_before", "c_before")], grounds
    )
    rollouts: Rollouts = run.table("rollouts", grounds.rollouts)
    if not np.array_equal(rollouts.lengths, latents.lengths):
        raise UserError(
            f"{run.paths['rollouts']} and {run.paths['latents']}: the {len(rollouts.lengths)} "
            f"episodes of the one are not the {len(latents.lengths)} of the other; run 'dvc repro'"
        )
    return taught(teacher, rollouts, latents, run.params.evolve_c.recent, rng)
