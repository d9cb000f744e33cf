"""A run that is stopped and continues from its checkpoints ends as if it had not been stopped."""

import msgspec
import numpy as np
import pytest

from stages.collect import collect
from stages.encode import encode
from stages.train_m import train_m
from stages.train_v import train_v
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.nn.adam import Adam
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline import checkpoints as module
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.training.member_trainer import MemberTrainer
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace


@pytest.fixture
def checkpoints(tmp_path, monkeypatch) -> Checkpoints:
    """Checkpoints that are saved every time."""
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    monkeypatch.setattr(module, "SHARE", 1e9)
    return Checkpoints(tmp_path / "run", "fingerprint")


class StoppedEvaluator(FitnessEvaluator):
    """Raises KeyboardInterrupt after that many calls, as in a run that is killed."""

    def __init__(self, evaluator: FitnessEvaluator, calls: int) -> None:
        vars(self).update(vars(evaluator))
        self.calls = calls

    def scores(self, *shard):
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt
        return super().scores(*shard)


@pytest.fixture(scope="module")
def latents(quick) -> Latents:
    rollouts, _ = collect(quick.collect, make_task(quick.env), RandomStreams(0, "collect"))
    return encode(quick.encode, rollouts, Autoencoder.initial(256, 64, 16, rng()))[0]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("train_in", "eval_every", "runs"), [("env", 0, 1), ("dream", 0, 1), ("dream", 1, 2)]
)
@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
def test_a_stopped_search_continues_and_ends_the_same(
    quick, latents, checkpoints, monkeypatch, train_in, eval_every, runs, strategy
):
    monkeypatch.setattr("worldmodels.evolution.selection.VALIDATION_BATCH", 4)
    settings = replace(
        quick.evolve_c,
        strategy=strategy,
        train_in=train_in,
        eval_every=eval_every,
        generations=6 - runs,
        runs=runs,
    )
    last = settings.generations * runs - 1
    vision = Autoencoder.initial(256, 64, 16, rng())
    memory = Ensemble([DeterministicLSTM.initial(16, 2, 4, rng(), predict_reward_done=True)])
    sizes = controller_sizes(settings, vision, memory)
    worker = RolloutWorker(make_task(quick.env), vision, memory, sizes, settings)
    evaluator = FitnessEvaluator(worker, WorkerPool(worker, INLINE))

    def run(evaluator, checkpoints):
        streams = RandomStreams(0, "evolve_c")
        return evolve_c(settings, evaluator, latents, streams, checkpoints)

    genome, result = run(evaluator, NoCheckpoints())
    # in the fourth generation, in the last one, and in the validation
    for calls in (3, last - 3, 2):
        with pytest.raises(KeyboardInterrupt):
            run(StoppedEvaluator(evaluator, calls), checkpoints)
    again, resumed_result = run(evaluator, checkpoints)
    np.testing.assert_array_equal(again, genome)
    assert resumed_result == result


@pytest.fixture
def stop_after(monkeypatch):
    """Stops a run after that many steps of Adam."""
    step = Adam.step

    def limited(steps: int) -> None:
        left = [steps]

        def counted(adam, gradient, share):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            step(adam, gradient, share)

        monkeypatch.setattr(Adam, "step", counted)

    return limited


def assert_it_ends_the_same(run, checkpoints, stop_after, steps):
    arrays, result = run(NoCheckpoints())
    for count in steps:
        stop_after(count)
        with pytest.raises(KeyboardInterrupt):
            run(checkpoints)
    stop_after(10**9)
    again, resumed_result = run(checkpoints)
    assert resumed_result == result
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)


@pytest.mark.parametrize("kind", ["autoencoder", "vae"])
def test_a_stopped_training_of_v_continues_and_ends_the_same(quick, checkpoints, stop_after, kind):
    rollouts, _ = collect(quick.collect, make_task(quick.env), RandomStreams(0, "collect"))

    def run(checkpoints):
        settings = replace(quick.train_v, kind=kind)
        vision, result = train_v(settings, rollouts, RandomStreams(0, "train_v"), checkpoints)
        return dict(vision.parameters), result

    assert_it_ends_the_same(run, checkpoints, stop_after, [3, 1, 4])


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm"])
def test_a_stopped_training_of_m_continues_and_ends_the_same(quick, checkpoints, stop_after, kind):
    rollouts, _ = collect(quick.collect, make_task(quick.env), RandomStreams(0, "collect"))
    vision, _ = train_v(replace(quick.train_v, kind="vae"), rollouts, RandomStreams(0, "train_v"))
    latents, _ = encode(quick.encode, rollouts, vision)  # whose z are drawn anew for every batch
    settings = replace(
        quick.train_m, kind=kind, ensemble_size=2, input_noise=0.1, batch_size=4, epochs=3
    )

    def run(checkpoints):
        trainer = MemberTrainer(settings, latents, RandomStreams(0, "train_m"), checkpoints)
        memory, result = train_m(trainer, WorkerPool(trainer, INLINE), settings.ensemble_size)
        return memory.arrays(), result

    assert_it_ends_the_same(run, checkpoints, stop_after, [2, 9, 1])
