"""The six experiments in Chromium, opened from disk."""

import pytest

from tests.support.browser import Browser

GRASS = "document.getElementById('v-view').getContext('2d').getImageData(0, 0, 1, 1).data[0]"
SIZES = [(390, 844), (844, 390), (1280, 800)]
DRAWN_ANEW = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def value(browser: Browser, expression: str):
    return browser.evaluate(expression)


def text(browser: Browser, element: str) -> str:
    return browser.evaluate(f"document.getElementById('{element}').textContent")


def click(browser: Browser, element: str) -> None:
    browser.evaluate(f"document.getElementById('{element}').click()")


def slide(browser: Browser, element: str, to: float) -> None:
    """Move a range input as a person does."""
    browser.evaluate(
        f"(input => {{ input.value = {to}; input.dispatchEvent(new Event('input')); }})"
        f"(document.getElementById('{element}'))"
    )


def scroll_to(browser: Browser, section: str) -> None:
    browser.evaluate(f"document.querySelector('#{section} .toy').scrollIntoView()")


@pytest.fixture
def still(browser, page):
    """The article where nothing moves by itself; afterwards nothing must have gone wrong."""
    browser.open(page, prefers_reduced_motion="reduce")
    yield browser
    assert browser.errors == []


def test_numbers_of_z_change_vs_picture_and_come_back(still):
    decoded = "Array.from(article.v.decoded)"
    own = value(still, decoded)
    still.evaluate("document.querySelector('#v-sliders input').focus()")
    for _ in range(5):
        still.key("ArrowRight")
    changed = value(still, decoded)
    assert changed != own
    click(still, "v-random")
    assert value(still, decoded) not in (own, changed)
    click(still, "v-back")
    assert value(still, decoded) == own
    slide(still, "v-moment", 90)
    assert value(still, decoded) != own


def test_a_dream_goes_on_from_the_chosen_moment_at_the_chosen_temperature(still):
    dreamt = "article.m.dreamt.map((view) => Array.from(view))"
    first = value(still, dreamt)
    assert len(first) == 37
    slide(still, "m-temperature", -20)
    assert text(still, "m-temperature-value") == "0.01"
    cold = value(still, dreamt)
    assert cold[0] == first[0]
    assert cold != first
    click(still, "m-again")
    again = value(still, dreamt)  # other noise changes little in a cold dream
    differences = [
        sum(
            abs(a - b)
            for ours, theirs in zip(one, cold, strict=False)
            for a, b in zip(ours, theirs, strict=True)
        )
        for one in (again, first)
    ]
    assert differences[0] < differences[1]
    slide(still, "m-moment", 60)
    assert value(still, dreamt)[0] != first[0]
    scroll_to(still, "m")
    click(still, "m-play")
    still.wait_for("article.m.at > 1")


def test_c_drives_without_any_one_number_but_not_without_many(still):
    assert value(still, "article.c.whole.return") > 110
    cells = "document.querySelectorAll('.cell')"
    pressed = "document.querySelectorAll('.cell[aria-pressed=false]').length"
    for number in range(16):
        still.evaluate(f"{cells}[{number}].click()")
        assert value(still, "article.c.drive.finish().return") > 90
        still.evaluate(f"{cells}[{number}].click()")
    still.evaluate(f"[...{cells}].slice(0, 9).forEach((cell) => cell.click())")
    scroll_to(still, "c")
    still.wait_for(f"{pressed} === 9")
    assert value(still, "article.c.drive.finish().return") < 40
    assert value(still, "article.c.drive.env.offTrack")
    click(still, "c-all")
    still.wait_for(f"{pressed} === 0")
    assert value(still, "article.c.drive.finish().return === article.c.whole.return")
    track = value(still, "article.c.drive.env.track.x[0]")
    click(still, "c-track")
    assert value(still, "article.c.drive.env.track.x[0]") != track


def test_evolution_leaves_the_page_alive_and_each_generation_can_drive(still):
    still.evaluate("article.evolution.settings = {...article.evolution.settings, generations: 3}")
    still.evaluate("article.evolution.prepare()")
    still.evaluate("frames = 0, count = () => { frames++; requestAnimationFrame(count); }, count()")
    scroll_to(still, "evolution")
    click(still, "e-evolve")
    assert text(still, "e-evolve") == "Stop"
    still.wait_for("article.evolution.search.dreamCount > 10")
    click(still, "e-evolve")
    assert text(still, "e-evolve") == "Go on"
    dreams = value(still, "article.evolution.search.dreamCount")
    click(still, "e-evolve")
    still.wait_for("article.evolution.search.done", seconds=30)
    assert value(still, "frames") > 10
    assert dreams < 72 == value(still, "article.evolution.search.dreamCount")
    assert text(still, "e-generation-value") == "3"
    still.wait_for("document.getElementById('e-status').textContent.includes('72 of 72')")
    slide(still, "e-generation", 0)
    assert value(still, "article.evolution.road.finish().return") == 0  # weights of 0
    slide(still, "e-generation", 2)
    assert value(still, "article.evolution.chosen") == 2
    click(still, "e-evolve")
    assert value(still, "article.evolution.search.generation") == 0


