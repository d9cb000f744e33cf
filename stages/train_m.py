"""train_m: M learns to predict the next z from (z, a).     latents.h5 -> m.npz"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents, Model
from stages.memory.ensemble import ENSEMBLES, Ensemble
from stages.memory.joint_mdn_lstm import JointMDNLSTM
from stages.memory.lstm import DeterministicLSTM
from stages.memory.mdn_lstm import MDNLSTM
from stages.memory.recurrent import Pieces, RecurrentMemory
from stages.memory.scores import Means, means, scores
from stages.params import TrainM
from stages.pieces import CodedPieces, cut
from stages.progress import progress
from stages.randomness import Streams
from stages.scratch import NoScratch, Scratch
from stages.stage import Report, stage
from stages.training import Examples, Point, Trainer, curve_rows
from stages.warm_start import Start
from stages.workers import Workers


def make_memory(
    settings: TrainM, z_size: int, action_size: int, rng: np.random.Generator
) -> RecurrentMemory:
    """An M that has learned nothing yet."""
    sizes = z_size, action_size, settings.hidden
    readout, outcome = settings.readout, settings.predict_outcome
    if settings.kind == "lstm":
        return DeterministicLSTM.initial(*sizes, rng, readout=readout, predict_outcome=outcome)
    return (JointMDNLSTM if settings.kind == "joint_mdn_lstm" else MDNLSTM).initial(
        *sizes,
        rng,
        mixtures=settings.mixtures,
        sigma_floor=settings.sigma_floor,
        readout=readout,
        predict_outcome=outcome,
    )


class Taught(NamedTuple):
    """A member of M, and how its training went."""

    memory: RecurrentMemory
    curve: list[Point]
    held_out_loss: float
    found: dict[str, float]  # its scores


class Lesson:
    """Teaches members, each from its own first weights and in its own order of the pieces.

    With noise on the z that it is shown, but not on the next z that it is to say, a member learns
    to find its way back from where no real z lies: that is where dreams drift to.

    Args:
        settings: M and how it is trained.
        latents: what it learns from.
        streams: where the random numbers come from.
        scratch: what a stopped run has left.
        start: what the members begin at, in place of weights that are drawn.
    """

    def __init__(
        self,
        settings: TrainM,
        latents: Latents,
        streams: Streams,
        scratch: Scratch | None = None,
        start: Start | None = None,
    ) -> None:
        self._start = start
        self._scratch = scratch or NoScratch()
        self._settings = settings
        self._train = cut(latents, settings.sequence_length, held_out=False)
        self._held_out = cut(latents, settings.sequence_length, held_out=True)
        self._spread = latents.mean.std(axis=0)  # (Z,), of z
        self._sizes = latents.mean.shape[1], latents.actions.shape[1]
        self._streams = streams

    @property
    def pieces(self) -> int:
        """How many there are to train on."""
        return len(self._train)

    def __call__(self, member: int) -> Taught:
        """Teach one.

        Raises:
            UserError: it cannot start from what there is.
        """

        def stream(purpose: str) -> np.random.Generator:
            return self._streams(f"{purpose} {member}" if member else purpose)

        settings, train, held_out = self._settings, self._train, self._held_out
        memory = make_memory(settings, *self._sizes, stream("weights"))
        memory.weigh(settings.reward_weight)
        if self._start:
            self._start.give(memory, member, settings.members)
        codes, noise = stream("codes"), stream("noise")

        def shown(rows: NDArray[np.intp]) -> Pieces:
            pieces = train.sampled(rows, codes)
            if not settings.noise:
                return pieces
            drawn = noise.standard_normal(pieces.z.shape, np.float32)
            return pieces._replace(z=pieces.z + settings.noise * self._spread * drawn)

        on_curve = held_out.sampled(held_out.spread(), stream("curve"))
        trainer = Trainer(
            "train_m",
            settings,
            stream("batches"),
            settings.clip_norm,
            self._scratch,
            f"member {member}",
        )
        curve = trainer.fit(memory, Examples(len(train), shown, on_curve, draws=[codes, noise]))
        on_train = gather(memory, train, stream("scores: training"))
        on_held_out = gather(memory, held_out, stream("scores: held out"))
        memory.calibrate(np.sqrt(on_train.missed_squared))
        found = scores(memory, on_train, on_held_out, settings.sigma_floor)
        return Taught(memory, curve, float(on_held_out.losses.sum()), found)


def train_m(lesson: Lesson, workers: Workers[int, Taught], members: int) -> tuple[Ensemble, Report]:
    """Fit so many Ms by backpropagation through time on pieces of episodes; score them on others.

    Scores and the curve are means over the members.
    """
    taught = workers.map(range(members))
    memory = Ensemble([each.memory for each in taught])
    found = {name: _mean(each.found[name] for each in taught) for name in taught[0].found}
    curve = [
        Point(*(_mean(values) for values in zip(*points, strict=True)))
        for points in zip(*(each.curve for each in taught), strict=True)
    ]
    metrics = {
        "train_loss": curve[-1].train,
        "held_out_loss": _mean(each.held_out_loss for each in taught),
        **found,
        "pieces": lesson.pieces,
    }
    first = memory.members[0]
    return memory, Report(summary(first, found), metrics, curve_rows(curve, baseline(first, found)))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def gather(memory: RecurrentMemory, pieces: CodedPieces, rng: np.random.Generator) -> Means:
    """What the scores are made of, over all pieces."""
    parts = pieces.parts()
    return means(
        memory,
        (pieces.sampled(rows, rng) for rows in progress(parts, "train_m: scores", len(parts))),
    )


def baseline(memory: RecurrentMemory, found: Mapping[str, float]) -> float:
    """What M's loss would be of saying that z stays the same and, of an outcome, what is usual."""
    z_stays = found["z_stays_nats" if memory.unit == "nats" else "z_stays_mse"]
    reward = memory.reward_weight * found.get("mean_reward_mse", 0.0)
    return z_stays + reward + found.get("base_rate_nats", 0.0)


