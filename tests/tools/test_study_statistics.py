"""The statistics of studies, beside SciPy and the definitions of rliable."""

import numpy as np
import pytest
import scipy  # its stats are imported when first used: collecting is faster

from tools.study_statistics import (
    Bootstrap,
    Estimate,
    MeanStd,
    interquartile_mean,
    probability_of_improvement,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(5, 100), (3, 7), (1, 5), (2, 2)])
def test_the_interquartile_mean_is_scipys_trimmed_mean(rng, shape):
    scores = rng.normal(size=shape)
    expected = scipy.stats.trim_mean(scores, proportiontocut=0.25, axis=None)
    assert interquartile_mean(scores) == pytest.approx(expected)


def test_the_probability_of_improvement_is_the_mann_whitney_statistic(rng):
    scores, other = rng.integers(0, 5, (5, 20)) * 1.0, rng.integers(0, 5, (4, 20)) * 1.0  # ties
    statistics = [
        scipy.stats.mannwhitneyu(scores[:, track], other[:, track]).statistic / 20
        for track in range(20)
    ]
    assert probability_of_improvement(scores, other) == pytest.approx(np.mean(statistics))
    assert probability_of_improvement(other, scores) == pytest.approx(1 - np.mean(statistics))
    assert probability_of_improvement(scores, scores) == 0.5


def test_a_resample_is_of_whole_runs_and_whole_tracks(rng):
    scores, other = rng.normal(size=(2, 4, 9))
    bootstrap = Bootstrap.of(4, 9, resamples=50)
    iqms, improvements = [], []
    for runs, tracks in zip(bootstrap.runs, bootstrap.tracks, strict=True):
        drawn = np.ix_(np.repeat(np.arange(4), runs), np.repeat(np.arange(9), tracks))
        iqms.append(scipy.stats.trim_mean(scores[drawn], 0.25, axis=None))
        improvements.append(probability_of_improvement(scores[drawn], other[drawn]))
    for found, resampled in (
        (bootstrap.iqm(scores), iqms),
        (bootstrap.improvement(scores, other), improvements),
    ):
        assert found[1:] == pytest.approx(np.quantile(resampled, (0.025, 0.975)))
    assert bootstrap.iqm(scores).value == interquartile_mean(scores)
    value = bootstrap.improvement(scores, other).value
    assert value == probability_of_improvement(scores, other)


def test_where_tracks_are_all_alike_the_interval_is_scipys_over_runs(rng):
    runs = rng.normal(size=8)
    found = Bootstrap.of(8, 3, resamples=9999).iqm(np.repeat(runs[:, None], 3, axis=1))
    expected = scipy.stats.bootstrap(
        (runs,),
        lambda drawn, axis: scipy.stats.trim_mean(np.repeat(drawn, 3, axis), 0.25, axis),
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert found[1:] == pytest.approx(tuple(expected), abs=0.03)


def test_an_interval_holds_the_truth_about_as_often_as_it_says(rng):
    """Over 10 runs and 30 tracks, whose effects add up; percentile intervals are a bit short."""
    bootstrap = Bootstrap.of(10, 30, resamples=400)
    held = 0
    for _ in range(200):
        scores = rng.normal(size=(10, 1)) + rng.normal(size=30) + rng.normal(size=(10, 30))
        _, low, high = bootstrap.iqm(scores)
        held += low < 0 < high
    assert 0.85 < held / 200 < 0.99


def test_of_five_seeds_about_one_in_eight_equals_is_called_better_or_worse(rng):
    """With five seeds, as docs/studies.md says: the intervals are too short."""
    bootstrap = Bootstrap.of(5, 30, resamples=400)
    held = found = 0
    for _ in range(200):
        scores, other = rng.normal(size=(2, 5, 1)) + 2 * rng.normal(size=30)
        scores, other = (each + rng.normal(size=(5, 30)) / 2 for each in (scores, other))
        _, low, high = bootstrap.difference(scores, other)
        _, *ends = bootstrap.improvement(scores, other)
        held += low < 0 < high
        found += not low < 0 < high and not ends[0] < 0.5 < ends[1]
    assert 0.76 < held / 200 < 0.91
    assert 0.07 < found / 200 < 0.22


def test_a_difference_is_paired(rng):
    """What runs and tracks have in common is in both scores and not in the difference."""
    common = 10 * rng.normal(size=(6, 1)) + 10 * rng.normal(size=40)
    bootstrap = Bootstrap.of(6, 40)
    difference = bootstrap.difference(common + 1, common)
    assert difference == pytest.approx((1, 1, 1))
    low, high = bootstrap.iqm(common)[1:]
    assert high - low > 5


def test_an_estimate_is_written_with_its_interval():
    assert f"{Estimate(120.26, 119.8, 120.91):+.1f}" == "+120.3 [+119.8, +120.9]"


@pytest.mark.parametrize(
    ("values", "spec", "text"),
    [
        ([0.7, 0.8], "", "0.750 ± 0.071"),
        ([-12.0, -14.0], "", "-13.0 ± 1.4"),
        ([1250.0, 1250.0], "", "1250 ± 0"),
        ([0.0, 0.0], "", "0.00 ± 0.00"),
        ([3.0, 4.0], "+.1f", "+3.5 ± 0.7"),
    ],
)
def test_a_mean_is_written_with_three_digits_and_its_spread(values, spec, text):
    assert f"{MeanStd.of(np.array(values)):{spec}}" == text
