"""The figures of README and docs/: those in git are drawn anew from files in git alone."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.support.project import ROOT
from tools import docs_figures
from tools.docs_episode import ACTIONS, EPISODE, recorded_episode
from tools.docs_figures import DRAWN, FIGURES
from worldmodels.figures.common import style
from worldmodels.figures.common.matplotlib_defaults import to_rgb
from worldmodels.figures.common.score_by_cost import mean_over_seeds, rounded
from worldmodels.figures.docs.endless_bend import palette
from worldmodels.figures.docs.score_by_cost import comparison
from worldmodels.figures.docs.style import GROUNDS, STYLE, TEXT

SVG = [name for name in DRAWN if name.endswith(".svg")]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
PNG = re.compile(r"data:image/png;base64,\s*([\w+/=\s]+)")
NAME = re.compile(r'(id="|href="#|url\(#)\w+')  # they follow from the content
COLOUR = re.compile(r"(?:fill|stroke): (#[0-9a-f]{6})")
MEANINGS = ["ENVIRONMENT", "DREAM", "VISION", "MEMORY", "CONTROLLER", "PROJECT", "PAPER"]
LIGHT, DARK = "#ffffff", "#0d1117"  # GitHub's
HOOK = """
import atexit, os, sys
opened = set()
def note(event, values):
    if event == "open" and isinstance(values[0], str):
        opened.add(os.path.abspath(values[0]))
def write():
    with open({log!r}, "w") as file:
        file.write("\\n".join(sorted(path for path in opened.copy() if os.path.isfile(path))))
