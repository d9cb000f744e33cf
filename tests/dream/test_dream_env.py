"""M as a world, and C that lives in it."""

import msgspec
import numpy as np
import pytest

from benchmarks.learning import drive, learn
from worldmodels.agent.agent import LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import PACE_WINDOW, Context, DreamEnv
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.rollout.loop import rollout

replace = msgspec.structs.replace
STARTS = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)


def member(seed: int = 0, *, mixed: bool = False, end: float = -3.0):
    rng = np.random.default_rng(seed)
    if mixed:
        memory = MDNLSTM.initial(
            4, 2, 5, rng, mixtures=2, min_std=0.1, head_features=6, predict_reward_done=True
        )
    else:
        memory = DeterministicLSTM.initial(4, 2, 5, rng, predict_reward_done=True)
        memory.calibrate(np.full(4, 0.3))
    memory.parameters["end.bias"][...] = end
    return memory


def said_of(memory, h, of):
    """What a method of it says of a state."""
    return getattr(memory, of)(memory.head_features(h))


def dream(members, cars=3, temperature=1.0, seed=1, max_steps=20) -> DreamEnv:
    return DreamEnv(members, STARTS, cars, max_steps, temperature, seed)


def test_a_dream_is_what_its_memory_says():
    memory = member(end=-50)
    env = dream([memory], temperature=1e-12)
    observations, _ = env.reset()
    np.testing.assert_array_equal(observations, np.hstack([STARTS, np.zeros((3, 5))]))
    z, h, c = STARTS, np.zeros((3, 5), np.float32), np.zeros((3, 5), np.float32)
    for step in range(20):
        actions = np.full((3, 2), np.sin(step), np.float32)
        observations, rewards, terminated, truncated, _ = env.step(actions)
        h, c = memory.step(z, actions, h, c)
        z = said_of(memory, h, "predict")
        np.testing.assert_allclose(observations, np.hstack([z, h]), atol=1e-5)
        np.testing.assert_allclose(rewards, said_of(memory, h, "outcome")[0], atol=1e-5)
        assert not terminated.any()
        assert truncated.all() == (step == 19)


@pytest.mark.parametrize(("max_steps", "late"), [(PACE_WINDOW + 15, PACE_WINDOW), (5, 5)])
def test_the_pace_at_the_end_counts_for_what_comes_after(max_steps, late):
    plain, far = (
        DreamEnv([member(end=-50)], STARTS, 3, max_steps, 1.0, 1, onward=onward)
        for onward in (0.0, 90.0)
    )
    actions = np.zeros((3, 2), np.float32)
    for step in range(max_steps):
        expected, rewards = (env.step(actions)[1] for env in (plain, far))
        weight = 1 + 90 / late if step >= max_steps - late else 1
        np.testing.assert_allclose(rewards, weight * expected)


def test_steering_costs_by_its_square():
    plain, dear = (
        DreamEnv([member(end=-50)], STARTS, 3, 30, 1.0, 1, onward=90.0, effort=effort)
        for effort in (0.0, 2.0)
    )
    actions = np.array([[0.5, 1.0], [-1.0, 0.0], [0.0, -1.0]], np.float32)
    for step in range(30):
        expected, rewards = (env.step(actions)[1] for env in (plain, dear))
        late = 1 + 90 / PACE_WINDOW if step >= 30 - PACE_WINDOW else 1
        np.testing.assert_allclose(rewards, expected - late * np.array([0.5, 2.0, 0.0]))


def test_a_dream_begins_with_what_is_remembered_of_its_past():
    rng = np.random.default_rng(4)
    members = [member(0, end=-50), member(1, end=-50)]
    z = rng.standard_normal((3, 4, 4)).astype(np.float32)
    actions = rng.standard_normal((3, 4, 2)).astype(np.float32)
    past = Context(z, actions, np.array([4, 0, 2]))
    env = DreamEnv(members, STARTS, 6, 20, 1e-12, 1, past)
    observations, _ = env.reset()
    for start, steps in enumerate(past.steps):
        state = (np.zeros((1, 5), np.float32),) * 2
        for t in range(4 - steps, 4):
            state = members[0].step(z[start, t][None], actions[start, t][None], *state)
        expected = np.hstack([STARTS[start], state[0][0]])
        np.testing.assert_allclose(observations[start], expected, atol=1e-6)
        np.testing.assert_array_equal(observations[start], observations[start + 3])
    env.step(np.full((6, 2), 0.3))
    np.testing.assert_array_equal(env.reset()[0], observations)


def test_what_is_seen_of_h_may_be_anothers_who_only_remembers():
    dreaming, other = member(0, end=-50), member(7)
    alone = DreamEnv([dreaming], STARTS, 3, 20, 1e-12, 1)
    watched = DreamEnv([dreaming], STARTS, 3, 20, 1e-12, 1, None, other)
    h = c = np.zeros((3, 5), np.float32)
    for env in (alone, watched):
        env.reset()
    z = STARTS
    for step in range(5):
        actions = np.full((3, 2), np.sin(step), np.float32)
        expected, rewards, *_ = alone.step(actions)
        observations, same, *_ = watched.step(actions)
        h, c = other.step(z, actions, h, c)
        z = expected[:, :4]
        np.testing.assert_array_equal(observations[:, :4], z)
        np.testing.assert_allclose(observations[:, 4:], h, atol=1e-6)
        np.testing.assert_array_equal(same, rewards)


