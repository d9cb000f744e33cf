"""How the page looks: what is in the window, colours, scales, and the picture of it in the docs."""

import itertools
import re

import numpy as np
import pytest
from PIL import Image

from tests.support.browser import Browser
from tests.support.page_screenshot import OUTPUT, SOURCE_KEY, sources_digest
from worldmodels.figures.common.style import CONTROLLER, DREAM, ENVIRONMENT, MEMORY, VISION
from worldmodels.figures.page.page import FOLDER

TELEPHONE, ON_ITS_SIDE, DESK = (390, 844), (844, 390), (1280, 800)
IN_FIGURES = {  # the same meanings in worldmodels/figures/common/style.py
    "real": ENVIRONMENT,
    "dream": DREAM,
    "vision": VISION,
    "memory": MEMORY,
    "controller": CONTROLLER,
}
MEANINGS = (*IN_FIGURES, "ink")
# Linear sRGB as people without a kind of cones see it: F. Vienot, H. Brettel and J. Mollon, 1999
SEEN_BY = {
    "all": np.eye(3),
    "protanopes": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopes": np.array(
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]
    ),
}


def place(browser: Browser, element: str) -> dict[str, float]:
    """Where an element is in the window, CSS pixels."""
    box = f"document.querySelector('{element}').getBoundingClientRect().toJSON()"
    return browser.evaluate(box)


def assert_in_the_window(browser: Browser, element: str, width: int, height: int) -> None:
    box = place(browser, element)
    assert box["width"] > 0, element
    assert min(box["left"], box["top"]) >= 0, element
    assert (box["right"] <= width, box["bottom"] <= height) == (True, True), (element, box)


@pytest.mark.parametrize("size", [TELEPHONE, ON_ITS_SIDE, DESK])
def test_side_by_side_the_view_and_the_dream_are_large_and_in_the_window(browser, pages, size):
    browser.open(pages / "reference.html", *size)
    browser.key("4")
    for element in ("#view", "#dream"):
        assert_in_the_window(browser, element, *size)
        assert place(browser, element)["width"] >= 150
    browser.key("ArrowUp")  # you drive: the pad may take room, but not that of the dream
    assert_in_the_window(browser, "#dream", *size)


@pytest.mark.parametrize(("kind", "modes"), [("reference", "1234"), ("carracing", "12")])
def test_a_telephone_on_its_side_shows_the_car(browser, pages, kind, modes):
    browser.open(pages / f"{kind}.html", *ON_ITS_SIDE)
    for mode in modes:
        browser.key(mode)
        shown = "#track" if browser.evaluate("play.session.mode.real") else "#dream"
        assert_in_the_window(browser, shown, *ON_ITS_SIDE)
        assert place(browser, shown)["height"] >= 180
        browser.key("ArrowUp")
        if browser.evaluate("play.session.driver") == "you":
            assert_in_the_window(browser, shown, *ON_ITS_SIDE)
            assert_in_the_window(browser, "#pad [data-key=ArrowUp]", *ON_ITS_SIDE)
            left, right = "#pad [data-key=ArrowRight]", "#pad [data-key=ArrowDown]"
            last = "#dream" if browser.evaluate("play.session.mode.dream") else "#view"
            assert place(browser, left)["right"] <= place(browser, shown)["left"]
            assert place(browser, right)["left"] >= place(browser, last)["right"]


