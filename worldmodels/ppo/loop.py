"""PPO: collect dreams or episodes, update, and now and then evaluate C in the environment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from worldmodels.agent.agent import Agent
from worldmodels.controller.controller import Controllers
from worldmodels.finetune.collector import RolloutCollector
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import Ensemble
from worldmodels.nn.parameters import Array
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints, State
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.pipeline.config.ppo_params import TrainC
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Row, StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.ppo.dreams import DreamBatch, DreamCollector, RecordedStates, recorded_states
from worldmodels.ppo.games import GameCollector
from worldmodels.ppo.learner import CRITIC_HIDDEN, PPO
from worldmodels.ppo.networks import MLP, Standardization, controllers_of, policy_of
from worldmodels.rollout.episode_runner import EpisodeRunner, PolicyBatch
from worldmodels.rollout.loop import EpisodeStats
from worldmodels.rollout.task import Task


class Evaluation(NamedTuple):
    """The returns of a C without noise, on validation tracks."""

    iteration: int
    parameters: Array  # of the policy
    mean_return: float
    stderr: float


class Validation:
    """Validation episodes of a C, always the same ones, on a pool of workers.

    Args:
        settings: how many.
        task: the environment.
        vision: V.
        memory: M.
        streams: draw the tracks.
        workers: map an `EpisodeRunner` over shards.
    """

    def __init__(
        self,
        settings: TrainC,
        task: Task[Any],
        vision: Vision,
        memory: Ensemble,
        streams: RandomStreams,
        workers: WorkerPool[PolicyBatch, EpisodeStats],
    ) -> None:
        count, size = settings.validation_episodes, task.max_envs
        some: Sequence[Hashable] = task.sample_tracks(count, streams("validation tracks"))
        tracks = [some[number % len(some)] for number in range(count)]
        self._shards = [tracks[first : first + size] for first in range(0, count, size)]
        self._vision, self._memory, self._workers = vision, memory, workers

    def __call__(self, controllers: Controllers) -> EpisodeStats:
        """The statistics of its episodes."""
        agent = Agent(self._vision, self._memory, controllers)
        stats = self._workers.map([PolicyBatch(tracks, agent) for tracks in self._shards])
        return EpisodeStats.concatenate(stats)


@contextmanager
def collector(
    settings: TrainC,
    task: Task[Any],
    vision: Vision,
    memory: Ensemble,
    starts: RecordedStates,
    scale: Standardization,
    compute: Compute,
    policy_memory: Ensemble | None,
) -> Iterator[Callable[[MLP, np.random.Generator], DreamBatch]]:
    """What collects batches for PPO: of dreams, or of episodes, which workers play."""
    if settings.train_in == "dream":
        yield DreamCollector(settings, memory, starts, scale, policy_memory)
        return
    seen = policy_memory or memory
    with WorkerPool(RolloutCollector(task, vision, seen), compute) as workers:
        yield GameCollector(settings, task, scale, workers)


def train_c(
    settings: TrainC,
    task: Task[Any],
    vision: Vision,
    memory: Ensemble,
    latents: Latents,
    streams: RandomStreams,
    checkpoints: Checkpoints | None = None,
    compute: Compute = INLINE,
    initial: Controllers | None = None,
    policy_memory: Ensemble | None = None,
) -> tuple[Controllers, StageResult]:
    """The selected C, and the stage's result.

    It is the best that is evaluated, the initial one included; without `eval_every` the last.

    Args:
        settings: of dreams, PPO and evaluations.
        task: the environment.
        vision: V.
        memory: M, which dreams.
        latents: recorded episodes, in which dreams start, and whose features are the scale of C's.
        streams: the stage's.
        checkpoints: to resume from.
        compute: where episodes of the environment run.
        initial: one C to start from, with the inputs and hidden units of the params; None for
            random weights.
        policy_memory: the M whose h C sees, if it is not the one that dreams.

    Raises:
        ParamsError: recorded episodes are too short, or learning diverged.
    """
    checkpoints = checkpoints or NoCheckpoints()
    starts = recorded_states(
        memory, latents, settings.replay_rounds, streams("starts"), policy_memory
    )
    features = starts.features(settings.inputs)
    scale, size, rng = Standardization.fit(features), features.shape[1], streams("weights")
    policy = MLP.initial(size, settings.hidden, memory.action_size, rng)
    critic = MLP.initial(size, max(settings.hidden, CRITIC_HIDDEN), 1, rng)
    learner = PPO(settings, policy_of(initial, scale) if initial else policy, critic)
    dream_rng, order_rng = streams("dreams"), streams("minibatches")
    evaluations, curve, steps = list[Evaluation](), list[Row](), 0

    with (
        WorkerPool(EpisodeRunner(task), compute) as workers,
        collector(settings, task, vision, memory, starts, scale, compute, policy_memory) as collect,
    ):
        seen = policy_memory or memory
        validation = Validation(settings, task, vision, seen, streams, workers)
        if saved := checkpoints.load("ppo"):
            learner.restore(saved["learner"])
            dream_rng.bit_generator.state = saved["dream_rng"]
            order_rng.bit_generator.state = saved["order_rng"]
            evaluations = [Evaluation(*each) for each in saved["evaluations"]]
            curve, steps = saved["curve"], saved["steps"]

        def state() -> State:
            return {
                "learner": learner.state(),
                "dream_rng": dream_rng.bit_generator.state,
                "order_rng": order_rng.bit_generator.state,
                "evaluations": [list(each) for each in evaluations],
                "curve": curve,
                "steps": steps,
            }

        def evaluate(iteration: int) -> None:
            nonlocal steps
            stats = validation(controllers_of(learner.policy, scale))
            summary, parameters = stats.summary(), learner.policy.parameters.flat.copy()
            numbers = summary["mean_return"], summary["stderr"]
            evaluations.append(Evaluation(iteration, parameters, *numbers))
            steps += int(stats.lengths.sum())

        if not evaluations:
            evaluate(0)
            checkpoints.save("ppo", state, force=True)
        done, last = len(curve), settings.iterations
        for number in progress(range(done + 1, last + 1), "train_c", last, done):
            factor = 1 - (1 - settings.lr_end_factor) * (number - 1) / last
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                stats = learner.update(collect(learner.policy, dream_rng), factor, order_rng)
            check_finite(settings, learner, number)
            every = settings.eval_every
            if number == last or (every and number % every == 0):
                evaluate(number)
            curve.append(
                {
                    "iteration": number,
                    **stats._asdict(),
                    "validation": selected(settings, evaluations).mean_return,
                }
            )
            checkpoints.save("ppo", state, force=number == last)
    best = selected(settings, evaluations)
    learner.policy.parameters.flat[...] = best.parameters
    result = _result(settings, evaluations, curve, steps)
    return controllers_of(learner.policy, scale), result


def selected(settings: TrainC, evaluations: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of highest mean return; without `eval_every` the last."""
    if not settings.eval_every:
        return evaluations[-1]
    return max(evaluations, key=lambda each: each.mean_return)


