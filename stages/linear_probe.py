"""linear_probe: what z keeps of the car's state.     rollouts.h5, latents.h5, m.npz

A linear regression reads the car's distance from the middle of the road, its direction and its
speed off z, and off z and M's h.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.racing.tracking_errors import tracking_errors
from worldmodels.memory.ensemble import ENSEMBLES
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.sequences import packed_index, sequence_features, whole_episodes
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Latents, RacingRollouts
from worldmodels.representation.active_units import active_units
from worldmodels.representation.linear_probe import linear_probe

TARGETS = {  # by the name in metrics: what they are in the closing line and in errors
    "cross_track": "distance from the middle of the road",
    "heading": "direction",
    "speed": "speed",
}


def probe_targets(rollouts: RacingRollouts) -> NDArray[np.float64]:
    """(frames, 3): cross-track error, sine of the heading error, and speed; see `TARGETS`.

    Raises:
        UserError: the columns of an episode describe no valid track.
    """
    parts = []
    for number, (first, end) in enumerate(
        zip(rollouts.first_frame[:-1], rollouts.first_frame[1:], strict=True)
    ):
        states = rollouts.states[first:end]
        errors = tracking_errors(stored_track(rollouts, number), states)
        parts.append(np.stack([errors.cross_track, np.sin(errors.heading), states[:, 3]], axis=1))
    return np.concatenate(parts)


def probe_features(
    memory: RecurrentMemory, latents: Latents
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """[z; h] (N, Z + H) as C sees them before each step, and the frame (N,) of each.

    Raises:
        ValueError: all episodes are too short.
    """
    episodes = whole_episodes(latents, np.ones(len(latents.lengths), np.bool_))
    unused = np.random.default_rng(0)  # whole episodes have z's mean, without noise
    features, frames = [], []
    for chunk in episodes.chunks():
        rows = chunk[np.argsort(-episodes.steps[chunk], kind="stable")]  # as they are packed
        sequences = episodes.sample(rows, unused)
        features.append(sequence_features(sequences, memory.states(sequences)))
        step, sequence = packed_index(sequences.batch_sizes.astype(np.intp))
        frames.append(episodes.first_frame[rows][sequence] + step)
    return np.concatenate(features), np.concatenate(frames)


def probe(rollouts: RacingRollouts, latents: Latents, memory: RecurrentMemory) -> StageResult:
    """R^2 on held-out episodes of each target, from z, and from z and h; active units of z.

    Raises:
        UserError: the columns of an episode describe no valid track.
        ValueError: episodes are too short, or in no held-out one does the car move.
    """
    features, frames = probe_features(memory, latents)
    targets = probe_targets(rollouts)[frames]
    held_out = np.repeat(rollouts.held_out, rollouts.lengths + 1)[frames]
    for words, values in zip(TARGETS.values(), targets[held_out].T, strict=True):
        if not np.ptp(values):
            raise ValueError(f"in no held-out episode does the car's {words} change")
    z_size = latents.mean.shape[1]
    from_z, from_zh = (
        dict(zip(TARGETS, linear_probe(seen, targets, held_out).tolist(), strict=True))
        for seen in (features[:, :z_size], features)
    )
    units = active_units(latents.mean)
    metrics = {
        **{f"z_{name}_r2": value for name, value in from_z.items()},
        **{f"zh_{name}_r2": value for name, value in from_zh.items()},
        "active_units": units,
    }
    summary = (
        "R^2 of a linear probe on held-out episodes from z (from z and h): "
        + ", ".join(
            f"{words} {from_z[name]:.2f} ({from_zh[name]:.2f})" for name, words in TARGETS.items()
        )
        + f"; {units} of {z_size} numbers of z are in use"
    )
    details = {"train_steps": int((~held_out).sum()), "held_out_steps": int(held_out.sum())}
    return StageResult(summary, metrics, details)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("linear_probe", reads=["rollouts", "latents", "m"]) as run:
        rollouts, latents = run.table("rollouts", RacingRollouts), run.table("latents", Latents)
        memory = run.model("m", "train_m", ENSEMBLES)
        if not np.array_equal(rollouts.lengths, latents.lengths):
            raise UserError(
                f"{run.paths['latents']}: its {len(latents.lengths)} episodes are not the "
                f"{len(rollouts.lengths)} of {run.paths['rollouts']}; set encode.mirror to false, "
                "and run 'dvc repro'"
            )
        sizes = memory.z_size, memory.action_size
        latents.check_sizes(run.paths["latents"], run.paths["m"], *sizes)
        try:
            result = probe(rollouts, latents, memory.members[0])
        except ValueError as error:
            raise UserError(f"{run.paths['rollouts']}: {error}; collect more episodes") from None
        run.report(result)


if __name__ == "__main__":
    main()
