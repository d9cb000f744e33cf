"""Steps per second of the interactive page's dream, each drawn, in Chromium on one core.

python -m benchmarks.page_speed reports/play.html carracing/released/reports/play.html
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.browser import ONE_CORE, Browser, chromium

STEPS, REPEATS = 300, 3
SECONDS = 2
AT_SCREEN_RATE = """new Promise((resolve) => {
  const { session } = play;
  const [steps, start] = [session.steps, performance.now()];
  setTimeout(() => resolve(1000 * (session.steps - steps) / (performance.now() - start)), %d);
})"""


def dream_speed(browser: Browser, page: Path) -> tuple[float, float]:
    """Steps per second of a dream: without waiting for the screen, and with it, at a requested 60
    per second and with C as driver.
    """
    browser.open(page)
    number = browser.evaluate("1 + Object.keys(play.session.modes).indexOf('dream')")
    browser.key(str(number))
    fastest = max(browser.evaluate(f"play.measure({STEPS})") for _ in range(REPEATS))
    browser.key("c")
    browser.evaluate("speed.value = 60, speed.dispatchEvent(new Event('input'))")
    browser.evaluate("play.session.settings.max_steps = Infinity")
    browser.key("r")
    at_screen_rate = browser.evaluate(AT_SCREEN_RATE % (1000 * SECONDS))
    return fastest, at_screen_rate


def main() -> None:
    """Print the table."""
    print("| page | steps/s, each drawn | steps/s of 60 requested, at the screen's rate |")
    print("|---|---:|---:|")
    for name in sys.argv[1:] or ["reports/play.html"]:
        with chromium(*ONE_CORE) as browser:
            fastest, at_screen_rate = dream_speed(browser, Path(name))
        print(f"| {name} | {fastest:,.0f} | {at_screen_rate:.0f} |")


if __name__ == "__main__":
    main()