def check_finite(settings: TrainC, learner: PPO, iteration: int) -> None:
    """Refuse a C or a critic with weights that are not finite.

    Raises:
        ParamsError: it has some.
    """
    if not learner.is_finite:
        raise ParamsError(
            f"train_c.learning_rate: after iteration {iteration} C or its critic has weights that "
            f"are not finite with {settings.learning_rate:g}; try less, or look at the losses of V "
            "and M"
        )


def _result(
    settings: TrainC, evaluations: Sequence[Evaluation], curve: list[Row], steps: int
) -> StageResult:
    """Metrics, details, curve and closing line."""
    initial, best = evaluations[0], selected(settings, evaluations)
    metrics = {
        "validation_return": best.mean_return,
        "validation_stderr": best.stderr,
        "initial_return": initial.mean_return,
    }
    dreams, episodes = settings.train_in == "dream", settings.iterations * settings.episodes
    details = {
        "chosen_iteration": best.iteration,
        **({"temperature": settings.temperature} if dreams else {}),
        **({"dream_steps": episodes * settings.horizon} if dreams else {"episodes": episodes}),
        "validation_steps": steps,
    }
    trained = ""
    if curve:
        first, last = (row["dream_return"] for row in (curve[0], curve[-1]))
        trained = f"; in {'dreams' if dreams else 'training'} from {first:+.2f} to {last:+.2f}"
    summary = (
        f"validation return {best.mean_return:+.2f} +- {best.stderr:.2f} after {best.iteration} of "
        f"{settings.iterations} iterations (before the first: {initial.mean_return:+.2f}){trained}"
    )
    return StageResult(summary, metrics, details, curve)
