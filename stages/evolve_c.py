"""evolve_c: searches for C with an evolution strategy.     latents.h5, v.npz, m.npz -> c.npz

By default C's h comes from the M that dreams. `--policy-memory` takes it from another M, for
example an untrained one (ablation). With `--teacher` the search starts from a C that imitates the C
of the round before.
"""

from __future__ import annotations

from typing import Any

from worldmodels.agent.loading import check_can_dream, check_latents, load_vision_and_memory
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
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.runner import StageContext, run_stage
from worldmodels.pipeline.storage.artifacts import Latents, Model
from worldmodels.rollout.task import Task

MAX_COVARIANCE_ROWS = 5_000  # 200 MB a matrix, and a minute a decomposition


def demonstrations_for(
    run: StageContext, task: Task[Any], latents: Latents
) -> Demonstrations | None:
    """What the search is initialised from: a teacher's labels, the best episodes, or nothing.

    Raises:
        UserError: the teacher's files are missing or damaged, or its episodes are others.
        ParamsError: C cannot be fitted to demonstrations.
    """
    rng, settings = run.streams("imitation"), run.params.evolve_c
    if "rollouts" not in run.paths:
        count = settings.demo_episodes
        return best_demonstrations(latents, count, rng) if count else None
    if settings.hidden:
        raise ParamsError(
            "evolve_c.hidden: must be 0 with a --teacher, because behaviour cloning fits a linear "
            f"C; found {settings.hidden}"
        )
    # Imported here, so that a search without a teacher depends on no other round.
    from worldmodels.distillation import load_teacher_labels

    return load_teacher_labels(run, task, latents, rng)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    optional = {
        "policy-memory": ["policy_memory"],
        "teacher": ["teacher_v", "teacher_m", "teacher_c", "rollouts"],
    }
    with run_stage("evolve_c", reads=["latents", "v", "m"], optional=optional, writes=["c"]) as run:
        settings, task = run.params.evolve_c, make_task(run.params.env)
        if settings.steering_cost and not task.has_track:
            raise ParamsError(
                "evolve_c.steering_cost: must be 0 in env.kind: doom or gymnasium, where no action "
                f"steers; found {settings.steering_cost:g}"
            )
        vision, memory = load_vision_and_memory(run.paths["v"], run.paths["m"], task)
        policy_memory = None
        if other := run.paths.get("policy_memory"):
            _, policy_memory = load_vision_and_memory(run.paths["v"], other, task)
        latents = run.table("latents", Latents)
        check_latents(run.paths["latents"], latents, run.paths["v"], vision)
        if settings.train_in == "dream":
            check_can_dream(run.paths["m"], memory)
        seen_memory = policy_memory or memory
        first = seen_memory.members[0]
        pca = fit_pca(settings, first, latents, run.streams("basis"))
        sizes = controller_sizes(settings, vision, seen_memory, pca)
        size = parameter_count(sizes)
        if settings.strategy == "cma_es" and size > MAX_COVARIANCE_ROWS:
            raise ParamsError(
                f"evolve_c.strategy: cma_es needs a matrix of {size} rows for this C, and "
                f"{MAX_COVARIANCE_ROWS} are the most; take sep_cma_es, or a smaller C"
            )
        demonstrations = demonstrations_for(run, task, latents)
        start = fit_linear_policy(settings, first, demonstrations, pca, size)
        worker = RolloutWorker(task, vision, memory, sizes, settings, pca, policy_memory)
        with WorkerPool(worker, run.params.compute) as workers:
            evaluator = FitnessEvaluator(worker, workers)
            genome, result = evolve_c(
                settings, evaluator, latents, run.streams, run.checkpoints, start
            )
        controllers = worker.controllers(genome[None])
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(result)


if __name__ == "__main__":
    main()