def test_a_marker_shows_the_car_in_the_view_the_reconstruction_and_the_dream(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("4")
    for name in ("view", "reconstruction", "dream"):
        frame, marker = place(browser, f"#{name}"), place(browser, f"#{name}-figure .marker")
        for start, side in (("x", "width"), ("y", "height")):
            middle = frame[start] + frame[side] / 2
            assert marker[start] + marker[side] / 2 == pytest.approx(middle, abs=0.6)
            # The viewBox has 2 world units, and a view 8.
            assert marker[side] == pytest.approx(frame[side] / 4, abs=1)
    browser.open(pages / "carracing.html")  # its frames show the car themselves
    assert place(browser, "#dream-figure .marker")["width"] == 0


def test_only_the_page_of_the_reference_recipe_says_where_a_better_dream_is(browser, pages):
    for kind, said in (("reference", True), ("vae", False), ("carracing", False)):
        browser.open(pages / f"{kind}.html")
        assert ("make dream" in browser.evaluate("document.body.innerText")) == said


# The numbers at the axes, after canvases have their sizes.
LABELS = """(async () => {
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
  const labels = new Set();
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
    if (this.textAlign === "right") labels.add(`${this.canvas.id} ${text}`);
    return fillText.call(this, text, ...at);
  };
  play.measure(1);
  CanvasRenderingContext2D.prototype.fillText = fillText;
  return [...labels].filter((label) => !label.startsWith("actions")).sort();
})()"""


LARGE_VALUES = """(() => {
  const { memory, vision, returns } = play.session;
  const [sample, encode] = [memory.sample.bind(memory), vision.encode.bind(vision)];
  memory.sample = (...given) => sample(...given).map((value) => 20 * value);
  vision.encode = (pixels) => encode(pixels).map((value) => 20 * value);
  returns.dream.push(5000);
})()"""


@pytest.mark.parametrize("kind", ["vae", "carracing"])
def test_axes_are_the_same_for_all_episodes_of_a_page(browser, pages, kind):
    browser.open(pages / f"{kind}.html")
    browser.key("4" if kind == "vae" else "2")
    before = browser.evaluate(LABELS)
    assert {label.split()[0] for label in before} >= {"z", "reward"}
    browser.evaluate("{ while (play.session.steps < 60 && !play.session.done) play.advance() }")
    browser.evaluate(LARGE_VALUES)
    assert browser.evaluate(LABELS) == before
    browser.key("n")
    assert browser.evaluate(LABELS) == before


# Whether canvases change while no step is taken.
MOVES = """new Promise((resolve) => {
  const images = () => ["z", "dream"].map((id) => document.getElementById(id).toDataURL());
  let [steps, before] = [play.session.steps, null];
  const look = () => {
    if (play.session.steps !== steps) [steps, before] = [play.session.steps, null];
    if (before) return resolve(images().map((image, i) => image !== before[i]));
    before = images();
    setTimeout(look, 150);
  };
  setTimeout(look, 20);
})"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_between_two_steps_z_and_the_dream_change_smoothly(browser, pages, motion):
    browser.open(pages / "reference.html", prefers_reduced_motion=motion)
    browser.evaluate("speed.value = 2, speed.dispatchEvent(new Event('input'))")
    browser.key("4")
    if motion == "reduce":
        browser.key("p")
    browser.wait_for("play.session.steps > 1")
    assert browser.evaluate(MOVES) == [motion == "no-preference"] * 2
    half = "play.session.between(0.5).dreamZ[0]"
    ends = browser.evaluate("[play.session.before.dream[0], play.session.dream.z[0]]")
    assert browser.evaluate(half) == pytest.approx(sum(ends) / 2, abs=1e-6)


def themes() -> list[dict[str, str]]:
    """The colours by name, light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", (FOLDER / "page.css").read_text(), re.S)
    found = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks]
    return [colours for colours in found if colours]


def linear(colour: str) -> np.ndarray:
    """The linear sRGB of a colour."""
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of a linear sRGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.clip(np.array(to_xyz) @ rgb / [0.9505, 1, 1.089], 0.009, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, seen: np.ndarray) -> float:
    """Of two colours in CIELAB, as people see them."""
    return float(np.linalg.norm(lab(seen @ linear(one)) - lab(seen @ linear(other))))


@pytest.mark.parametrize("theme", [0, 1])
def test_each_meaning_has_a_colour_of_its_own_for_colour_blind_readers_too(theme):
    assert len(themes()) == 2
    colours = themes()[theme]
    for seen in SEEN_BY.values():
        for one, other in itertools.combinations(MEANINGS, 2):
            assert distance(colours[one], colours[other], seen) > 15, (one, other)
    luminance = {name: linear(colours[name]) @ [0.2126, 0.7152, 0.0722] for name in colours}
    for name in MEANINGS:
        low, high = sorted([luminance[name], luminance["card"]])
        assert (high + 0.05) / (low + 0.05) >= 3, name
    assert not {colours[name] for name in MEANINGS[:-1]} & {colours["less"], colours["more"]}


@pytest.mark.parametrize("people", ["all", "deuteranopes"])
def test_each_meaning_has_a_colour_of_its_own_in_figures(people):
    for one, other in itertools.combinations(IN_FIGURES, 2):
        assert distance(IN_FIGURES[one], IN_FIGURES[other], SEEN_BY[people]) > 15, (one, other)


@pytest.mark.parametrize("theme", [0, 1])
def test_a_meaning_has_the_hue_that_it_has_in_the_figures(theme):
    for name, in_figures in IN_FIGURES.items():
        hues = []
        for colour in (themes()[theme][name], in_figures):
            _, a, b = lab(linear(colour))
            hues.append(np.degrees(np.arctan2(b, a)))
        difference = (hues[0] - hues[1] + 180) % 360 - 180
        assert abs(difference) < 25, name


def test_the_picture_of_the_page_is_of_today_s_page():
    with Image.open(OUTPUT) as picture:
        assert picture.text.get(SOURCE_KEY) == sources_digest(), (
            "the page has changed: run `make`, then python -m tests.support.page_screenshot"
        )
