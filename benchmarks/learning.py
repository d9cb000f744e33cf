"""The pipeline in memory: the functions of the stages one after the other, without files."""

from __future__ import annotations

from dataclasses import dataclass

from stages.collect import collect
from stages.encode import encode
from stages.evaluate import evaluate
from stages.train_m import train_m
from stages.train_v import train_v
from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes, Latents
from worldmodels.training.member_trainer import MemberTrainer
from worldmodels.vision.registry import AnyVision


@dataclass(frozen=True)
class TrainedAgent:
    """V, M and C, and the result of each stage that they come from."""

    vision: AnyVision
    memory: Ensemble
    controllers: Controllers  # one
    results: dict[str, StageResult]  # by stage


def learn(params: Params) -> TrainedAgent:
    """The agent of collect, train_v, encode, train_m and evolve_c, the same as `dvc repro` makes.

    Raises:
        ParamsError, UserError: as the stages raise them.
    """

    def streams(stage: str) -> RandomStreams:
        return RandomStreams(params.seed, stage)

    results: dict[str, StageResult] = {}
    task = make_task(params.env)
    rollouts, results["collect"] = collect(
        params.collect, task, streams("collect"), compute=params.compute
    )
    vision, results["train_v"] = train_v(params.train_v, rollouts, streams("train_v"))
    latents, results["encode"] = encode(params.encode, rollouts, vision)
    memory, results["train_m"] = run_train_m(params, latents)
    sizes = controller_sizes(params.evolve_c, vision, memory)
    worker = RolloutWorker(task, vision, memory, sizes, params.evolve_c)
    with WorkerPool(worker, params.compute) as workers:
        evaluator = FitnessEvaluator(worker, workers)
        genome, results["evolve_c"] = evolve_c(
            params.evolve_c, evaluator, latents, streams("evolve_c")
        )
    return TrainedAgent(vision, memory, worker.controllers(genome[None]), results)


def run_train_m(params: Params, latents: Latents) -> tuple[Ensemble, StageResult]:
    """M, trained as the stage train_m does."""
    trainer = MemberTrainer(
        params.train_m,
        latents,
        RandomStreams(params.seed, "train_m"),
        columns=params.z_columns,
        action_threshold=params.action_threshold,
    )
    with WorkerPool(trainer, params.compute) as workers:
        return train_m(trainer, workers, params.train_m.ensemble_size)


def run_evaluate(params: Params, agent: TrainedAgent) -> tuple[EvaluationEpisodes, StageResult]:
    """The test episodes of the agent and of the random policy, as the stage evaluate runs them."""
    return evaluate(
        params.evaluate,
        make_task(params.env),
        AgentParts(agent.vision, agent.memory, agent.controllers),
        RandomStreams(params.seed, "evaluate"),
        params.compute,
    )
