"""Takes README's screenshot of the page: `python -m tests.support.page_screenshot`."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.browser import Browser, chromium
from tests.support.project import ROOT
from worldmodels.figures.page.page import FOLDER

PAGE = ROOT / "reports" / "play.html"
OUTPUT = ROOT / "reports" / "figures" / "play.png"
HEIGHT = 800  # pixels of the output
SHOTS = (  # mode's key, width and height of the window, theme, steps, the key that is held
    ("4", 1280, 1120, "light", 34, None),
    ("2", 390, 1120, "dark", 11, "ArrowUp"),
)
GAP = 12  # pixels between two shots
SOURCE_KEY = "page"  # of the picture's text that says which page it is of


def sources_digest() -> str:
    """A hash of what the page is made of, without the models."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in (".js", ".css", ".html"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def shot(browser: Browser, path: Path, mode: str, steps: int, held: str | None) -> Image.Image:
    """The open page in a mode, paused after a number of steps with a key held."""
    browser.key(mode)
    if held:
        browser.key(held, up=False)
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
        for mode, width, height, theme, steps, held in SHOTS:
            browser.open(PAGE, width, height, prefers_color_scheme=theme)
            image = shot(browser, Path(folder) / "shot.png", mode, steps, held)
            size = (round(width * HEIGHT / height), HEIGHT)
            shots.append(image.resize(size, Image.Resampling.LANCZOS))
    width = sum(each.width for each in shots) + GAP * (len(shots) - 1)
    output = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for each in shots:
        output.paste(each, (left, 0))
        left += each.width + GAP
    palette = output.quantize(256, kmeans=8, dither=Image.Dither.NONE)  # a third of the bytes
    source = PngInfo()
    source.add_text(SOURCE_KEY, sources_digest())
    palette.save(OUTPUT, optimize=True, pnginfo=source)


if __name__ == "__main__":
    main()
