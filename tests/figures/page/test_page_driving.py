"""Driving on the page, in Chromium: who gets a key, how an episode ends, and the aim."""

import pytest

from tests.support.browser import Browser

GAS = "dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowUp'}))"
NO_GAS = "dispatchEvent(new KeyboardEvent('keyup', {key: 'ArrowUp'}))"
TO_THE_END = "while (!play.session.done) play.advance()"
REST = 0.6  # seconds after an episode, in which no arrow starts the next one


def session(browser: Browser, value: str):
    return browser.evaluate(f"play.session.{value}")


def message(browser: Browser, over: str) -> str:
    """What is written over the road or the dream now; empty if nothing is."""
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))")
    element = f"document.getElementById('{over}-message')"
    return browser.evaluate(f"{element}.hidden ? '' : {element}.innerText")


def rest(browser: Browser) -> None:
    browser.evaluate(f"new Promise((done) => setTimeout(done, {1000 * REST}))")


def test_arrows_steer_after_a_slider_was_moved_with_the_mouse(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("2")
    browser.click("#speed")
    speed = browser.evaluate("speed.value")
    assert browser.evaluate("document.activeElement.id") == "speed"
    browser.key("ArrowUp", up=False)
    browser.wait_for("play.session.action[1] > 0.5")
    browser.key("ArrowUp", down=False)
    assert browser.evaluate("speed.value") == speed


def test_an_arrow_takes_the_number_in_the_field_of_the_road_and_steers(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("2")
    browser.click("#track-seed")
    browser.evaluate("document.getElementById('track-seed').select()")
    browser.call("Input.insertText", text="7")
    browser.key("ArrowUp", up=False)
    browser.wait_for("play.session.action[1] > 0.5")
    browser.key("ArrowUp", down=False)
    assert session(browser, "trackSeed") == 7
    assert browser.evaluate("document.getElementById('track-seed').value") == "7"
    browser.click("#track-seed")
    browser.key("Enter")
    browser.key("r")
    assert session(browser, "steps") == 0


def test_a_slider_that_was_reached_with_tab_keeps_the_arrows_until_escape(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("2")
    for _ in range(20):
        browser.key("Tab")
        if browser.evaluate("document.activeElement.id") == "speed":
            break
    speed = int(browser.evaluate("speed.value"))
    browser.key("ArrowRight")
    assert int(browser.evaluate("speed.value")) == speed + 1
    assert session(browser, "steps") == 0
    browser.key("Escape")
    browser.key("ArrowRight")
    browser.wait_for("play.session.steps > 0")


def test_space_pauses_after_a_click_on_a_mode_and_presses_a_button_reached_with_tab(browser, pages):
    browser.open(pages / "reference.html")
    browser.click("[data-mode=both]")
    browser.wait_for("play.session.steps > 1")
    episode = session(browser, "episode")
    browser.key(" ")
    assert browser.evaluate("document.getElementById('pause').textContent") == "Play"
    assert (session(browser, "episode"), session(browser, "modeName")) == (episode, "both")
    browser.key(" ")
    assert browser.evaluate("document.getElementById('pause').textContent") == "Pause"
    browser.key("p")
    steps = session(browser, "steps")
    browser.key("Tab")
    browser.key("Tab")  # from the last mode, past Pause, to Step
    browser.key(" ")
    assert browser.evaluate("document.getElementById('pause').textContent") == "Play"
    assert session(browser, "steps") == steps + 1


def test_what_is_lost_stands_over_the_road_and_a_new_arrow_starts_again(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("2")
    assert message(browser, "road").startswith("Press or touch an arrow")
    browser.evaluate(f"{GAS}, play.advance(), undefined")
    assert message(browser, "road") == ""
    browser.evaluate(f"{{ {TO_THE_END}; {NO_GAS}; }}")
    assert session(browser, "env.offTrack")
    assert message(browser, "road").startswith("Off the road\n")
    episode = session(browser, "episode")
    browser.key("ArrowUp")  # at once: it was meant for the car that is off the road
    assert session(browser, "episode") == episode
    rest(browser)
    browser.key("ArrowUp", up=False)
    browser.wait_for("play.session.steps > 0")
    browser.key("ArrowUp", down=False)
    assert session(browser, "episode") == episode + 1
    assert message(browser, "road") == ""
    browser.evaluate(f"{{ {GAS}; {TO_THE_END}; {NO_GAS}; }}")
    message(browser, "road")
    browser.click("#road-message button")
    assert session(browser, "episode") == episode + 2


def test_the_aim_is_what_c_does_on_the_same_track_and_your_best(browser, pages):
    browser.open(pages / "reference.html")
    browser.key("p")
    browser.evaluate(f"play.session.restart(), (() => {{ {TO_THE_END} }})()")
    by_c, path = session(browser, "returns.real"), session(browser, "path")
    browser.key("2")
    browser.wait_for("play.session.ghost.done")
    assert session(browser, "ghost.returns") == by_c
    assert session(browser, "ghost.path") == path
    browser.evaluate(f"{{ {GAS}; {TO_THE_END}; {NO_GAS}; }}")
    own = f"{session(browser, 'returns.real').pop():+.1f}".replace("-", "\N{MINUS SIGN}")
    aim = f"{by_c[-1]:+.1f}".replace("-", "\N{MINUS SIGN}")
    assert f"You {own}, C {aim}" in message(browser, "road")
    rest(browser)
    browser.key("r")
    browser.wait_for("play.session.ghost.done")
    message(browser, "road")
    scores = browser.evaluate("document.getElementById('scores').textContent")
    assert " ".join(scores.split()) == f"Return: you +0.0 C {aim} your best {own}"
    browser.key("n")
    assert message(browser, "road").startswith("Press")
    assert browser.evaluate("document.getElementById('score-best').textContent") == "\N{EN DASH}"


@pytest.mark.parametrize(("kind", "key"), [("vae", "3"), ("carracing", "2")])
def test_in_a_dream_the_aim_is_c_with_the_same_start_and_random_numbers(browser, pages, kind, key):
    browser.open(pages / f"{kind}.html")
    browser.key(key)
    browser.evaluate("play.session.setTemperature(0.5)")
    browser.wait_for("play.session.ghost.done")
    aim = session(browser, "ghost.returns")
    browser.evaluate(f"play.session.driver = 'c', (() => {{ {TO_THE_END} }})()")
    assert session(browser, "returns.dream") == aim
    assert len(aim) > 2
    assert session(browser, "dream.temperature") == 0.5


def dream_that_predicts(browser: Browser, reward: float, done: float) -> str:
    """The message at the end of C's dream with an M that predicts these in every step."""
    heads = f"() => ({{reward: {reward}, done: {done}}})"
    browser.evaluate(f"play.session.memory.rewardAndDone = {heads}, undefined")
    browser.key("r")
    browser.evaluate(f"{{ {TO_THE_END} }}")
    return message(browser, "dream")


def test_a_dream_of_carracing_ends_when_m_says_so(browser, pages):
    browser.open(pages / "carracing.html")
    assert dream_that_predicts(browser, 1, 1).startswith("M predicts the end\n")
    assert session(browser, "steps") == 1
    assert dream_that_predicts(browser, -0.4, 0).startswith("M sees no road\n")
    assert session(browser, "steps") == 40
    assert "fantasy" not in message(browser, "dream")
    assert dream_that_predicts(browser, 3, 0).startswith("Time is up\n")
    assert session(browser, "steps") == 250


def test_a_dreamt_return_that_no_game_gives_is_called_fantasy(browser, pages):
    browser.open(pages / "carracing.html")
    said = dream_that_predicts(browser, 1222 / 250, 0)
    assert "The game gives 1,000 at most: +1222 is M's fantasy, not a score." in said
    assert "fantasy" in browser.evaluate("document.getElementById('fantasy').innerText")


def test_dreams_of_carracing_start_at_the_temperature_that_c_learned_at(browser, pages):
    browser.open(pages / "carracing.html")
    assert session(browser, "dream.temperature") == 1.3
    shown = "document.getElementById('temperature-value').textContent"
    assert browser.evaluate(shown) == "1.30"
    slide = "temperature.value = {}, temperature.dispatchEvent(new Event('input'))"
    browser.evaluate(slide.format(0))
    assert browser.evaluate(shown) == "1.00"
    browser.evaluate(slide.format(1))  # the place of the slider that is nearest to 1.3
    assert session(browser, "dream.temperature") == 1.3
