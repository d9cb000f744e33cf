"""The page of Doom in Chromium, opened from disk: keys, touch, the end, health, and its looks."""

import pytest

from tests.figures.page.test_page_driving import message, rest, session
from tests.figures.page.test_page_looks import ON_ITS_SIDE, TELEPHONE, assert_in_the_window, place
from tests.support.browser import Browser
from tests.support.page_agents import DOOM_KINDS

DESK = (1280, 800)
TO_THE_END = "{ while (!play.session.done) play.advance() }"


def shown(browser: Browser, element: str) -> str:
    return " ".join(browser.evaluate(f"document.querySelector('{element}').textContent").split())


def predict(browser: Browser, reward: float, done: float) -> None:
    """Let M predict these in every step, from a new dream on."""
    heads = f"() => ({{reward: {reward}, done: {done}}})"
    browser.evaluate(f"play.session.memory.rewardAndDone = {heads}, undefined")
    browser.key("r")


# How red the picture is in the frame after a step.
RED_AFTER_A_STEP = """(async () => {
  play.advance();
  await new Promise((done) => requestAnimationFrame(done));
  return Number(getComputedStyle(document.getElementById("hit")).opacity);
})()"""


@pytest.mark.parametrize("kind", DOOM_KINDS)
@pytest.mark.parametrize("size", [TELEPHONE, DESK])
def test_c_plays_at_once_and_an_arrow_takes_over(browser, pages, kind, size):
    browser.open(pages / f"{kind}.html", *size)
    assert "dodge fireballs in M's dream of Doom" in browser.evaluate("document.title")
    browser.wait_for("play.session.steps > 1")
    assert session(browser, "driver") == "c"
    assert session(browser, "action") != [0]
    for arrow, action in (("ArrowLeft", -1), ("ArrowRight", 1)):
        browser.key(arrow, up=False)
        browser.wait_for(f"play.session.action[0] === {action}")
        browser.key(arrow, down=False)
        browser.wait_for("play.session.action[0] === 0")
    assert (session(browser, "driver"), session(browser, "byYou")) == ("you", True)
    assert session(browser, "modeName") == "dream"
    browser.key("c")
    browser.wait_for("play.session.action[0] !== 0")
    assert not session(browser, "byYou")
    assert_in_the_window(browser, "#dream", *size)
    assert browser.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert browser.errors == []


def test_a_step_lasts_four_tics_of_the_game(browser, pages):
    browser.open(pages / "doom.html")
    browser.wait_for("play.session.steps > 0")
    measured = """new Promise((resolve) => {
      const [first, start] = [play.session.steps, performance.now()];
      setTimeout(() => resolve([play.session.steps - first, performance.now() - start]), 1200);
    })"""
    steps, milliseconds = browser.evaluate(measured)
    assert steps == pytest.approx(milliseconds / 1000 * 35 / 4, abs=3)
    browser.key("p")
    assert session(browser, "dream.tics") == 4 * session(browser, "steps")
    browser.evaluate("speed.value = 17.5, speed.dispatchEvent(new Event('input'))")
    assert shown(browser, "#speed-value") == "200 %"


def test_the_end_is_drawn_with_m_s_probability_and_an_arrow_starts_again(browser, pages):
    browser.open(pages / "doom.html")
    browser.key("2")
    assert message(browser, "dream").startswith("Press or touch an arrow")
    predict(browser, 4, 0)
    browser.evaluate(f"{{ {TO_THE_END} }}")
    assert session(browser, "dream.tics") == 2100
    assert message(browser, "dream").startswith("You are alive, and time is up\n")
    assert "You: 2,100 tics, 60.0 s. C: 2,100: as long as C." in message(browser, "dream")
    assert shown(browser, "#score-best") == "2,100"
    ends = []
    for _ in range(12):
        predict(browser, 4, 0.25)
        browser.evaluate(f"{{ {TO_THE_END} }}")
        ends.append(session(browser, "steps"))
    assert 1 < sum(ends) / len(ends) < 12  # 4, give or take 1
    assert len(set(ends)) > 1
    assert message(browser, "dream").startswith("You are dead\n")
    episode = session(browser, "episode")
    browser.key("ArrowLeft")  # at once: it was meant for the dream that is over
    assert session(browser, "episode") == episode
    rest(browser)
    browser.key("ArrowLeft")
    browser.wait_for("play.session.steps > 0")
    assert session(browser, "episode") == episode + 1


