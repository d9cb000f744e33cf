"""Policy distillation: the actions of the last round's C on the episodes of a new round.

The new C has another V and M, so the old one's weights are of no use to it. But the old agent can
label every recorded frame with its action, also where exploration noise led (DAgger: Ross et al.
2011; policy distillation: Rusu et al. 2015). The search for the new C starts from these labels.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.random import Generator

from worldmodels.agent.loading import AgentParts, load_agent
from worldmodels.evolution.behaviour_cloning import Demonstrations
from worldmodels.interfaces import takes_c
from worldmodels.memory.sequences import sequence_features, whole_episodes
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.runner import StageContext
from worldmodels.pipeline.storage.artifacts import Latents, Rollouts
from worldmodels.pipeline.storage.mirror import with_mirror_images
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.rollout.task import Task

ENCODE_BATCH = 1024  # frames

TEACHER = ("teacher_v", "teacher_m", "teacher_c")  # the names of its files


def teacher_labels(
    teacher: AgentParts, rollouts: Rollouts, latents: Latents, replay_rounds: int, rng: Generator
) -> Demonstrations:
    """The last rounds' episodes as the new V encodes them, labelled with the teacher's actions.

    Args:
        teacher: V, M and C of another round.
        rollouts: the episodes.
        latents: the same episodes as the new V encodes them, perhaps with their mirror images.
        replay_rounds: how many of the last rounds to use, whoever acted in them.
        rng: not drawn from, because z is V's mean.
    """
    first = int(np.flatnonzero(rollouts.round > rollouts.round.max() - replay_rounds)[0])
    recent, count = rollouts.slice(first, len(rollouts.lengths)), len(latents.lengths)
    if count > len(rollouts.lengths):
        recent = with_mirror_images(recent)
    frames, new = recent.observations, latents.slice(count - len(recent.lengths), count)
    starts = range(0, len(frames), ENCODE_BATCH)
    batches = (to_pixels(frames[start : start + ENCODE_BATCH]) for start in starts)
    z = np.concatenate([teacher.vision.posterior(batch)[0] for batch in batches])
    old = dataclasses.replace(new, mean=z, logvar=np.zeros_like(z))
    old_sequences, new_sequences = (
        episodes.sample(np.arange(len(episodes)), rng)
        for episodes in (whole_episodes(each, ~each.held_out) for each in (old, new))
    )
    features = old_sequences.z
    count, memory = teacher.controllers.features, teacher.memory.members[0]
    if count > teacher.vision.z_size:
        states = memory.states(old_sequences, with_c=takes_c(count, memory))
        features = sequence_features(old_sequences, states)
    return Demonstrations(new_sequences, teacher.controllers.act(features))


def load_teacher_labels(
    run: StageContext, task: Task[Any], latents: Latents, rng: Generator
) -> Demonstrations:
    """The labels of the teacher that the command line names.

    Raises:
        UserError: a file is missing or damaged, they do not fit, or the episodes are others.
    """
    teacher = load_agent([run.paths[name] for name in TEACHER], task)
    rollouts: Rollouts = run.table("rollouts", task.rollouts)
    lengths = rollouts.lengths, np.repeat(rollouts.lengths, 2)  # with mirror images
    if not any(np.array_equal(each, latents.lengths) for each in lengths):
        raise UserError(
            f"{run.paths['rollouts']} and {run.paths['latents']}: the {len(rollouts.lengths)} "
            f"episodes of the one are not the {len(latents.lengths)} of the other; run 'dvc repro'"
        )
    replay_rounds = run.params.evolve_c.replay_rounds
    return teacher_labels(teacher, rollouts, latents, replay_rounds, rng)
