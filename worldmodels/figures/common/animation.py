"""Paper for animations: painted on with soft edges, given out frame by frame in the 256 colours of
a GIF.

Only what has changed since the last frame is worked on, so that a frame costs what moves in it, not
what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]  # (height, width, 3)
Points = NDArray[np.float64]  # (n, 2): x, y in pixels, (0, 0) at the top left
Box = tuple[int, int, int, int]  # left, top, right, bottom
SOFTNESS = 4  # sub-pixels along each side of a pixel
LINE_WIDTH = 2.2  # pixels
DOT = 4.5  # radius, pixels
FONT_SIZE = 13  # pixels


class Canvas:
    """A picture to paint on. What is painted is gone after the next frame, unless it stays.

    Args:
        ground: what stands still, (height, width, 3).
    """

    def __init__(self, ground: Picture) -> None:
        self._picture = ground.copy()
        self._indexed: Image.Image | None = None
        self._changed: list[Box] = []
        self._covered: list[tuple[Box, Picture]] = []  # what lies under all that will be gone
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self._font = ImageFont.truetype(fonts / "DejaVuSans.ttf", FONT_SIZE)

    def choose_colours(self) -> None:
        """Take the 256 colours of all frames from what is on the paper now; it is then gone."""
        image = Image.fromarray(self._picture)
        self._palette = image.quantize(256, method=Image.Quantize.FASTOCTREE)
        self._uncover()
        self._indexed = self._reduced((0, 0, image.width, image.height))
        self._changed.clear()

    def frame(self) -> Image.Image:
        """What is on the paper now."""
        assert self._indexed is not None, "choose_colours comes first"
        for box in self._changed:
            self._indexed.paste(self._reduced(box), box[:2])
        self._changed.clear()
        image = self._indexed.copy()
        self._uncover()
        return image

    def stroke(self, points: Points, colour: str, *, stays: bool = False) -> None:
        """Paint a line."""
        box = self._around(points, LINE_WIDTH)
        mask, local = _sheet(box, points)
        pen = ImageDraw.Draw(mask)
        pen.line(local, fill=255, width=round(LINE_WIDTH * SOFTNESS), joint="curve")
        radius = LINE_WIDTH * SOFTNESS / 2
        for x, y in local:  # round ends, so that one stroke goes over into the next
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        self._blend(box, mask.reduce(SOFTNESS), colour, stays)

    def fill(self, points: Points, colour: str) -> None:
        """Paint a polygon."""
        box = self._around(points, 0.0)
        mask, local = _sheet(box, points)
        ImageDraw.Draw(mask).polygon(local, fill=255)
        self._blend(box, mask.reduce(SOFTNESS), colour)

    def dot(self, centre: NDArray[np.float64], colour: str) -> None:
        """Paint a disc about (x, y)."""
        angle = np.linspace(0, 2 * np.pi, 20)
        self.fill(centre + DOT * np.stack([np.cos(angle), np.sin(angle)], axis=1), colour)

    def write(self, right: int, top: int, text: str, colour: str) -> None:
        """A line of text that ends at `right`."""
        width, height = (int(edge) + 1 for edge in self._font.getbbox(text)[2:])
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=self._font)
        self._blend((right - width, top, right, top + height), mask, colour)

    def fill_boxes(self, boxes: Sequence[Box], colours: Sequence[str]) -> None:
        """Paint rectangles of whole pixels, as one change."""
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        self._cover((min(lefts), min(tops), max(rights), max(bottoms)))
        for box, colour in zip(boxes, colours, strict=True):
            self._picture[_region(box)] = _rgb(colour)

    def draw_image(self, left: int, top: int, picture: Picture) -> None:
        """Lay a picture (height, width, 3) on the paper."""
        height, width, _ = picture.shape
        box = (left, top, left + width, top + height)
        self._cover(box)
        self._picture[_region(box)] = picture

    def _around(self, points: Points, margin: float) -> Box:
        """The whole pixels that points and a margin touch, as far as they lie on the paper."""
        height, width, _ = self._picture.shape
        left, top = np.clip(np.floor(points.min(axis=0) - margin - 1), 0, (width - 1, height - 1))
        right, bottom = np.clip(
            np.ceil(points.max(axis=0) + margin + 1), (left + 1, top + 1), (width, height)
        )
        return int(left), int(top), int(right), int(bottom)

    def _blend(self, box: Box, cover: Image.Image, colour: str, stays: bool = False) -> None:
        if stays:
            self._changed.append(box)
        else:
            self._cover(box)
        share = np.asarray(cover, np.float32)[:, :, None] / 255
        region = self._picture[_region(box)]
        region[...] = np.rint(region + share * (_rgb(colour) - region))

    def _cover(self, box: Box) -> None:
        self._changed.append(box)
        self._covered.append((box, self._picture[_region(box)].copy()))

    def _uncover(self) -> None:
        for box, under in reversed(self._covered):
            self._picture[_region(box)] = under
            self._changed.append(box)
        self._covered.clear()

    def _reduced(self, box: Box) -> Image.Image:
        image = Image.fromarray(np.ascontiguousarray(self._picture[_region(box)]))
        return image.quantize(palette=self._palette, dither=Image.Dither.NONE)


def _rgb(colour: str) -> NDArray[np.float32]:
    """Red, green and blue of a colour's name, 0 to 255."""
    return np.array(to_rgb(colour), np.float32) * 255


def save_gif(
    path: Path, frames: Sequence[Image.Image], frames_per_second: int, hold: float
) -> None:
    """Write an animation that runs for ever, its last frame held for `hold` seconds.

    A GIF counts in hundredths of a second: frames take turns in being a hundredth longer.
    """
    starts = np.rint(np.arange(len(frames)) * 100 / frames_per_second).astype(int)
    durations = [*(10 * np.diff(starts)).tolist(), round(1000 * hold)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)


def _region(box: Box) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def _sheet(box: Box, points: Points) -> tuple[Image.Image, list[tuple[float, float]]]:
    """A blank mask of the sub-pixels in a box, and points in it."""
    left, top, right, bottom = box
    mask = Image.new("L", ((right - left) * SOFTNESS, (bottom - top) * SOFTNESS))
    return mask, [(x, y) for x, y in ((points - (left, top)) * SOFTNESS).tolist()]