sys.addaudithook(note)
atexit.register(write)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What the command draws, by name, and the files below the root that it opens."""
    folder, home = tmp_path_factory.mktemp("figures"), tmp_path_factory.mktemp("home")
    log = home / "log.txt"
    (home / "sitecustomize.py").write_text(HOOK.format(log=str(log)))
    python = [sys.executable, "-m", "tools.docs_figures", folder]
    environ = os.environ | {"PYTHONPATH": str(home)}
    printed = subprocess.run(python, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (printed.returncode, printed.stderr) == (0, "")
    opened = [Path(path) for path in log.read_text().splitlines()]
    below = {path.relative_to(ROOT).as_posix() for path in opened if path.is_relative_to(ROOT)}
    return {path.name: path.read_bytes() for path in folder.iterdir()}, below


@pytest.fixture(scope="module")
def drawn(run):
    """The content of what is drawn, by name."""
    assert run[0].keys() == DRAWN.keys()
    return run[0]


def committed(name):
    return (ROOT / FIGURES / name).read_bytes()


def pictures(svg):
    """The pictures within an SVG file."""
    for content in PNG.findall(svg):
        yield np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA"), int)


def frames(gif):
    """The frames of an animation, (n, height, width, 3)."""
    with Image.open(io.BytesIO(gif)) as image:
        return np.array([each.convert("RGB") for each in ImageSequence.Iterator(image)])


def contrast(colour, ground):
    """The ratio of contrast of WCAG 2."""

    def luminance(name):
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in to_rgb(name)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(colour), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", SVG)
def test_the_svg_files_in_git_are_what_is_drawn(drawn, name):
    """But for the last digits, which other processors and libraries round elsewhere."""
    new, old = drawn[name].decode(), committed(name).decode()
    for picture, other in zip(pictures(new), pictures(old), strict=True):
        assert np.abs(picture - other).max() <= 3
    new, old = (NAME.sub(r"\1", PNG.sub("", text)) for text in (new, old))
    assert NUMBER.sub("", new) == NUMBER.sub("", old)
    numbers, others = (np.array(NUMBER.findall(text), float) for text in (new, old))
    np.testing.assert_allclose(numbers, others, atol=0.05)


def test_the_gif_in_git_is_what_is_drawn(drawn):
    """But for some pixels, which other processors and libraries draw in another way."""
    new, old = drawn["endless_bend.gif"], committed("endless_bend.gif")
    if new != old:
        new, old = frames(new), frames(old)
        assert new.shape == old.shape
        assert np.mean(np.any(new != old, axis=3), axis=(1, 2)).max() < 0.01


def test_they_are_drawn_from_files_in_git_alone(run):
    opened = {path for path in run[1] if "__pycache__" not in path and path[0] != "."}
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    assert "carracing/released/v.npz" in opened
    assert opened - set(listed.splitlines()) == set()


@pytest.mark.parametrize("name", SVG)
def test_every_colour_can_be_read_on_githubs_light_and_dark_ground(name):
    colours = set(COLOUR.findall(committed(name).decode())) - {LIGHT}  # white: within boxes
    assert colours
    for colour in colours:
        assert min(contrast(colour, ground) for ground in (LIGHT, DARK)) >= 3


def test_text_has_more_contrast_where_the_ground_is_known():
    assert contrast(GROUNDS["light"], LIGHT) > 6 > contrast(TEXT, LIGHT) > 4
    assert contrast(GROUNDS["dark"], DARK) > 6 > contrast(TEXT, DARK) > 4
    for name in SVG:
        assert committed(name).count(b"prefers-color-scheme") == 2


def test_text_has_at_least_11_pixels_in_a_readme():
    assert min(STYLE["font.size"], STYLE["axes.titlesize"]) * 4 / 3 >= 11
    for name in SVG:
        width = re.search(r'<svg [^>]*\bwidth="([\d.]+)pt"', committed(name).decode())[1]
        assert float(width) * 4 / 3 == pytest.approx(830, abs=0.5)


def test_a_colour_has_one_meaning():
    assert len({getattr(style, name).lower() for name in MEANINGS}) == len(MEANINGS)


def test_the_palette_of_the_gif_holds_greys_and_white():
    colours = {tuple(colour) for colour in palette()[0].tolist()}
    assert len([colour for colour in colours if len(set(colour)) == 1]) >= 32
    assert (255, 255, 255) in colours
    with Image.open(ROOT / FIGURES / "endless_bend.gif") as image:
        first = np.array(image.convert("RGB"))
    assert first[0, 0].tolist() == [255, 255, 255]
    view = first[102:292, 10:200]
    assert np.mean(np.ptp(view, axis=2) == 0) > 0.97  # but for the car


@pytest.mark.parametrize(("number", "digits", "found"), [(29_833, 1, 30_000), (71_629, 3, 71_600)])
def test_numbers_of_a_title_are_rounded_to_their_first_digits(number, digits, found):
    assert rounded(number, digits) == found


@pytest.mark.parametrize(
    ("difference", "found"),
    [
        *((difference, "The score of the paper") for difference in (-8, 1, 8)),
        (12, "12 points above the paper"),
        (-9, "9 points below the paper"),
    ],
)
def test_a_score_within_two_standard_errors_of_the_papers_is_the_same(difference, found):
    assert comparison(difference, 4.0) == found


def test_the_error_of_several_seeds_is_over_seeds_and_tracks():
    assert mean_over_seeds([899.0], [4.0]) == (899, 4)
    mean, stderr = mean_over_seeds([900.0, 906, 894], [4.0, 4, 4])
    assert (mean, stderr) == (900, pytest.approx(np.sqrt(36 / 3 + 16)))


@pytest.fixture
def three_seeds(tmp_path, monkeypatch):
    """The project of CarRacing, with reports of two other training seeds, 30 points worse."""
    project = tmp_path / "carracing"
    listed = subprocess.check_output(["git", "ls-files", "carracing"], cwd=ROOT, text=True)
    reports = [
        name for name in listed.splitlines() if name.endswith(("json", "csv", "params.yaml"))
    ]
    reports = [name for name in reports if not name.startswith("carracing/seeds/")]
    for name in reports:
        for copy in (tmp_path / name, *(project / "seeds" / seed / name[10:] for seed in "02")):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)
    for path in project.glob("seeds/*/**/*.json"):
        numbers = json.loads(path.read_text())
        returns = {name: value - 30 for name, value in numbers.items() if name == "mean_return"}
        path.write_text(json.dumps(numbers | returns))
    monkeypatch.setattr(docs_figures, "CARRACING", project)
    figures = []
    monkeypatch.setattr(docs_figures, "svg", figures.append)
    return figures


def test_the_ablations_show_each_training_seed_and_their_mean(three_seeds):
    docs_figures.ablations()
    (figure,) = three_seeds
    (axes,) = figure.axes
    assert "training seeds 0, 1, 2" in figure.texts[1].get_text()
    # All are 30 points worse, and so no part is worth more.
    assert "dreams 0 ± 3" in figure.texts[0].get_text()
    labels = [label.get_text() for label in axes.get_yticklabels()]
    row = labels.index("no dreams\n3 training seeds")
    points = [bars.lines[0].get_xydata()[0] for bars in axes.containers]
    seeds = [x for x, y in points if abs(y - row) < 0.3]
    shipped = json.loads(
        (ROOT / "carracing/ablations/no_dreams/reports/metrics/evaluate.json").read_text()
    )["mean_return"]
    assert seeds == pytest.approx([shipped - 30, shipped, shipped - 30])
    assert f"{shipped - 20:.0f} ± 10" in {text.get_text() for text in axes.texts}


def test_score_by_cost_of_several_seeds_shows_each_and_their_mean(three_seeds):
    docs_figures.score_by_cost()
    (figure,) = three_seeds
    (axes,) = figure.axes
    assert "of 3 seeds and their mean" in figure.texts[1].get_text()
    lines = {text.get_text() for text in axes.texts}
    metrics = ROOT / "carracing/reports/metrics/visualize_carracing.json"
    shipped = json.loads(metrics.read_text())
    score, hours = shipped["mean_return"], shipped["core_hours"]
    assert {f"this project: {score - 20:.0f} ± 10 after {hours:.1f}", "round 0: 502"} <= lines
    faint = [line for line in axes.lines if line.get_alpha()]
    ends = [line.get_ydata()[-1] for line in faint[1::2]]
    assert ends == pytest.approx([score, score - 30, score - 30], abs=0.1)


def test_the_episode_of_the_diagram_is_the_games_own():
    for package in ("gymnasium", "Box2D", "pygame"):
        pytest.importorskip(package, reason="needs requirements-carracing.txt")
    with np.load(ROOT / EPISODE) as arrays:
        observations, frame = arrays["observations"], arrays["frame"]
    again, shown = recorded_episode(actions=3)
    assert len(observations) == ACTIONS + 1
    assert shown.shape == frame.shape
    np.testing.assert_array_equal(again, observations[:4])
