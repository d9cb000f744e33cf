"""train_m: M learns to predict the next z from (z, a).     latents.h5 -> m.npz"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents, Model
from stages.errors import ParamsError
from stages.memory.lstm import DeterministicLSTM, Pieces
from stages.params import TrainM
from stages.randomness import Streams
from stages.stage import Report, stage
from stages.training import curve_rows, fit

SHORTEST_PIECE = 4  # steps; shorter ends of episodes are dropped


def train_m(
    settings: TrainM, latents: Latents, streams: Streams
) -> tuple[DeterministicLSTM, Report]:
    """Fit M by backpropagation through time on pieces of episodes; score it on others."""
    train = cut(latents, settings.sequence_length, held_out=False)
    held_out = cut(latents, settings.sequence_length, held_out=True)
    memory = DeterministicLSTM.initial(
        latents.mean.shape[1], latents.actions.shape[1], settings.hidden, streams("weights")
    )
    curve = fit(
        memory,
        train.weight.shape[1],
        lambda rows: Pieces(*(array[:, rows] for array in train)),
        held_out,
        settings,
        streams("batches"),
        stage="train_m",
        clip_norm=settings.clip_norm,
    )
    metrics = {
        "train_mse": curve[-1].train,
        "held_out_mse": curve[-1].held_out,
        "z_stays_mse": z_stays_loss(held_out),
        "pieces": train.weight.shape[1],
    }
    verdict = "better" if metrics["held_out_mse"] < metrics["z_stays_mse"] else "WORSE"
    summary = (
        f"squared error {metrics['held_out_mse']:.3f} a dimension of z on held-out episodes, "
        f"{verdict} than saying that z stays the same ({metrics['z_stays_mse']:.3f})"
    )
    return memory, Report(summary, metrics, curve_rows(curve, metrics["z_stays_mse"]))


def cut(latents: Latents, length: int, *, held_out: bool) -> Pieces:
    """The episodes that are, or are not, held out, in pieces of `length` steps; too short ends are
    dropped.

    Raises:
        ParamsError: no piece is left.
    """
    chosen = np.flatnonzero(latents.held_out == held_out)
    per_episode = -(-latents.lengths[chosen] // length)
    episode = np.repeat(chosen, per_episode)  # of each piece
    number = np.arange(len(episode)) - np.repeat(np.cumsum(per_episode) - per_episode, per_episode)
    steps = np.minimum(latents.lengths[episode] - number * length, length)
    long_enough = steps >= SHORTEST_PIECE
    if not long_enough.any():
        raise ParamsError(
            f"collect.{'held_out_episodes' if held_out else 'episodes'}: none of these episodes "
            f"lasts {SHORTEST_PIECE} steps; collect more of them"
        )
    episode, number, steps = episode[long_enough], number[long_enough], steps[long_enough]
    t = np.arange(steps.max())[:, None]
    weight = (t < steps).astype(np.float32)  # (T, pieces)
    t = number * length + np.minimum(t, steps - 1)  # padding repeats the last step, at weight 0

    def piece(array: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        cut_out: NDArray[np.float32] = array[rows] * weight[:, :, None]
        return cut_out

    frame, step = latents.first_frame[episode] + t, latents.first_step[episode] + t
    return Pieces(
        z=piece(latents.mean, frame),
        actions=piece(latents.actions, step),
        z_next=piece(latents.mean, frame + 1),
        weight=weight,
    )


def z_stays_loss(pieces: Pieces) -> float:
    """The baseline: the next z is the same as this one (squared error per step and dimension)."""
    moved = np.square(pieces.z_next - pieces.z).mean(axis=2)
    return float((moved * pieces.weight).sum() / pieces.weight.sum())


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("train_m", reads=["latents"], writes=["m"]) as run:
        memory, report = train_m(run.params.train_m, run.table("latents", Latents), run.streams)
        run.write("m", Model(memory.kind, memory.parameters))
        run.report(report)


if __name__ == "__main__":
    main()
