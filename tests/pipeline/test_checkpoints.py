"""Runs that are stopped: what they leave, who believes it, and what comes of going on with it."""

import msgspec
import numpy as np
import pytest

from stages.collect import collect
from stages.encode import encode
from stages.train_m import train_m
from stages.train_v import train_v
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.nn.adam import Adam
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline import checkpoints as room
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints, folder_of
from worldmodels.pipeline.code_version import fingerprint
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.training.member_trainer import MemberTrainer
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace
STATE = {
    "array": np.linspace(0, 1, 5, dtype=np.float32),
    "nested": [{"b": np.arange(6).reshape(2, 3)}, None, "text", 1e-300, float("-inf"), True],
    "rng": np.random.default_rng(3).bit_generator.state,  # with numbers of 128 bits
    "scalar": np.int64(7),
}


@pytest.fixture(autouse=True)
def num_workers(monkeypatch):
    monkeypatch.setattr(room, "INTERVAL", 0.0)
    monkeypatch.setattr(room, "SHARE", 1e9)


@pytest.fixture
def checkpoints(tmp_path) -> Checkpoints:
    return Checkpoints(tmp_path / "run", "as it was")


def test_a_state_comes_back_as_it_was(checkpoints):
    checkpoints.save("a", lambda: STATE)
    found = checkpoints.load("a")
    assert found.keys() == STATE.keys()
    np.testing.assert_array_equal(found["array"], STATE["array"])
    assert found["array"].dtype == np.float32
    np.testing.assert_array_equal(found["nested"][0]["b"], STATE["nested"][0]["b"])
    assert found["nested"][1:] == STATE["nested"][1:]
    assert (found["rng"], found["scalar"]) == (STATE["rng"], 7)
    found["array"][0] = 5  # a run may go on with it in place


def test_a_state_of_another_run_is_not_believed(checkpoints, tmp_path):
    checkpoints.save("a", lambda: STATE)
    assert checkpoints.load("b") is None
    assert Checkpoints(tmp_path / "run", "as it is now").load("a") is None
    assert NoCheckpoints().load("a") is None


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_a_damaged_state_is_no_state(checkpoints, tmp_path, damage):
    checkpoints.save("a", lambda: STATE)
    path = tmp_path / "run" / "a.npz"
    path.write_bytes(path.read_bytes()[:-30] if damage is None else damage)
    assert checkpoints.load("a") is None


def test_states_are_written_now_and_then_or_when_they_must_be(checkpoints, monkeypatch):
    monkeypatch.setattr(room, "INTERVAL", 1000.0)
    checkpoints.save("a", lambda: pytest.fail("not yet"))
    checkpoints.save("a", lambda: {"x": 1}, now=True)
    checkpoints.save("a", lambda: pytest.fail("not yet"))
    assert checkpoints.load("a") == {"x": 1}
    checkpoints.clear()
    assert checkpoints.load("a") is None


def test_where_there_is_no_room_the_run_goes_on_without(tmp_path):
    (tmp_path / "file").write_text("in the way")
    checkpoints = Checkpoints(tmp_path / "file" / "run", "x")
    checkpoints.save("a", lambda: STATE)
    assert checkpoints.load("a") is None


def test_a_fingerprint_hangs_on_params_inputs_and_code(tmp_path, monkeypatch):
    path = tmp_path / "input"
    path.write_bytes(b"1")
    first = fingerprint(b"{}", [path])
    assert fingerprint(b"{}", [path]) == first
    assert fingerprint(b"{ }", [path]) != first
    path.write_bytes(b"2")
    assert fingerprint(b"{}", [path]) != first
    path.write_bytes(b"1")
    code = tmp_path / "stages"
    code.mkdir()
    (code / "new.py").write_text("")
    monkeypatch.setattr(room, "__file__", str(code / "scratch.py"))
    assert fingerprint(b"{}", [path]) != first
    assert folder_of("a", [path]) != folder_of("a", [tmp_path / "output"])


class Stopped(FitnessEvaluator):
    """Gives up after so many calls, as a run does that is killed."""

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
    rollouts, _ = collect(quick.collect, quick.env, RandomStreams(0, "collect"))
    return encode(quick.encode, rollouts, Autoencoder.initial(256, 64, 16, rng()))[0]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("world", "every", "searches"), [("real", 0, 1), ("dream", 0, 1), ("dream", 1, 2)]
)
@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
def test_evolution_goes_on_where_it_was_and_ends_the_same(
    quick, latents, checkpoints, monkeypatch, env, every, searches, strategy
):
    monkeypatch.setattr("stages.choosing.VALIDATED_AT_ONCE", 4)
    settings = replace(
        quick.evolve_c, strategy=strategy, env=env, eval_every=every,
        generations=6 - searches, searches=searches,
    )  # fmt: skip
    last = settings.generations * searches - 1
    vision = Autoencoder.initial(256, 64, 16, rng())
    memory = Ensemble([DeterministicLSTM.initial(16, 2, 4, rng(), predict_reward_done=True)])
    worker = RolloutWorker(
        quick.env, vision, memory, controller_sizes(settings, vision, memory), settings
    )
    evaluator = FitnessEvaluator(worker, WorkerPool(worker, INLINE))

    def run(evaluator, checkpoints):
        streams = RandomStreams(0, "evolve_c")
        return evolve_c(settings, quick.env, evaluator, latents, streams, checkpoints)

    genome, report = run(evaluator, NoCheckpoints())
    # in the fourth generation, in the last one, and in the validation
    for calls in (3, last - 3, 2):
        with pytest.raises(KeyboardInterrupt):
            run(Stopped(evaluator, calls), checkpoints)
    again, reported = run(evaluator, checkpoints)
    np.testing.assert_array_equal(again, genome)
    assert reported == report


@pytest.fixture
def stop_after(monkeypatch):
    """Lets so many steps of Adam be done, and no more."""
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


def ends_the_same(run, checkpoints, stop_after, steps):
    arrays, report = run(NoCheckpoints())
    for count in steps:
        stop_after(count)
        with pytest.raises(KeyboardInterrupt):
            run(checkpoints)
    stop_after(10**9)
    again, last = run(checkpoints)
    assert last == report
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)


@pytest.mark.parametrize("kind", ["autoencoder", "vae"])
def test_v_goes_on_learning_where_it_was_and_ends_the_same(quick, checkpoints, stop_after, kind):
    rollouts, _ = collect(quick.collect, quick.env, RandomStreams(0, "collect"))

    def run(checkpoints):
        settings = replace(quick.train_v, kind=kind)
        vision, report = train_v(settings, rollouts, RandomStreams(0, "train_v"), checkpoints)
        return dict(vision.parameters), report

    ends_the_same(run, checkpoints, stop_after, [3, 1, 4])


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm"])
def test_m_goes_on_learning_where_it_was_and_ends_the_same(quick, checkpoints, stop_after, kind):
    rollouts, _ = collect(quick.collect, quick.env, RandomStreams(0, "collect"))
    vision, _ = train_v(replace(quick.train_v, kind="vae"), rollouts, RandomStreams(0, "train_v"))
    latents, _ = encode(quick.encode, rollouts, vision)  # whose z are drawn anew for every batch
    settings = replace(quick.train_m, kind=kind, members=2, noise=0.1, batch_size=4, epochs=3)

    def run(checkpoints):
        lesson = MemberTrainer(settings, latents, RandomStreams(0, "train_m"), checkpoints)
        memory, report = train_m(lesson, WorkerPool(lesson, INLINE), settings.ensemble_size)
        return memory.arrays(), report

    ends_the_same(run, checkpoints, stop_after, [2, 9, 1])
