"""The figures of a recipe of racing: drawn the same each time, right for any C, readable."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from tests.support.racing_episode import run_episode
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.evolution_curve import evolution_figure
from worldmodels.figures.common.line_labels import LineLabel, apart, label_lines
from worldmodels.figures.common.reconstructions import examples, reconstructions_figure
from worldmodels.figures.common.style import INK, new_figure, save
from worldmodels.figures.common.training_curves import in_words, training_figure
from worldmodels.figures.gymnasium.returns import returns_figure
from worldmodels.figures.racing.coverage import StateVisits, coverage_figure, finding
from worldmodels.figures.racing.policy_trajectory import first_lap, trajectory_figure
from worldmodels.figures.racing.track_layout import Drive, track_figure

README = 830  # pixels
OBSERVATIONS = np.random.default_rng(0).random((30, 16, 16, 3))
VISITS = StateVisits(np.linspace(0, 1.6, 99), np.linspace(0, 2, 99))
SLOW = StateVisits(np.linspace(0, 0.8, 49), np.linspace(0, 2, 49))
LEARNING = {name: np.linspace(1, 0.1, 9) for name in ("epoch", "train", "held_out", "baseline")}
BELOW_ZERO = LEARNING | {"held_out": np.linspace(1, -1, 9)}  # possible for the nats of a density
SEARCHED = ("best", "mean", "median", "distribution_mean", "incumbent", "validation")
EVOLUTION = {name: np.linspace(1, 90, 9) for name in SEARCHED} | {
    "generation": np.arange(1.0, 10),
    "baseline": np.full(9, 2.0),
    "sigma": np.full(9, 0.1),
}
DREAMT = EVOLUTION | {"validation": np.linspace(0, -70, 9)}
NARROW = Track(half_width=1.2)
STATES = run_episode(9)[0]


def drive(track: Track, total_reward: float) -> Drive:
    return Drive(track, STATES[:, :2], total_reward)


def lap_figure(states: np.ndarray, driven: float):
    steps = len(states) - 1
    actions = np.zeros((steps, 2), np.float32)
    return trajectory_figure(Track(), states, actions, np.linspace(0, 1.4, steps + 1), driven)


def circle(steps: int, turns: float) -> np.ndarray:
    """States of a car around the origin at a constant speed."""
    angle = 2 * np.pi * turns * np.linspace(0, 1, steps + 1)
    x, y = 8 * np.cos(angle), 8 * np.sin(angle)
    return np.stack([x, y, angle + np.pi / 2, np.full(steps + 1, 1.5)], axis=1)


FIGURES = {
    "one track": lambda: track_figure([drive(Track(), 1.0)], 8),
    "tracks": lambda: track_figure([drive(Track(), -1.0), drive(NARROW, 9.0)] * 3, 100),
    "coverage of two": lambda: coverage_figure({"a": VISITS, "b": SLOW}, "b", "a"),
    "coverage of three": lambda: coverage_figure({"a": VISITS, "b": SLOW, "c": SLOW}, "b", "c"),
    "training": lambda: training_figure(LEARNING, LEARNING, EVOLUTION),
    "training below zero": lambda: training_figure(LEARNING, BELOW_ZERO, DREAMT),
    "evolution": lambda: evolution_figure(EVOLUTION),
    "evolution in dreams": lambda: evolution_figure(DREAMT),
    "reconstructions": lambda: reconstructions_figure(OBSERVATIONS, 1 - OBSERVATIONS, 8),
    "many reconstructions": lambda: reconstructions_figure(
        OBSERVATIONS[:, :8, :, :1], OBSERVATIONS[:, 8:, :, :1], 16
    ),
    "part of a lap": lambda: lap_figure(STATES, 0.1),
    "two laps": lambda: lap_figure(circle(90, 2), 2.0),
    "returns": lambda: returns_figure(np.linspace(-500, -80, 50), np.linspace(-500, -400, 50)),
}


def texts(figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_an_image_and_the_same_bytes_each_time(tmp_path, name):
    for file in ("a.png", "b.png"):
        save(FIGURES[name](), tmp_path / file)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert 500 < image.width <= README
        assert "Software" not in image.info
        assert image.convert("RGB").getcolors(10) is None  # it has more colours


@pytest.mark.parametrize("name", FIGURES)
def test_text_has_at_least_11_pixels_is_within_the_figure_and_over_no_other(monkeypatch, name):
    drawn, draw = [], Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, *given: (drawn.append(text), draw(text, *given)))
    figure = FIGURES[name]()
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    drawn = [text for text in drawn if text.get_text().strip()]
    boxes = [text.get_window_extent() for text in drawn]
    for text, box in zip(drawn, boxes, strict=True):
        assert text.get_fontsize() * figure.dpi / 72 >= 11, text
        assert "$" not in text.get_text(), "a superscript would be smaller"
        assert min(box.x0, box.y0) >= -1, text
        assert (box.x1 <= width + 1, box.y1 <= height + 1) == (True, True), text
    for one, other in itertools.combinations(range(len(drawn)), 2):
        a, b = boxes[one], boxes[other]
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(wide, high) < 2, (drawn[one], drawn[other])


def test_a_track_of_all_episodes_is_shown_once():
    once = track_figure([drive(Track(), 1.0), drive(Track(), 2.0)], 8)
    assert len(once.axes) == 1
    several = track_figure([drive(Track(), -3.25), drive(NARROW, 99.0)], 50)
    assert len(several.axes) == 2
    assert "On 50 tracks C returns from -3.2 to +99.0" in texts(several)


def test_the_first_lap_is_shown_or_else_the_episode():
    assert first_lap(circle(90, 2.5)) == 36
    assert first_lap(circle(90, 0.9)) is None
    assert first_lap(circle(90, -2.5)) is None
    assert "C drives its first lap in 45 steps, and 2.00 laps in 90" in texts(FIGURES["two laps"]())
    whole = texts(FIGURES["part of a lap"]())
    assert "C drives 0.10 of a lap in 9 steps: no whole one" in whole


@pytest.mark.parametrize(("steered", "shown"), [(0.0, "speed"), (1.0, "steering")])
def test_the_colour_of_a_lap_is_what_varies(steered, shown):
    states = circle(40, 1.1)
    actions = np.zeros((40, 2), np.float32)
    actions[::2, 0] = steered
    figure = trajectory_figure(Track(), states, actions, np.zeros(41), 1.1)
    assert figure.axes[-1].get_ylabel().startswith(shown)


def test_the_share_of_states_that_no_data_show_is_in_the_title():
    half = StateVisits(np.repeat([0.1, 1.5], 10), np.full(20, 0.5))
    seen = StateVisits(np.full(5, 0.1), np.full(5, 0.5))
    figure = coverage_figure({"data": seen, "C": half}, "data", "C")
    assert "50 % of C's frames" in texts(figure)
    known = "100 % of C's frames have a speed and a place that collected frames have, too"
    assert known in texts(coverage_figure({"data": half, "C": seen}, "data", "C"))


@pytest.mark.parametrize(
    ("unseen", "found"),
    [(0.0, "100 %"), (0.004, "More than 99 %"), (0.01, "99 %"), (0.4, "60 %"), (0.91, "91 %")],
)
def test_the_title_states_the_larger_share_and_no_whole_that_is_none(unseen, found):
    assert finding(unseen).startswith(f"{found} of C's frames")
    assert ("no collected frame" in finding(unseen)) == (unseen > 0.5)


@pytest.mark.parametrize(
    ("loss", "words"), [(0.1232, "0.12"), (0.009049, "0.009"), (1.653, "1.7"), (132.0, "130")]
)
def test_a_loss_has_the_digits_that_a_sample_tells(loss, words):
    assert in_words(loss) == words


@pytest.mark.parametrize("count", [1, 2, 3, 8, 16])
def test_examples_are_the_worst_the_median_the_best_and_some_in_between(count):
    errors = np.random.default_rng(0).permutation(np.linspace(0, 1, 101))
    shown = errors[examples(errors, count)]
    assert len(shown) == count
    assert 0.5 in shown
    assert (np.diff(shown) < 0).all()
    if count > 2:
        assert (shown[0], shown[-1]) == (1, 0)
    assert len(examples(errors[:5], 16)) == 5


def test_reconstructions_state_their_errors_and_the_scale_of_the_differences():
    observations = np.zeros((5, 4, 4, 1))
    decoded = np.linspace(0, 0.4, 5)[:, None, None, None] * np.ones((5, 4, 4, 1))
    words = texts(reconstructions_figure(observations, decoded, 3))
    assert "by 0.200 in the median held-out frame, by 0.400 in the worst" in words
    for name, error in (("worst", 0.4), ("median", 0.2), ("best", 0.0)):
        assert f"{name}\n{error:.3f}\n" in words
    assert "+0.4 too bright" in words
    assert "-0.4 too dark" in words


def test_titles_say_who_is_better_and_by_which_numbers():
    bad = LEARNING | {"baseline": np.full(9, 0.05)}
    words = texts(training_figure(LEARNING | {"baseline": np.ones(9)}, bad, DREAMT))
    assert "V does better than the mean image: a loss of 0.1, not 1" in words
    assert "M does worse than persistence: a loss of 0.1, not 0.05" in words
    assert "C returns -70.0 (in its dreams +90.0), the random policy +2.0" in words
    assert "C, from generation 9,\nin validation: +90.0" in texts(evolution_figure(EVOLUTION))


def test_names_of_lines_do_not_overlap():
    halves = np.array([6.0, 6, 12, 6])
    for middles in ([50.0, 50, 50, 50], [0.0, 1, 2, 99], [98.0, 99, 97, 3]):
        moved = apart(np.array(middles), halves, 100.0)
        order = np.argsort(moved)
        low, high = (moved - halves)[order], (moved + halves)[order]
        assert (low[1:] >= high[:-1] - 1e-9).all()
        assert low[0] >= 0
        assert high[-1] <= 100
        assert (np.diff(np.array(middles)[order]) >= 0).all()
    assert apart(np.array([20.0, 60]), np.array([6.0, 6]), 100.0).tolist() == [20, 60]


def test_a_label_is_at_the_end_of_its_line():
    figure = new_figure(5, 3)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 100])
    label_lines(axes, [LineLabel(50.0, "here", INK)])
    (label,) = axes.texts
    box = label.get_window_extent()
    assert abs((box.y0 + box.y1) / 2 - axes.transData.transform((0, 50))[1]) < 2
    assert box.x0 > axes.get_window_extent().x1
