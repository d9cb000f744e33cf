"""The picture of the page in README, taken in Chromium: `python -m tests.play_picture`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from tests.support.browser import Browser, chromium
from tests.support.imports import ROOT

PAGE = ROOT / "reports" / "play.html"
PICTURE = ROOT / "reports" / "figures" / "play.png"
HEIGHT = 800  # pixels of the picture
SHOTS = (  # mode, width, height, theme, steps
    ("4", 1280, 1135, "light", 34),
    ("1", 390, 1135, "dark", 34),
)
GAP = 12


def shot(browser: Browser, path: Path, mode: str, steps: int) -> Image.Image:
    """A mode of the page that is open, paused after so many steps."""
    browser.key(mode)
    browser.key("p")
    while browser.evaluate("play.session.steps") < steps:
        browser.key(".")
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    browser.screenshot(path, whole=False)
    return Image.open(path).convert("RGB")


def main() -> None:
    """Write it."""
    shots = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for mode, width, height, theme, steps in SHOTS:
            browser.open(PAGE, width, height, prefers_color_scheme=theme)
            whole = shot(browser, Path(folder) / "shot.png", mode, steps)
            size = (round(width * HEIGHT / height), HEIGHT)
            shots.append(whole.resize(size, Image.Resampling.LANCZOS))
    width = sum(each.width for each in shots) + GAP * (len(shots) - 1)
    picture = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for each in shots:
        picture.paste(each, (left, 0))
        left += each.width + GAP
    few = picture.quantize(256, kmeans=8, dither=Image.Dither.NONE)  # a third of the bytes
    few.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
