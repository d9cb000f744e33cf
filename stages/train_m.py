"""train_m: trains M to predict the next z from z and the action.     latents.h5 -> m.npz"""

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
    trainer: MemberTrainer, workers: WorkerPool[int, TrainedMember], ensemble_size: int
) -> tuple[Ensemble, StageResult]:
    """An ensemble, trained by truncated backpropagation through time and scored on held-out
    episodes.

    Scores and the curve are means over the members.
    """
    members = workers.map(range(ensemble_size))
    memory = Ensemble([each.memory for each in members])
    scores = {name: _mean(each.scores[name] for each in members) for name in members[0].scores}
    curve = [
        Point(*(_mean(values) for values in zip(*points, strict=True)))
        for points in zip(*(each.curve for each in members), strict=True)
    ]
    first = memory.members[0]
    baseline = baseline_loss(first, scores)
    metrics = {
        "held_out_loss": _mean(each.held_out_loss for each in members),
        "baseline_loss": baseline,
    }
    details = {
        "train_loss": curve[-1].train,
        **scores,
        "sequences": trainer.num_sequences,
    }
    return memory, StageResult(
        summary(first, scores), metrics, details, curve_rows(curve, baseline)
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def baseline_loss(memory: RecurrentMemory, scores: Mapping[str, float]) -> float:
    """M's loss of predicting that z persists, and the mean reward and the base rate of done."""
    persistence = scores["persistence_nll" if memory.unit == "nats" else "persistence_mse"]
    name = "mean_reward_cross_entropy" if memory.reward_range else "mean_reward_mse"
    reward = memory.reward_weight * scores.get(name, 0.0)
    done = scores.get("done_base_rate_nll", 0.0) + scores.get("done_base_rate_weighting", 0.0)
    return persistence + reward + done


def summary(memory: RecurrentMemory, scores: Mapping[str, float]) -> str:
    """The closing line: M's error on held-out episodes, beside the baselines."""
    in_nats = memory.unit == "nats"
    name = "nll" if in_nats else "mse"
    ours, persistence = scores[f"held_out_{name}"], scores[f"persistence_{name}"]
    error = f"NLL {ours:.3f} nats" if in_nats else f"squared error {ours:.3f}"

    def verdict(ours: float, theirs: float) -> str:
        return "better" if ours < theirs else "WORSE"

    text = (
        f"{error} a latent dimension on held-out episodes, "
        f"{verdict(ours, persistence)} than persistence ({persistence:.3f})"
    )
    if in_nats:
        gaussian = scores["marginal_gaussian_nll"]
        text += f", {verdict(ours, gaussian)} than one Gaussian for all ({gaussian:.3f})"
    if memory.predicts_reward_done:
        reward, mean_reward = scores["reward_mse"], scores["mean_reward_mse"]
        done, base_rate = scores["done_nll"], scores["done_base_rate_nll"]
        text += (
            f"; squared error of the reward {reward:.3f}, {verdict(reward, mean_reward)} than the "
            f"mean's ({mean_reward:.3f}); NLL of done {done:.4f} nats, "
            f"{verdict(done, base_rate)} than the base rate's ({base_rate:.4f})"
        )
    return text


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    optional = {"init-from": ["initial"]}
    with run_stage("train_m", reads=["latents"], optional=optional, writes=["m"]) as run:
        settings, latents, warm_start = run.params.train_m, run.table("latents", Latents), None
        if "initial" in run.paths:
            initial = run.model("initial", "train_m", ENSEMBLES)
            warm_start = WarmStart(run.paths["initial"], initial.members)
        trainer = MemberTrainer(
            settings,
            latents,
            run.streams,
            run.checkpoints,
            warm_start,
            columns=run.params.z_columns,
            action_threshold=run.params.action_threshold,
        )
        with WorkerPool(trainer, run.params.compute) as workers:
            memory, result = train_m(trainer, workers, settings.ensemble_size)
        run.write("m", Model(memory.kind, memory.arrays()))
        run.report(result)


if __name__ == "__main__":
    main()
