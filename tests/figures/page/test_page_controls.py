"""The page in Chromium, opened from disk: modes, keys, touch, dreams and speed."""

import numpy as np
import pytest

from tests.support.browser import Browser


def steps(browser: Browser) -> int:
    return browser.evaluate("play.session.steps")


def text(browser: Browser, element: str) -> str:
    return browser.evaluate(f"document.getElementById('{element}').textContent")


@pytest.mark.parametrize("width", [390, 1280])
def test_every_mode_starts_and_obeys_the_keys_without_an_error(browser, pages, width):
    browser.open(pages / "reference.html", width, 844)
    browser.wait_for("play.session.steps > 1")  # C drives at once
    for key, mode in zip("1234", ("watch", "drive", "dream", "both"), strict=True):
        browser.key(key)
        assert browser.evaluate("play.session.modeName") == mode
        assert not browser.evaluate("play.session.done")
        if mode in ("drive", "dream"):
            assert steps(browser) == 0
            browser.wait_for("document.body.innerText.includes('Press or touch an arrow')")
            browser.key("ArrowUp", up=False)
            browser.key("ArrowLeft", up=False)
            browser.wait_for("Math.min(...play.session.action) > 0.5")  # left, and gas
            browser.key("ArrowUp", down=False)
            browser.key("ArrowLeft", down=False)
        else:
            browser.wait_for("play.session.steps > 1")
        browser.key("p")
        before = steps(browser)
        browser.key(".")
        assert steps(browser) == before + 1
        overflow = "document.documentElement.scrollWidth - window.innerWidth"
        assert browser.evaluate(overflow) <= 0
        episode = browser.evaluate("play.session.episode")
        browser.key("r")
        assert browser.evaluate("play.session.episode") == episode + 1
    assert browser.errors == []


def test_side_by_side_the_dream_diverges_restarts_and_can_be_steered(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("4")
    browser.key("p")
    for _ in range(12):
        browser.key(".")
    different = "play.session.dream.z.filter((z, i) => z !== play.session.real.z[i]).length"
    assert browser.evaluate(different)
    assert browser.evaluate("play.session.errors.dream.length") == steps(browser) + 1 >= 13
    browser.key("w")
    assert not browser.evaluate(different)
    browser.key("ArrowRight")
    assert browser.evaluate("play.session.driver") == "you"
    browser.key("c")
    assert browser.evaluate("play.session.driver") == "c"
    browser.key("n")
    assert browser.evaluate("play.session.trackSeed") == 1
    browser.evaluate(
        "temperature.value = -10, temperature.dispatchEvent(new Event('input')), "
        "speed.value = 30, speed.dispatchEvent(new Event('input'))"
    )
    assert browser.evaluate("play.session.dream.temperature") == pytest.approx(0.1)
    assert text(browser, "speed-value") == "30 steps/s"
    assert browser.errors == []


def test_touch_drives_too(browser, pages):
    browser.open(pages / "reference.html", 390, 844)
    browser.key("2")
    button = "document.querySelector('#pad [data-key=ArrowUp]').getBoundingClientRect()"
    x, y = (browser.evaluate(f"{button}.{axis} + 10") for axis in "xy")
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    browser.wait_for("play.session.action[1] > 0.5")
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.wait_for("play.session.action[1] < 0.5")
    assert browser.errors == []


def test_with_reduced_motion_nothing_moves_before_a_key(browser, pages):
    browser.open(pages / "reference.html", prefers_reduced_motion="reduce")
    assert text(browser, "pause") == "Play"
    browser.key(".")
    assert steps(browser) == 1


def test_dreams_of_carracing_begin_at_the_recorded_start_states(browser, pages, agents):
    agent = agents["carracing"]
    browser.open(pages / "carracing.html", prefers_color_scheme="dark")
    browser.wait_for("play.session.steps > 1")
    browser.key("2")
    browser.key("n")
    # The second start state after the zoom is the latest one, with 18 steps of context.
    assert browser.evaluate("play.session.trackSeed") == 2
    (memory,), context = agent.memory.members, agent.start_states.context
    h, c = np.zeros((2, 1, memory.hidden_size), np.float32)
    for z, action in zip(context.z[0, -18:], context.actions[0, -18:], strict=True):
        h, c = memory.step(z[None], action[None], h, c)
    found = browser.evaluate("Array.from(play.session.dream.state.h)")
    np.testing.assert_allclose(found, h[0], rtol=0, atol=1e-4)
    browser.key("ArrowLeft", up=False)
    browser.wait_for("play.session.steps > 1")
    browser.key("ArrowLeft", down=False)
    assert browser.evaluate("play.session.action[0]") < 0  # left is negative in CarRacing
    assert browser.errors == []
