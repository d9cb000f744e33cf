"""Fine-tuning of C in the environment: collect, one step of the actor-critic, evaluate.

Dreams do not show every detail of the environment, for example a tile that is missed on the inside
of a bend. Some hundred episodes with action noise and shaped rewards teach C these details.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers
from worldmodels.finetune.actor_critic import ActorCritic
from worldmodels.finetune.collector import (
    ActionNoise,
    ParallelCollector,
    RolloutBatch,
    RolloutCollector,
)
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints, State
from worldmodels.pipeline.config.params import INLINE, Compute, FinetuneC
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Row, StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.rollout.task import Task

CRITIC_COMPONENTS_FACTOR = 3  # the critic sees that many times the components of C
AVERAGED_SHARE = 3  # Polyak averaging: the mean of the last third of the iterates is evaluated


class Evaluation(NamedTuple):
    """The returns of a C without noise, on validation tracks."""

    iteration: int
    theta: NDArray[np.float64]
    mean_return: float
    stderr: float


class _Evaluator:
    """Evaluates iterates, and keeps the evaluations."""

    def __init__(
        self,
        collector: ParallelCollector,
        sizes: tuple[int, int],
        tracks: Any,
        streams: RandomStreams,
    ) -> None:
        self.evaluations: list[Evaluation] = []
        self.steps = 0
        self._collector = collector
        self._sizes = sizes
        self._tracks = tracks
        self._streams = streams

    def __call__(self, iteration: int, theta: NDArray[np.float64]) -> None:
        controllers = Controllers.from_genomes(theta[None], self._sizes)
        unused = self._streams("none")
        stats = self._collector(controllers, self._tracks, len(self._tracks), unused).stats
        summary = stats.summary()
        self.evaluations.append(
            Evaluation(iteration, theta, summary["mean_return"], summary["stderr"])
        )
        self.steps += int(stats.lengths.sum())

    @property
    def best(self) -> Evaluation:
        """The evaluation of highest mean return."""
        return max(self.evaluations, key=lambda each: each.mean_return)


def finetune(
    settings: FinetuneC,
    task: Task[Any],
    agent: AgentParts,
    streams: RandomStreams,
    checkpoints: Checkpoints | None = None,
    compute: Compute = INLINE,
) -> tuple[Controllers, StageResult]:
    """The best of the initial C and all that are evaluated, and the stage's result.

    Raises:
        UserError: C has a hidden layer.
        ParamsError: C's inputs have too few components, or learning diverged.
    """
    checkpoints = checkpoints or NoCheckpoints()
    sizes = agent.controllers.features, agent.controllers.actions
    learner = ActorCritic(
        initial_theta(agent.controllers),
        min(settings.pca_components, sizes[0]),
        min(settings.pca_components * CRITIC_COMPONENTS_FACTOR, sizes[0]),
        settings.discount,
        settings.gae_lambda,
        streams("critic"),
    )
    track_rng, noise_rng = streams("tracks"), streams("noise")
    validation = task.sample_tracks(settings.validation_episodes, streams("validation tracks"))
    validation = [validation[i % len(validation)] for i in range(settings.validation_episodes)]
    collector = RolloutCollector(task, agent.vision, agent.memory)
    with WorkerPool(collector, compute) as workers:
        collect = ParallelCollector(workers, task.max_envs)
        evaluate = _Evaluator(collect, sizes, validation, streams)
        iterates, curve, train_steps = list[NDArray[np.float64]](), list[Row](), 0
        if saved := checkpoints.load("finetune"):
            learner.restore(saved["learner"])
            track_rng.bit_generator.state = saved["track_rng"]
            noise_rng.bit_generator.state = saved["noise_rng"]
            evaluate.evaluations = [Evaluation(*each) for each in saved["evaluations"]]
            iterates, curve = saved["iterates"], saved["curve"]
            train_steps, evaluate.steps = saved["steps"]

        def state() -> State:
            return {
                "learner": learner.state(),
                "track_rng": track_rng.bit_generator.state,
                "noise_rng": noise_rng.bit_generator.state,
                "evaluations": [list(each) for each in evaluate.evaluations],
                "iterates": iterates,
                "curve": curve,
                "steps": [train_steps, evaluate.steps],
            }

        if not evaluate.evaluations:
            evaluate(0, learner.theta)
            checkpoints.save("finetune", state, force=True)
        done, last = len(iterates), settings.iterations
        for number in progress(range(done + 1, last + 1), "finetune_c", last, done):
            controllers = Controllers.from_genomes(learner.theta[None], sizes)
            tracks = task.sample_tracks(settings.episodes, track_rng)
            noise = ActionNoise(_action_std(settings, number), settings.noise_correlation)
            batch = collect(
                controllers, tracks, settings.episodes, noise_rng, noise, settings.patience
            )
            update(learner, settings.step_size, noise, batch)
            iterates.append(learner.theta)
            train_steps += int(batch.stats.lengths.sum())
            if number % settings.eval_every == 0 or number == last:
                evaluate(number, np.mean(iterates[-max(1, number // AVERAGED_SHARE) :], axis=0))
            curve.append(
                {
                    "iteration": number,
                    "train_return": float(batch.stats.returns.mean()),
                    "lap_fraction": float(batch.stats.lap_fraction.mean()),
                    "validation": evaluate.best.mean_return,
                }
            )
            checkpoints.save("finetune", state, force=number == last)
    return (
        Controllers.from_genomes(evaluate.best.theta[None], sizes),
        _result(settings, evaluate, train_steps, curve),
    )


def _result(
    settings: FinetuneC, evaluator: _Evaluator, train_steps: int, curve: list[Row]
) -> StageResult:
    """Metrics, details, curve and closing line."""
    initial, best = evaluator.evaluations[0], evaluator.best
    metrics = {
        "validation_return": best.mean_return,
        "validation_stderr": best.stderr,
        "initial_return": initial.mean_return,
    }
    details = {
        "chosen_iteration": best.iteration,
        "episodes": settings.iterations * settings.episodes,
        "train_env_steps": train_steps,
        "eval_steps": evaluator.steps,
    }
    summary = (
        f"validation return {best.mean_return:+.2f} +- {best.stderr:.2f} after {best.iteration} of "
        f"{settings.iterations} iterations (before the first: {initial.mean_return:+.2f}), with "
        f"{details['episodes']} training episodes"
    )
    return StageResult(summary, metrics, details, curve)


def initial_theta(controllers: Controllers) -> NDArray[np.float64]:
    """The parameters of a linear C: W row by row, then b.

    Raises:
        UserError: it has a hidden layer.
    """
    if controllers.kind != "linear":
        raise UserError(
            "a C with a hidden layer cannot be fine-tuned, only a linear one; set evolve_c.hidden "
            "(train_c.hidden, if that stage makes C) to 0, or leave this stage out"
        )
    arrays = controllers.arrays(0).values()
    return np.concatenate([array.ravel() for array in arrays]).astype(np.float64)


def _action_std(settings: FinetuneC, iteration: int) -> float:
    """The standard deviation of the noise in that iteration, from 1 on: a linear decay."""
    end = settings.std_end_factor
    left = 1 - (iteration - 1) / max(1, settings.iterations - 1)
    return settings.action_std * (end + (1 - end) * left)


def update(learner: ActorCritic, step_size: float, noise: ActionNoise, batch: RolloutBatch) -> None:
    """One step of the actor-critic; `step_size` is in standard deviations of the noise.

    Raises:
        ParamsError: C's inputs have too few components, or its parameters overflowed.
    """
    try:
        learner.learn(
            batch.features,
            batch.noise,
            batch.shaped_rewards,
            batch.lengths,
            noise.correlation,
            step_size * noise.std,
        )
    except ValueError as error:
        raise ParamsError(f"finetune_c.pca_components: {error}") from None
    if not (abs(learner.theta) < np.finfo(np.float32).max).all():
        raise ParamsError(
            f"finetune_c.step_size: C's parameters overflow with {step_size:g}; try a smaller one"
        )