def test_health_is_what_the_rewards_leave_and_a_hit_is_red(browser, pages):
    browser.open(pages / "doom.html")
    browser.key("2")
    predict(browser, 4 - 30, 0)
    assert browser.evaluate(RED_AFTER_A_STEP) > 0.3
    assert session(browser, "dream.health") == 70
    message(browser, "dream")
    assert shown(browser, "#health b") == "70 %"
    for _ in range(3):
        browser.key(".")
    assert session(browser, "dream.health") == 0
    assert not session(browser, "done")
    predict(browser, 2.5, 0)
    browser.key(".")
    assert session(browser, "dream.health") == 100  # a small error is no hit
    predict(browser, 4.5, 1)
    browser.key(".")
    assert session(browser, "dream.healths") == [100, 0]  # the dead have none
    browser.open(pages / "doom.html", prefers_reduced_motion="reduce")
    predict(browser, -26, 0)
    assert browser.evaluate(RED_AFTER_A_STEP) == 0
    assert session(browser, "dream.health") == 70


def test_the_aim_is_c_with_the_same_start_and_random_numbers(browser, pages):
    browser.open(pages / "doom.html")
    browser.key("2")
    browser.key("n")
    browser.evaluate("play.session.runGhost(Infinity)")
    aim = session(browser, "ghost.risks")
    browser.key("c")
    browser.evaluate(TO_THE_END)
    assert session(browser, "dream.risks") == aim
    assert len(aim) > 3
    assert session(browser, "start") == 2
    browser.key("n")
    browser.key("n")
    assert session(browser, "start") == 1


def test_the_temperature_is_that_of_the_slider(browser, pages):
    browser.open(pages / "doom.html", prefers_reduced_motion="reduce")
    assert shown(browser, "#temperature-value") == "0.25"
    browser.evaluate("temperature.value = -20, temperature.dispatchEvent(new Event('input'))")
    browser.evaluate(TO_THE_END)
    cold = session(browser, "dream.risks")
    browser.key("r")  # other random numbers, which a cold dream hardly heeds
    browser.evaluate(TO_THE_END)
    shared = min(len(cold), session(browser, "steps"), 5)
    assert session(browser, "dream.risks")[:shared] == pytest.approx(cold[:shared], rel=0.3)
    assert session(browser, "ghost.temperature") == 0.01


def test_z_h_and_what_moves_c_stand_below_the_picture(browser, pages):
    browser.open(pages / "doom.html")
    picture = place(browser, "#dream")
    for element in ("#z", "#h", "#pulls"):
        assert place(browser, element)["left"] == pytest.approx(picture["left"], abs=1)
        assert place(browser, element)["width"] == pytest.approx(picture["width"], abs=1)
    assert picture["width"] / picture["height"] == pytest.approx(80 / 28, abs=0.01)
    assert browser.evaluate("!document.querySelector('.of-columns').hidden")
    browser.open(pages / "doom_lstm.html")
    assert browser.evaluate("document.querySelector('.of-columns').hidden")


def test_a_telephone_on_its_side_shows_the_picture_between_the_thumbs(browser, pages):
    browser.open(pages / "doom.html", *ON_ITS_SIDE)
    browser.key("2")
    left, right = (f"#pad [data-key=Arrow{side}]" for side in ("Left", "Right"))
    for element in ("#dream", left, right):
        assert_in_the_window(browser, element, *ON_ITS_SIDE)
    assert place(browser, left)["right"] <= place(browser, "#dream")["left"]
    assert place(browser, right)["left"] >= place(browser, "#dream")["right"]
    x, y = (place(browser, left)[axis] + 10 for axis in "xy")
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    browser.wait_for("play.session.action[0] === -1")
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.wait_for("play.session.action[0] === 0")
    assert browser.errors == []
