"""evolve_c: evolution finds C, and a second look chooses it.   latents, v.npz, m.npz -> c.npz

C sees the h of the M that it dreams with; or of another one (--memory), an untrained one, say. In
later rounds of the procedure the search begins at what the C before would do (--teacher).
"""

from __future__ import annotations

from typing import Any

from worldmodels.agent.loading import load_vision_and_memory
from worldmodels.controller.controller import parameter_count
from worldmodels.envs.registry import make_task
from worldmodels.evolution.behaviour_cloning import (
    Demonstrations,
    best_demonstrations,
    fit_linear_policy,
    fit_pca,
)
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.runner import StageContext
from worldmodels.pipeline.storage.artifacts import Latents, Model
from worldmodels.rollout.task import Task

LARGEST_COVARIANCE = 5_000  # rows; 200 MB a matrix, and a minute a decomposition


def example_of(run: StageContext, task: Task[Any], latents: Latents) -> Demonstrations | None:
    """Where the search is to begin, if not at zeros: at what a teacher would do, if the command
    line names one, or else at what was done in the best episodes.

    Raises:
        UserError: there is no such teacher, its episodes are others, or C cannot learn of it.
    """
    rng, settings = run.streams("imitation"), run.params.evolve_c
    if "rollouts" not in run.paths:
        return (
            best_demonstrations(latents, settings.demo_episodes, rng)
            if settings.demo_episodes
            else None
        )
    if settings.hidden:
        raise ParamsError(
            "evolve_c.hidden: must be 0 where there is a --teacher, for it is a linear C that "
            f"learns of it; found {settings.hidden}"
        )
    from worldmodels.distillation import (
        load_teacher_labels,  # who has none depends on no V of another round
    )

    return load_teacher_labels(run, task, latents, rng)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {
        "memory": ["remembers"],
        "teacher": ["v_before", "m_before", "c_before", "rollouts"],
    }
    with run_stage("evolve_c", reads=["latents", "v", "m"], optional=optional, writes=["c"]) as run:
        task = make_task(run.params.env)
        vision, memory = load_vision_and_memory(run.paths["v"], run.paths["m"], task)
        policy_memory, other = memory, "remembers" in run.paths
        if other:
            _, policy_memory = load_vision_and_memory(run.paths["v"], run.paths["remembers"], task)
        settings = run.params.evolve_c
        latents = run.table("latents", Latents)
        if latents.mean.shape[1] != vision.z_size:
            raise UserError(
                f"{run.paths['latents']}: its z have {latents.mean.shape[1]} numbers, but those of "
                f"{run.paths['v']} have {vision.z_size}; run 'dvc repro'"
            )
        if settings.train_in == "dream" and not memory.predicts_reward_done:
            raise UserError(
                f"{run.paths['m']}: this M predicts no rewards and ends, so that nobody can dream "
                "with it; run 'dvc repro'"
            )
        pca = fit_pca(settings, policy_memory.members[0], latents, run.streams("basis"))
        sizes = controller_sizes(settings, vision, policy_memory, pca)
        if settings.strategy == "cma_es" and parameter_count(sizes) > LARGEST_COVARIANCE:
            raise ParamsError(
                f"evolve_c.strategy: cma_es learns a matrix of {parameter_count(sizes)} rows for "
                f"this C, and {LARGEST_COVARIANCE} are the most; take sep_cma_es, or a smaller C"
            )
        size, first = parameter_count(sizes), policy_memory.members[0]
        example = example_of(run, task, latents)
        start = fit_linear_policy(settings, first, example, pca, size)
        worker = RolloutWorker(
            task, vision, memory, sizes, settings, pca, policy_memory if other else None
        )
        with WorkerPool(worker, run.params.compute) as workers:
            evaluator = FitnessEvaluator(worker, workers)
            found, report = evolve_c(
                settings, evaluator, latents, run.streams, run.checkpoints, start
            )
        controllers = worker.controllers(found[None])
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
