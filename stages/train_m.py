"""train_m: M learns to predict the next z from (z, a).     latents.h5 -> m.npz"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Latents, Model
from worldmodels.training.member_trainer import MemberTrainer, TrainedMember
from worldmodels.training.trainer import Point, curve_rows
from worldmodels.training.warm_start import WarmStart


def train_m(
    trainer: MemberTrainer, workers: WorkerPool[int, TrainedMember], members: int
) -> tuple[Ensemble, StageResult]:
    """Fit so many Ms by backpropagation through time on pieces of episodes; score them on others.

    Scores and the curve are means over the members.
    """
    teacher_labels = workers.map(range(members))
    memory = Ensemble([each.memory for each in teacher_labels])
    found = {
        name: _mean(each.found[name] for each in teacher_labels) for name in teacher_labels[0].found
    }
    curve = [
        Point(*(_mean(values) for values in zip(*points, strict=True)))
        for points in zip(*(each.curve for each in teacher_labels), strict=True)
    ]
    metrics = {
        "train_loss": curve[-1].train,
        "held_out_loss": _mean(each.held_out_loss for each in teacher_labels),
        **found,
        "pieces": trainer.sequences,
    }
    first = memory.members[0]
    return memory, StageResult(
        summary(first, found), metrics, curve_rows(curve, baseline(first, found))
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def baseline(memory: RecurrentMemory, found: Mapping[str, float]) -> float:
    """What M's loss would be of saying that z stays the same and, of an outcome, what is usual."""
    z_stays = found["persistence_nll" if memory.unit == "nats" else "persistence_mse"]
    reward = memory.reward_weight * found.get("mean_reward_mse", 0.0)
    return z_stays + reward + found.get("done_base_rate_nll", 0.0)


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
        single = found["marginal_gaussian_nll"]
        said += f", {verdict(ours, single)} than one Gaussian, the same for all ({single:.3f})"
    if memory.predicts_reward_done:
        reward, mean_reward = found["reward_mse"], found["mean_reward_mse"]
        end, base_rate = found["done_nll"], found["done_base_rate_nll"]
        said += (
            f"; squared error of the reward {reward:.3f}, {verdict(reward, mean_reward)} than its "
            f"mean's ({mean_reward:.3f}); end of the episode {end:.4f} nats, "
            f"{verdict(end, base_rate)} than its rate's ({base_rate:.4f})"
        )
    return said


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"start": ["start"]}
    with run_stage("train_m", reads=["latents"], optional=optional, writes=["m"]) as run:
        settings, latents, start = run.params.train_m, run.table("latents", Latents), None
        if "start" in run.paths:
            known = run.model("start", "train_m", ENSEMBLES)
            start = WarmStart(run.paths["start"], known.members)
        trainer = MemberTrainer(settings, latents, run.streams, run.checkpoints, start)
        with WorkerPool(trainer, run.params.compute) as workers:
            memory, report = train_m(trainer, workers, settings.ensemble_size)
        run.write("m", Model(memory.kind, memory.arrays()))
        run.report(report)


if __name__ == "__main__":
    main()