def test_the_cheat_pays_in_its_dream_alone(still):
    scroll_to(still, "cheat")
    click(still, "x-play")
    still.wait_for("article.cheat.roads.cold.steps > 1")
    still.evaluate("article.cheat.drives.forEach((drive) => { while (!drive.done) drive.step(); })")
    returns = value(
        still,
        "['dreams', 'roads'].map((kind) => "
        "['cold', 'warm'].map((name) => article.cheat[kind][name].return))",
    )
    (cold_dream, warm_dream), (cold_road, warm_road) = returns
    assert cold_dream > 110
    assert cold_road < 20
    assert min(warm_dream, warm_road) > 80
    still.wait_for("document.getElementById('x-play').textContent === 'Again'")
    assert text(still, "x-road-cold-return") == f"+{cold_road:.1f}"
    assert text(still, "x-road-cold-place") == "off the road"
    click(still, "x-track")
    assert value(still, "article.cheat.roads.cold.steps") == 0
    roads = ("article.cheat.roads.cold.env.track", "article.cheat.roads.warm.env.track")
    assert value(still, " === ".join(roads))


def test_arrows_steer_carracings_dream_and_c_races_along(still):
    scroll_to(still, "carracing")
    still.wait_for("document.getElementById('r-status').textContent.includes('starts the race')")
    press = "((key) => document.activeElement.dispatchEvent(new KeyboardEvent("
    press += "'keydown', {key, bubbles: true, cancelable: true})))"
    assert value(still, f"{press}('ArrowUp')")  # scrolls the page
    assert not value(still, "article.carracing.running")
    assert not value(still, f"{press}('ArrowLeft')")
    assert value(still, "document.activeElement.id") == "r-stage"
    assert not value(still, f"{press}('ArrowUp')")  # does not scroll any longer
    still.wait_for("article.carracing.you.steps > 3")
    steer, pedal = value(still, "article.carracing.action")
    assert steer < 0 < pedal  # left is negative in CarRacing
    still.key("ArrowUp", down=False)
    still.key("ArrowLeft", down=False)
    assert value(still, "article.carracing.pressed.size") == 0
    assert value(still, "article.carracing.ghost.steps > 3")
    while not value(still, "article.carracing.done"):
        still.evaluate("article.carracing.advance()")
    still.wait_for("/You win|C is ahead/.test(document.getElementById('r-status').textContent)")
    assert value(still, "article.carracing.ghost.return") > 100
    click(still, "r-restart")
    assert value(still, "article.carracing.number") == 1
    click(still, "r-watch")
    still.wait_for("article.carracing.ghost.steps > 2")
    assert value(still, "article.carracing.you.steps") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_page_fits_the_screen_and_the_race_is_on_it_whole(browser, page, width, height, scheme):
    media = {"prefers_color_scheme": scheme, "prefers_reduced_motion": "reduce"}
    browser.open(page, width, height, **media)
    assert value(browser, "document.documentElement.scrollWidth") <= width
    boxes = value(
        browser,
        "['r-you', 'r-ghost', ...document.querySelectorAll('.pad button')].map((each) => "
        "(each.tagName ? each : document.getElementById(each)).getBoundingClientRect().toJSON())",
    )
    assert max(box["bottom"] for box in boxes) - min(box["top"] for box in boxes) <= height
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44
    assert (value(browser, GRASS) > 128) == (scheme == "light")
    assert browser.errors == []


def test_experiments_run_by_themselves_on_the_screen_only(browser, page):
    browser.open(page)
    scroll_to(browser, "c")
    browser.wait_for("article.c.drive.steps > 2")
    assert value(browser, "article.cheat.roads.cold.steps") == 0  # far below
    assert value(browser, "article.evolution.search.dreamCount") == 0  # waits for its button
    browser.open(page, prefers_reduced_motion="reduce")
    scroll_to(browser, "c")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
    assert value(browser, "article.c.drive.steps") == 0
    click(browser, "c-play")
    browser.wait_for("article.c.drive.steps > 0")
    assert browser.errors == []


def test_the_pictures_follow_the_theme(browser, page):
    browser.open(page)
    assert value(browser, GRASS) > 128
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    browser.call("Emulation.setEmulatedMedia", features=[dark])
    browser.wait_for(f"{GRASS} < 128")


def test_every_control_has_a_name_for_screen_readers(still):
    unnamed = value(
        still,
        "[...document.querySelectorAll('button, input, canvas')].filter((each) => !("
        "each.getAttribute('aria-label') || each.textContent.trim() || each.labels?.length"
        ")).map((each) => each.id)",
    )
    assert unnamed == []


def test_no_text_of_a_chart_is_cut_at_its_sides(still):
    still.evaluate(
        """cut = [], count = 0, checked = false, ((context, draw) => {
            context.fillText = function (text, x, y) {
                const { width } = this.measureText(text);
                const left = x - { left: 0, center: width / 2, right: width }[this.textAlign];
                const isCut = left < 0 || left + width > this.canvas.clientWidth;
                if (checked && isCut) cut.push(text);
                count += checked;
                draw.call(this, text, x, y);
            };
        })(CanvasRenderingContext2D.prototype, CanvasRenderingContext2D.prototype.fillText)"""
    )
    for width, height in SIZES:
        still.resize(width, height)
        still.evaluate(DRAWN_ANEW)  # charts learn their new size in the next frame
        drawings = ("c.draw(1)", "evolution.drawChart()", "cheat.drawStudy()", "carracing.draw()")
        for each in drawings:
            still.evaluate(f"checked = true, article.{each}, checked = false")
    assert value(still, "count") > 20
    assert value(still, "cut") == []
