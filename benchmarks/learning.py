"""The pipeline in memory: the stages' pure functions one after the other, without files."""

from __future__ import annotations

from dataclasses import dataclass

from stages.collect import collect
from stages.encode import encode
from stages.evaluate import evaluate
from stages.train_m import train_m
from stages.train_v import train_v
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import grounds_of
from worldmodels.evolution.fitness import Fleet, Judge
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import Workers
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.seeding import Streams
from worldmodels.pipeline.storage.artifacts import Drives, Latents
from worldmodels.training.member_trainer import MemberTrainer


@dataclass(frozen=True)
class Learned:
    """V, M and C, and what each stage reported."""

    vision: Vision
    memory: Ensemble
    controllers: Controllers
    reports: dict[str, Report]


def learn(params: Params) -> Learned:
    """Run collect to evolve_c, as `dvc repro` would."""

    def streams(stage: str) -> Streams:
        return Streams(params.seed, stage)

    reports: dict[str, Report] = {}
    grounds = grounds_of(params.world)
    rollouts, reports["collect"] = collect(
        params.collect, grounds, streams("collect"), compute=params.compute
    )
    vision, reports["train_v"] = train_v(params.train_v, rollouts, streams("train_v"))
    latents, reports["encode"] = encode(params.encode, rollouts, vision)
    memory, reports["train_m"] = teach(params, latents)
    sizes = controller_sizes(params.evolve_c, vision, memory)
    fleet = Fleet(grounds, vision, memory, sizes, params.evolve_c)
    with Workers(fleet, params.compute) as workers:
        judge = Judge(fleet, workers)
        genome, reports["evolve_c"] = evolve_c(params.evolve_c, judge, latents, streams("evolve_c"))
    return Learned(vision, memory, fleet.controllers(genome[None]), reports)


def teach(params: Params, latents: Latents) -> tuple[Ensemble, Report]:
    """Run train_m, as `dvc repro` would."""
    lesson = MemberTrainer(params.train_m, latents, Streams(params.seed, "train_m"))
    with Workers(lesson, params.compute) as workers:
        return train_m(lesson, workers, params.train_m.members)


def drive(params: Params, learned: Learned) -> tuple[Drives, Report]:
    """Run evaluate, as `dvc repro` would."""
    return evaluate(
        params.evaluate,
        grounds_of(params.world),
        learned.vision,
        learned.memory,
        learned.controllers,
        Streams(params.seed, "evaluate"),
        params.compute,
    )
