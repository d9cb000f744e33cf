"""Ends foretold: perfect by an M that knows them, chance by one that knows nothing."""

import numpy as np
import pytest

from tests.support.numbered_latents import numbered_latents
from worldmodels.end_forecast import LATER, STEPS, area_under_curve, end_forecast

LENGTHS = np.array([30, 20, 14, 40, 12, 25, 5])
TERMINATED = np.array([True, True, True, False, True, True, True])
HELD_OUT = np.array([True, True, False, True, True, False, True])
# those with an end to foretell: 0, 1 and 4


class Clairvoyant:
    """An M whose h is (episode, step) of the last action, the action itself."""

    z_size, action_size, hidden_size = 2, 2, 2

    def __init__(self, delay=0):
        self._last = LENGTHS - 1 + delay

    def step(self, z, actions, h, c):
        return actions, c

    def head_features(self, h, z, actions):
        return h

    def sample(self, head_features, z, uniform, normal, temperature):
        return z

    def reward_and_done(self, head_features):
        episode, step = head_features.astype(int).T
        return np.zeros(len(step)), np.where(TERMINATED[episode], step >= self._last[episode], 0.0)


class Counter(Clairvoyant):
    """An M that knows how many steps it has been given, and of which episode."""

    def step(self, z, actions, h, c):
        return np.stack([actions[:, 0], h[:, 1] + 1], axis=1), c

    def reward_and_done(self, head_features):
        episode, count = head_features.astype(int).T
        return np.zeros(len(count)), np.where(TERMINATED[episode], count == LENGTHS[episode], 0.0)


class Constant(Clairvoyant):
    """An M that always says the same."""

    def __init__(self, probability):
        self._probability = probability

    def reward_and_done(self, head_features):
        return np.zeros(len(head_features)), np.full(len(head_features), self._probability)


def forecast(*members, latents=None, max_moments=10_000):
    if latents is None:
        latents = numbered_latents(LENGTHS, terminated=TERMINATED, held_out=HELD_OUT)
    return end_forecast(members, latents, 1.0, max_moments, np.random.default_rng(0))


@pytest.mark.parametrize("memory", [Clairvoyant(), Counter()])
def test_an_m_that_knows_the_ends_foretells_all_of_them(memory):
    """The one that counts does only if it is given every step before a dream."""
    result = forecast(memory)
    np.testing.assert_array_equal(result.foretold, 1)
    np.testing.assert_array_equal(result.foretold_later, 1)
    np.testing.assert_array_equal(result.hazard, result.real_hazard)
    np.testing.assert_array_equal(result.auc, 1)
    assert result.ends == 3


def test_m_is_given_each_recorded_step_once_and_in_its_order():
    class Watcher(Clairvoyant):
        """An M whose h is how many steps it was given, and whether one of them was another."""

        def step(self, z, actions, h, c):
            expected, other = h.T
            other = other + (actions[:, 1] != expected) + (z[:, 1] != expected)
            return np.stack([expected + 1, other], axis=1), c

        def sample(self, head_features, z, uniform, normal, temperature):
            return z + np.float32([0, 1])  # the next frame

        def reward_and_done(self, head_features):
            return np.zeros(len(head_features)), (head_features[:, 1] > 0) * 1.0

    np.testing.assert_array_equal(forecast(Watcher()).foretold, 0)


def test_an_m_that_knows_nothing_foretells_as_much_as_it_ends_anyway():
    result = forecast(Constant(0.1))
    np.testing.assert_allclose(result.foretold, 1 - 0.9 ** np.array(STEPS))
    np.testing.assert_allclose(result.foretold_later, 1 - 0.9 ** (np.array(STEPS) + LATER))
    np.testing.assert_allclose(result.hazard, result.foretold)
    np.testing.assert_array_equal(result.auc, 0.5)


def test_dreams_that_end_too_late_count_in_the_second_score_alone():
    class Late(Counter):
        def reward_and_done(self, head_features):
            episode, count = head_features.astype(int).T
            return np.zeros(len(count)), (count == LENGTHS[episode] + LATER) * 1.0

    result = forecast(Late())
    np.testing.assert_array_equal(result.foretold, 0)
    np.testing.assert_array_equal(result.foretold_later, 1)


def test_a_dream_of_several_ms_ends_when_one_of_them_says_so():
    result = forecast(Constant(0.0), Clairvoyant())
    np.testing.assert_array_equal(result.foretold, 1)


def test_moments_are_those_of_which_it_is_known_what_followed():
    """All of held-out episodes that terminated, and of others those long before the end."""
    result = forecast(Constant(0.5))
    moments = 30 + 20 + 12 + 5 + (40 - max(STEPS) + 1)
    assert result.moments == moments
    expected = [4 * steps if steps <= 5 else 3 * steps + 5 for steps in STEPS]
    np.testing.assert_allclose(result.real_hazard, np.array(expected) / moments)


def test_some_moments_are_drawn_where_there_are_many():
    result = forecast(Clairvoyant(), max_moments=40)
    assert result.moments == 40
    np.testing.assert_array_equal(result.hazard, result.real_hazard)


def test_the_same_seed_gives_the_same_scores():
    class Noisy(Constant):
        def sample(self, head_features, z, uniform, normal, temperature):
            return normal

        def step(self, z, actions, h, c):
            return z, c

        def reward_and_done(self, head_features):
            return np.zeros(len(head_features)), 1 / (1 + np.exp(-head_features[:, 0]))

    first, again = (forecast(Noisy(0.0), max_moments=30) for _ in range(2))
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_episodes_without_an_end_to_foretell_are_refused():
    none = numbered_latents(LENGTHS, terminated=TERMINATED & (LENGTHS < 12), held_out=HELD_OUT)
    with pytest.raises(ValueError, match=r"lasts 12 steps or more and then terminates"):
        forecast(Clairvoyant(), latents=none)


@pytest.mark.parametrize(
    ("scores", "positive", "area"),
    [
        ([0.1, 0.4, 0.35, 0.8], [False, False, True, True], 0.75),
        ([1, 1, 1, 1], [True, False, True, False], 0.5),
        ([1, 2, 2, 3], [False, True, False, True], 0.875),
        ([3, 2, 1], [False, True, True], 0.0),
        ([1, 2], [True, True], 0.5),
    ],
)
def test_the_area_is_the_share_of_pairs_in_the_right_order(scores, positive, area):
    assert area_under_curve(np.array(scores, float), np.array(positive)) == pytest.approx(area)
