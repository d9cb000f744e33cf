"""How fast a page to play in dreams, drawing each step, in Chromium on one core.

python -m benchmarks.page reports/play.html carracing/released/reports/play.html
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.browser import ONE_CORE, Browser, chromium

STEPS, TURNS = 300, 3
SECONDS = 2
AT_THE_SCREENS_PACE = """new Promise((done) => {
  const { session } = play;
  const [from, start] = [session.steps, performance.now()];
  setTimeout(() => done(1000 * (session.steps - from) / (performance.now() - start)), %d);
})"""


def dreaming(browser: Browser, page: Path) -> tuple[float, float]:
    """Steps a second: as fast as they come, each drawn; and of 60 that are asked for, with C at the
    wheel and the pictures of the screen.
    """
    browser.open(page)
    number = browser.evaluate("1 + Object.keys(play.session.modes).indexOf('dream')")
    browser.key(str(number))
    most = max(browser.evaluate(f"play.measure({STEPS})") for _ in range(TURNS))
    browser.key("c")
    browser.evaluate("speed.value = 60, speed.dispatchEvent(new Event('input'))")
    browser.evaluate("play.session.settings.max_steps = Infinity")
    browser.key("r")
    paced = browser.evaluate(AT_THE_SCREENS_PACE % (1000 * SECONDS))
    return most, paced


def main() -> None:
    """Print the table."""
    print("| page | steps a second, each drawn | of 60 asked for, at the screen's pace |")
    print("|---|---:|---:|")
    for name in sys.argv[1:] or ["reports/play.html"]:
        with chromium(*ONE_CORE) as browser:
            most, paced = dreaming(browser, Path(name))
        print(f"| {name} | {most:,.0f} | {paced:.0f} |")


if __name__ == "__main__":
    main()
