"""What the Cs of rounds before would have done without noise, wherever they came by with noise.

That is where the next C's search begins. It sees the same with another V and remembers it with
another M, so that it cannot have an old one's weights; but it can be told, for every frame that
any of them was shown, what the old one would do: also where noise had led it, which it does not
learn from what was done there (DAgger: Ross et al. 2011; policy distillation: Rusu et al. 2015).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stages.artifacts import Latents, Rollouts
from stages.errors import UserError
from stages.grounds import Grounds
from stages.imitation import Example, states_before, whole_episodes
from stages.memory.recurrent import Pieces
from stages.pixels import to_pixels
from stages.stage import Run
from stages.trained import Trained, trained
from stages.vision.visions import AnyVision

AT_ONCE = 1024  # frames that the old V sees


def taught(
    teachers: Sequence[Trained],
    vision: AnyVision,
    rollouts: Rollouts,
    latents: Latents,
    recent: int,
    rng: Generator,
) -> Example:
    """The last rounds' episodes as the new V sees them, and what the teachers would do there, in
    the mean: what is wrong with one of them is hardly wrong with all.

    Args:
        teachers: V, M and C of rounds before.
        vision: the new V.
        rollouts: the episodes.
        latents: the same as the new V sees them.
        recent: how many rounds those are; who drove in them, a teacher or another, is all one.
        rng: which nothing hangs on: z is V's mean.

    Raises:
        ValueError: they are not the same episodes.
    """
    if not np.array_equal(rollouts.lengths, latents.lengths):
        raise ValueError(
            f"the {len(rollouts.lengths)} episodes of the one are not "
            f"the {len(latents.lengths)} of the other"
        )
    first = int(np.flatnonzero(latents.round > latents.round.max() - recent)[0])
    span = first, len(latents.lengths)
    after = latents.some(*span)

    def lived(z: NDArray[np.float32]) -> Pieces:
        """What was not held out, as a V sees it that makes z of the frames."""
        seen = dataclasses.replace(after, mean=z, logvar=np.zeros_like(z))
        whole = whole_episodes(seen, ~after.held_out)
        return whole.sampled(np.arange(len(whole)), rng)

    def answers(teacher: Trained) -> NDArray[np.float32]:
        known = same(teacher.vision, vision)
        z = after.mean if known else codes(teacher.vision, rollouts.some(*span))
        then = lived(z)
        features = then.z
        if teacher.controllers.features > teacher.vision.z_size:
            h = states_before(teacher.memory.members[0].states(then), then.running)
            features = np.concatenate([features, h], axis=1)
        actions: NDArray[np.float32] = teacher.controllers.act(features)
        return actions

    return Example(lived(after.mean), np.mean([answers(each) for each in teachers], axis=0))


def same(one: AnyVision, other: AnyVision) -> bool:
    """Whether two Vs see the same, for a round need not have taught its V anything."""
    mine, others = one.parameters, other.parameters
    return mine.keys() == others.keys() and all(
        np.array_equal(mine[name], others[name]) for name in mine
    )


def codes(vision: AnyVision, rollouts: Rollouts) -> NDArray[np.float32]:
    """The mean z (frames, Z) that a V makes of what was seen."""
    frames = rollouts.observations
    starts = range(0, len(frames), AT_ONCE)
    pictures = (to_pixels(frames[start : start + AT_ONCE]) for start in starts)
    return np.concatenate([vision.code(some)[0] for some in pictures])


def asked(
    run: Run,
    named: Sequence[Sequence[str]],
    grounds: Grounds[Any],
    vision: AnyVision,
    latents: Latents,
    rng: Generator,
) -> Example:
    """What the teachers say whose V, M and C are in the files of these names.

    Raises:
        UserError: a file is missing or damaged, they do not fit, or the episodes are others.
    """
    teachers = [trained(run, grounds, names) for names in named]
    rollouts = run.table("rollouts", grounds.rollouts)
    try:
        return taught(teachers, vision, rollouts, latents, run.params.evolve_c.recent, rng)
    except ValueError as error:
        read = f"{run.paths['rollouts']} and {run.paths['latents']}"
        raise UserError(f"{read}: {error}; run 'dvc repro'") from None
