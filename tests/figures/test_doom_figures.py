"""Figures of Doom: titles have the findings, lines have their names, and all text can be read."""

import numpy as np
import pytest

from tests.support.figure_texts import LEAST_TEXT, README_WIDTH, texts, written
from worldmodels.figures.common.style import save
from worldmodels.figures.doom.dream_gif import (
    GAME_SIZE,
    HEIGHT,
    WIDTH,
    Game,
    Trace,
    finding,
    game_frames,
)
from worldmodels.figures.doom.dreams import Scores, Temperature, dreams_figure
from worldmodels.figures.doom.dreams import finding as dreams_finding
from worldmodels.figures.doom.foretold import foretold_figure
from worldmodels.figures.doom.results import Results, result_figures
from worldmodels.figures.doom.rounds import Rounds, rounds_figure
from worldmodels.figures.doom.temperature import temperature_figure
from worldmodels.figures.doom.tics_alive import LOOKS, Score, tics_alive_figure

MEANS = {
    "controller": 988.0,
    "random": 333.0,
    "still": 157.0,
    "left": 185.0,
    "sweep": 910.0,
    "own_actions": 696.0,
}
SCORES = {name: Score(mean, mean / 60) for name, mean in MEANS.items()}
PERCENTILES = {
    "percentile": np.arange(101.0),
    **{name: np.linspace(0.1 * mean, 1.9 * mean, 101) for name, mean in MEANS.items()},
}
FORECAST = {
    "steps": np.array([1.0, 2, 4, 8, 12]),
    "foretold": np.array([0.71, 0.66, 0.6, 0.52, 0.45]),
    "foretold_later": np.array([0.9, 0.8, 0.7, 0.62, 0.55]),
    "hazard": np.array([0.012, 0.025, 0.05, 0.1, 0.15]),
    "real_hazard": np.array([0.0125, 0.026, 0.052, 0.11, 0.16]),
    "auc": np.array([0.96, 0.93, 0.9, 0.85, 0.8]),
}
ROUNDS = Rounds(np.array([616.0, 731, 854, 980]), np.array([250.0, 240, 262, 270]))
STUDY = {
    "temperature": np.array([0.1, 0.5, 1, 1.15, 1.3]),
    "dream_return": np.array([1400.0, 1200, 800, 700, 600]),
    "dream_return_stderr": np.full(5, 60.0),
    "env_return_stderr": np.full(5, 30.0),
    "env_return": np.array([180.0, 472, 871, 1003, 733]),
    "env_return_min": np.array([150.0, 400, 800, 950, 650]),
    "env_return_max": np.array([210.0, 530, 930, 1060, 800]),
    "baseline": np.full(5, 328.0),
}
TICS = np.linspace(100.0, 2100, 50)
PICTURES = np.random.default_rng(0).integers(0, 200, (4, 28, 80, 3), np.uint8)
SHOWN = [
    Temperature(tau, Scores(mean, TICS, fire), Scores(988.0, TICS, 0.69), PICTURES)
    for tau, mean, fire in ((0.01, 1524.0, 0.002), (0.1, 1196.0, 0.07), (1.15, 596.0, 0.704))
]
DRAWN = {
    "tics_alive": lambda: tics_alive_figure(PERCENTILES, SCORES, 1000),
    "foretold": lambda: foretold_figure(FORECAST, 312),
    "an M that foretells nothing": lambda: foretold_figure(
        {**{name: np.zeros(5) for name in FORECAST}, "steps": FORECAST["steps"]}, 1
    ),
    "rounds": lambda: rounds_figure(ROUNDS, SCORES),
    "one round": lambda: rounds_figure(Rounds(np.array([9.0]), np.array([0.0])), SCORES),
    "temperature": lambda: temperature_figure(STUDY),
    "dreams": lambda: dreams_figure(SHOWN, PICTURES, (200, 400, 600, 800)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_all_text_can_be_read_in_a_readme_and_none_is_cut_off(name):
    figure = DRAWN[name]()
    width, height = figure.bbox.size
    assert width == pytest.approx(README_WIDTH)
    for text in texts(figure):
        assert text.get_size() * figure.dpi / 72 >= LEAST_TEXT
        left, bottom, right, top = text.get_window_extent().extents
        assert (left >= 0, right <= width, bottom >= 0, top <= height) == (True,) * 4, text
    assert not [axes for axes in figure.axes if axes.get_legend()]


@pytest.mark.parametrize("name", ["tics_alive", "foretold", "rounds", "temperature", "dreams"])
def test_a_figure_is_the_same_bytes_each_time(tmp_path, name):
    for file in ("a.png", "b.png"):
        save(DRAWN[name](), tmp_path / file)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_tics_alive_compares_c_with_the_best_policy_that_looks_at_nothing():
    lines = written(DRAWN["tics_alive"]())
    assert "C lives 988 ± 16 tics; the best policy that looks at nothing, 910 ± 15" in lines
    assert any(line.endswith("That policy: to and fro.") for line in lines)
    assert {"C: 988 ± 16", "to and fro: 910 ± 15", "still: 157 ± 3"} <= lines
    assert "the paper's C:\n1,092 ± 56" in lines
    better = {**SCORES, "own_actions": Score(950.0, 5.0)}
    lines = written(tics_alive_figure(PERCENTILES, better, 1000))
    assert any(line.endswith("That policy: C's actions in other games.") for line in lines)


def test_each_policy_has_a_curve_and_a_dot_on_it_at_its_mean():
    axes = DRAWN["tics_alive"]().axes[0]
    curves = [line for line in axes.lines if len(line.get_xdata()) == 101]
    dots = {float(np.ravel(line.get_ydata())[0]) for line in axes.lines if line.get_marker() == "o"}
    assert len(curves) == len(LOOKS)
    assert dots == set(MEANS.values())
    assert len({(line.get_color(), line.get_linestyle()) for line in curves}) == len(LOOKS)


def test_foretold_says_how_many_deaths_four_decisions_ahead_and_the_hazard():
    lines = written(DRAWN["foretold"]())
    assert "4 decisions ahead, dreams foretell 60 % of deaths; they end in 5 % anyway" in lines
    assert "before a death,\nended by then: 45 %" in lines
    assert {"games from\nrandom moments: 16 %", "M's dreams: 0.80"} <= lines


def test_rounds_say_the_first_and_the_last_score_and_the_controls():
    lines = written(DRAWN["rounds"]())
    assert "C lives 616 tics after its first round, and 980 after its last" in lines
    assert {"test: 988 ± 16", "validation: 980", "to and fro: 910", "270"} <= lines


def test_the_temperature_figure_has_the_papers_scores_beside_ours():
    lines = written(DRAWN["temperature"]())
    assert "C from dreams of temperature 0.1 lives 180 tics; from those of 1.15, 1,003" in lines
    assert {"180", "193", "1,003", "1,092", "games: 733", "games: 753"} <= lines
    assert {"1,400", "2,086", "700", "918", "dreams: 600", "dreams: 732"} <= lines
    coldest = temperature_figure(STUDY | {"env_return": np.linspace(900, 100, 5)})
    assert coldest.texts[0].get_text() == "C from dreams of temperature 0.1 lives 900 tics"


def test_the_temperature_figure_has_standard_errors():
    (ours, theirs) = DRAWN["temperature"]().axes
    for axes, heights in ((ours, {60.0, 120.0}), (theirs, {28.0, 102.2})):
        bars = {round(float(np.ptp(path[:, 1])), 1) for path in error_bars(axes)}
        assert heights <= bars


def error_bars(axes):
    """The ends of error bars."""
    return [path for bars in axes.collections for path in bars.get_segments()]


@pytest.mark.parametrize(
    ("fire", "words"), [(0.04, "no fire"), (0.3, "little fire"), (0.4, "fire")]
)
def test_the_coldest_dreams_are_the_finding(fire, words):
    coldest = SHOWN[0]._replace(dreams=Scores(1524.0, TICS, fire))
    assert dreams_finding(coldest) == (
        f"Cold dreams show {words}: at 0.01 C lives 1,524 tics in them, 988 in games"
    )


def test_of_each_temperature_and_of_games_the_share_with_fire_is_drawn():
    lines = written(DRAWN["dreams"]())
    assert {"0 %", "7 %", "70 %", "69 %", "Temperature 0.1", "dreams: 596", "200 tics"} <= lines


def test_what_has_not_been_done_has_no_figure():
    results = Results(PERCENTILES, SCORES, 1000, FORECAST, 312, None)
    assert list(result_figures(results)) == ["tics_alive", "foretold"]
    figures = result_figures(results._replace(rounds=ROUNDS))
    assert list(figures) == ["tics_alive", "foretold", "rounds"]


def trace(steps, shape=(28, 80, 3)):
    rng = np.random.default_rng(steps)
    decoded = rng.integers(0, 200, (steps + 1, *shape), np.uint8)
    return Trace(decoded, np.arange(steps) % 3 - 1)


@pytest.mark.parametrize("shape", [(28, 80, 3), (64, 64, 3)])
def test_the_animation_has_a_frame_before_the_first_step_and_after_each(shape):
    screens = np.zeros((6, *GAME_SIZE, 3), np.uint8)
    game = Game(screens, trace(5, shape), 1234, died=True)
    frames = list(game_frames(game, trace(5, shape), np.linspace(0, 0.4, 6), trace(2, shape)))
    assert len(frames) == 6
    assert len({frame.tobytes() for frame in frames}) == 6
    assert {frame.size for frame in frames} == {(WIDTH, HEIGHT)}


def test_the_animation_says_how_the_game_ended_and_whether_the_dream_foretold_it():
    game = Game(np.zeros((2, *GAME_SIZE, 3), np.uint8), trace(1), 1234, died=True)
    words = "after 1,234 tics; by then M's dream has ended with a chance of 40 %"
    assert finding(game, np.array([0, 0.4])) == f"C dies {words}"
    assert finding(game._replace(died=False), np.array([0, 0.4])) == f"C is alive {words}"