def summary(memory: RecurrentMemory, found: Mapping[str, float]) -> str:
    """The closing line: how far off M is on held-out episodes, beside the baselines."""
    in_nats = memory.unit == "nats"
    name = "nats" if in_nats else "mse"
    ours, z_stays = found[f"held_out_{name}"], found[f"z_stays_{name}"]
    measured = f"{ours:.3f} nats" if in_nats else f"squared error {ours:.3f}"

    def verdict(ours: float, theirs: float) -> str:
        return "better" if ours < theirs else "WORSE"

    said = (
        f"{measured} a dimension of z on held-out episodes, "
        f"{verdict(ours, z_stays)} than saying that z stays the same ({z_stays:.3f})"
    )
    if in_nats:
        single = found["one_gaussian_nats"]
        said += f", {verdict(ours, single)} than one Gaussian, the same for all ({single:.3f})"
    if memory.predicts_outcome:
        reward, mean_reward = found["reward_mse"], found["mean_reward_mse"]
        end, base_rate = found["end_nats"], found["base_rate_nats"]
        said += (
            f"; squared error of the reward {reward:.3f}, {verdict(reward, mean_reward)} than its "
            f"mean's ({mean_reward:.3f}); end of the episode {end:.4f} nats, "
            f"{verdict(end, base_rate)} than its rate's ({base_rate:.4f})"
        )
    return said


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"start": ["start"]}
    with stage("train_m", reads=["latents"], optional=optional, writes=["m"]) as run:
        settings, latents, start = run.params.train_m, run.table("latents", Latents), None
        if "start" in run.paths:
            known = run.model("start", "train_m", ENSEMBLES)
            start = Start(run.paths["start"], known.members)
        lesson = Lesson(settings, latents, run.streams, run.scratch, start)
        with Workers(lesson, run.params.compute) as workers:
            memory, report = train_m(lesson, workers, settings.members)
        run.write("m", Model(memory.kind, memory.arrays()))
        run.report(report)


if __name__ == "__main__":
    main()