@pytest.mark.parametrize("mixed", [False, True])
def test_candidates_with_the_same_start_meet_the_same_fate(mixed):
    env = dream([member(mixed=mixed)], cars=9)
    env.reset()
    for _ in range(6):
        observations, rewards, *_ = env.step(np.full((9, 2), 0.3))
    np.testing.assert_allclose(observations[:3], observations[6:], atol=1e-6)
    np.testing.assert_allclose(rewards[:3], rewards[3:6], atol=1e-6)
    assert not np.allclose(observations[0], observations[1], atol=1e-3)


def test_a_car_dreams_the_same_alone_and_in_a_batch():
    whole, part = dream([member()], cars=6), dream([member()], cars=6)
    rows = np.array([1, 5])
    actions = np.linspace(-1, 1, 12).reshape(6, 2)
    for env in (whole, part):
        env.reset()
        env.step(actions)
    part.keep(rows)
    ours, theirs = part.step(actions[rows]), whole.step(actions)
    for mine, other in zip(ours[:4], theirs[:4], strict=True):
        np.testing.assert_allclose(mine, other[rows], atol=1e-6)


def test_more_heat_is_more_noise_and_another_seed_another_dream():
    def last(**changes):
        env = dream([member(end=-50)], **changes)
        env.reset()
        for _ in range(8):
            observations, *_ = env.step(np.zeros((3, 2)))
        return observations

    cold = last(temperature=1e-12)
    assert np.abs(last(temperature=2.0) - cold).mean() > np.abs(last(temperature=0.1) - cold).mean()
    np.testing.assert_array_equal(last(), last())
    assert not np.array_equal(last(seed=1), last(seed=2))


def test_of_several_memories_the_most_pessimistic_is_believed():
    hopeful, gloomy = member(0, end=-50), member(0, end=50)
    hopeful.parameters["reward.bias"][...] += 5
    env = dream([hopeful, gloomy])
    env.reset()
    _, rewards, terminated, *_ = env.step(np.zeros((3, 2)))
    np.testing.assert_allclose(rewards, said_of(gloomy, env._h[1], "outcome")[0], rtol=1e-5)
    assert terminated.all()


def test_the_next_z_is_from_one_memory_by_start():
    first, second = member(0, end=-50), member(7, end=-50)
    env = dream([first, second], temperature=1e-12)
    env.reset()
    observations, *_ = env.step(np.zeros((3, 2)))
    expected = [
        said_of((first, second, first)[start], env._h[start % 2][start], "predict")
        for start in range(3)
    ]
    np.testing.assert_allclose(observations[:, :4], expected, atol=1e-5)


def test_who_has_died_in_a_dream_stands_still():
    env = dream([member(end=50)])
    env.reset()
    observations, _, terminated, *_ = env.step(np.zeros((3, 2)))
    assert terminated.all()
    again, rewards, terminated, truncated, _ = env.step(np.ones((3, 2)))
    np.testing.assert_array_equal(again, observations)
    assert not rewards.any()
    assert terminated.all()
    assert not truncated.any()


def test_a_dreamer_sees_z_or_z_and_h():
    for features in (4, 9):
        genomes = np.random.default_rng(3).normal(0, 1, (2, 2 * features + 2))
        controllers = Controllers.from_genomes(genomes, (features, 2))
        reward_and_done = rollout(dream([member(end=-50)], cars=6), LatentPolicy(controllers))
        assert reward_and_done.lengths.tolist() == [20] * 6
        assert np.ptp(reward_and_done.returns) > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"temperature": 0}, "a positive temperature"), ({"cars": 0}, "at least one M, start, car")],
)
def test_dreams_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        dream([member()], **changes)
    with pytest.raises(ValueError, match=r"actions must be \(3, 2\) numbers"):
        dream([member()]).step(np.zeros((2, 2)))


def test_an_ensemble_comes_back_from_its_arrays_and_its_members_are_alike():
    for members in ([member(0)], [member(0), member(1)], [member(0, mixed=True)] * 3):
        before = Ensemble(members)
        after = ENSEMBLES[before.kind](before.arrays())
        assert len(after.members) == len(members)
        for ours, theirs in zip(before.members, after.members, strict=True):
            np.testing.assert_array_equal(ours.parameters.flat, theirs.parameters.flat)
        np.testing.assert_array_equal(
            getattr(before.members[-1], "residual", 0), getattr(after.members[-1], "residual", 0)
        )
    with pytest.raises(ValueError, match="must be alike"):
        Ensemble([member(0), DeterministicLSTM.initial(3, 2, 5, np.random.default_rng(0))])
    with pytest.raises(ValueError, match="numbered from 0"):
        Ensemble.from_arrays({"1.lstm.bias": np.zeros(3)})


def test_a_c_that_has_only_dreamt_is_driven_for_real(quick):
    train_m = replace(quick.train_m, predict_reward_done=True, members=2, epochs=3)
    settings = replace(quick.evolve_c, train_in="dream", caution=0.3, episodes=4)
    env = replace(quick.env, tracks="random")
    params = replace(quick, env=env, train_m=train_m, evolve_c=settings)
    learned = learn(params)
    metrics = learned.reports["evolve_c"].metrics
    assert metrics["real_return"] != metrics["validation_return"]
    assert "in dreams" in learned.reports["evolve_c"].summary
    assert drive(params, learned)[1].metrics["controller"]["episodes"] == 4
    both = [learn(replace(params, compute=replace(params.compute, workers=n))) for n in (1, 2)]
    for report in ("train_m", "evolve_c"):
        assert both[0].reports[report] == both[1].reports[report]
