"""The pipeline in memory: the stages' pure functions one after the other, without files."""

from __future__ import annotations

from dataclasses import dataclass

from stages.collect import collect
from stages.encode import encode
from stages.evaluate import evaluate
from stages.train_m import train_m
from stages.train_v import train_v
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes, Latents
from worldmodels.training.member_trainer import MemberTrainer


@dataclass(frozen=True)
class Learned:
    """V, M and C, and what each stage reported."""

    vision: Vision
    memory: Ensemble
    controllers: Controllers
    reports: dict[str, StageResult]


def learn(params: Params) -> Learned:
    """Run collect to evolve_c, as `dvc repro` would."""

    def streams(stage: str) -> RandomStreams:
        return RandomStreams(params.seed, stage)

    reports: dict[str, StageResult] = {}
    task = make_task(params.env)
    rollouts, reports["collect"] = collect(
        params.collect, task, streams("collect"), compute=params.compute
    )
    vision, reports["train_v"] = train_v(params.train_v, rollouts, streams("train_v"))
    latents, reports["encode"] = encode(params.encode, rollouts, vision)
    memory, reports["train_m"] = teach(params, latents)
    sizes = controller_sizes(params.evolve_c, vision, memory)
    worker = RolloutWorker(task, vision, memory, sizes, params.evolve_c)
    with WorkerPool(worker, params.compute) as workers:
        evaluator = FitnessEvaluator(worker, workers)
        genome, reports["evolve_c"] = evolve_c(
            params.evolve_c, evaluator, latents, streams("evolve_c")
        )
    return Learned(vision, memory, worker.controllers(genome[None]), reports)


def teach(params: Params, latents: Latents) -> tuple[Ensemble, StageResult]:
    """Run train_m, as `dvc repro` would."""
    lesson = MemberTrainer(params.train_m, latents, RandomStreams(params.seed, "train_m"))
    with WorkerPool(lesson, params.compute) as workers:
        return train_m(lesson, workers, params.train_m.ensemble_size)


def drive(params: Params, learned: Learned) -> tuple[EvaluationEpisodes, StageResult]:
    """Run evaluate, as `dvc repro` would."""
    return evaluate(
        params.evaluate,
        make_task(params.env),
        learned.vision,
        learned.memory,
        learned.controllers,
        RandomStreams(params.seed, "evaluate"),
        params.compute,
    )
