"""Takes README's screenshot of the page: `python -m tests.support.page_screenshot`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from tests.support.browser import Browser, chromium
from tests.support.project import ROOT

PAGE = ROOT / "reports" / "play.html"
OUTPUT = ROOT / "reports" / "figures" / "play.png"
HEIGHT = 800  # pixels of the output
SHOTS = (  # mode's key, width and height of the window, theme, steps
    ("4", 1280, 1135, "light", 34),
    ("1", 390, 1135, "dark", 34),
)
GAP = 12  # pixels between two shots


def shot(browser: Browser, path: Path, mode: str, steps: int) -> Image.Image:
    """The open page in a mode, paused after a number of steps."""
    browser.key(mode)
    browser.key("p")
    while browser.evaluate("play.session.steps") < steps:
        browser.key(".")
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    browser.screenshot(path, whole=False)
    return Image.open(path).convert("RGB")


def main() -> None:
    """Write the screenshot."""
    shots = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for mode, width, height, theme, steps in SHOTS:
            browser.open(PAGE, width, height, prefers_color_scheme=theme)
            image = shot(browser, Path(folder) / "shot.png", mode, steps)
            size = (round(width * HEIGHT / height), HEIGHT)
            shots.append(image.resize(size, Image.Resampling.LANCZOS))
    width = sum(each.width for each in shots) + GAP * (len(shots) - 1)
    output = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for each in shots:
        output.paste(each, (left, 0))
        left += each.width + GAP
    palette = output.quantize(256, kmeans=8, dither=Image.Dither.NONE)  # a third of the bytes
    palette.save(OUTPUT, optimize=True)


if __name__ == "__main__":
    main()
