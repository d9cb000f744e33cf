"""A canvas for animations: antialiased drawing, and frames in the 256 colours of a GIF.

Only the regions that changed since the last frame are worked on, so a frame costs time in
proportion to what moves in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from worldmodels.figures.common.matplotlib_defaults import FONTS, FT2Font, LoadFlags, to_rgb
from worldmodels.figures.common.style import with_minus_signs

RGB = NDArray[np.uint8]  # (height, width, 3)
Points = NDArray[np.float64]  # (n, 2): x, y in pixels, (0, 0) at the top left
Box = tuple[int, int, int, int]  # left, top, right, bottom
SUBPIXELS = 4  # along each side of a pixel, for antialiasing
LINE_WIDTH = 2.2  # pixels
DOT_RADIUS = 4.5  # pixels
FONT_SIZE = 13  # pixels
# Of a palette; none is between 245 and white, because Pillow would take it for white.
GREYS = np.array([*range(0, 250, 5), 255], np.uint8)
FREQUENT = 64  # colours of a palette, as they are
TINT = 8  # largest difference of red, green and blue in a grey
FONT = FONTS / "DejaVuSans.ttf"


class Canvas:
    """An RGB image to draw on. The next frame erases what was drawn, unless it is permanent.

    Args:
        background: what no frame changes, (height, width, 3).
    """

    def __init__(self, background: RGB) -> None:
        self._image = background.copy()
        self._indexed: Image.Image | None = None  # the same in the palette's colours
        self._changed: list[Box] = []
        self._covered: list[tuple[Box, RGB]] = []  # what lies under the drawings to erase
        self._layout = FT2Font(FONT)
        self._layout.set_size(FONT_SIZE, 72)

    def choose_colours(self, colours: RGB | None = None) -> None:
        """Take the 256 colours of all frames from what is on the canvas now, then erase it.

        Args:
            colours: (1, n, 3), n up to 256: take these in place of `palette_of` the canvas.
        """
        self._palette = Image.new("P", (1, 1))
        chosen = palette_of(self._image) if colours is None else colours
        self._palette.putpalette(chosen.tobytes())
        self._erase()
        height, width, _ = self._image.shape
        self._indexed = self._quantized((0, 0, width, height))
        self._changed.clear()

    def frame(self) -> Image.Image:
        """The canvas as it is now."""
        assert self._indexed is not None, "choose_colours comes first"
        for box in _outermost(self._changed):
            self._indexed.paste(self._quantized(box), box[:2])
        self._changed.clear()
        image = self._indexed.copy()
        self._erase()
        return image

    def stroke(self, points: Points, colour: str, *, permanent: bool = False) -> None:
        """Draw a line."""
        box = self._around(points, LINE_WIDTH)
        mask, local = _mask(box, points)
        pen = ImageDraw.Draw(mask)
        pen.line(local, fill=255, width=round(LINE_WIDTH * SUBPIXELS), joint="curve")
        radius = LINE_WIDTH * SUBPIXELS / 2
        for x, y in local:  # round ends, so that consecutive strokes join
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        self._blend(box, mask.reduce(SUBPIXELS), colour, permanent)

    def fill(self, points: Points, colour: str) -> None:
        """Draw a filled polygon."""
        box = self._around(points, 0.0)
        mask, local = _mask(box, points)
        ImageDraw.Draw(mask).polygon(local, fill=255)
        self._blend(box, mask.reduce(SUBPIXELS), colour)

    def dot(self, centre: NDArray[np.float64], colour: str) -> None:
        """Draw a disc around (x, y)."""
        angle = np.linspace(0, 2 * np.pi, 20)
        self.fill(centre + DOT_RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1), colour)

    def write(self, right: int, top: int, text: str, colour: str) -> None:
        """Write a line of text that ends at `right`."""
        mask = self._text_mask(with_minus_signs(text))
        self._blend((right - mask.width, top, right, top + mask.height), mask, colour)

    def fill_boxes(self, boxes: Sequence[Box], colours: Sequence[str]) -> None:
        """Draw rectangles of whole pixels, as one change."""
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        self._cover((min(lefts), min(tops), max(rights), max(bottoms)))
        for box, colour in zip(boxes, colours, strict=True):
            self._image[_region(box)] = _rgb(colour)

    def draw_image(self, left: int, top: int, image: RGB) -> None:
        """Draw an image (height, width, 3), pixel for pixel."""
        height, width, _ = image.shape
        box = (left, top, left + width, top + height)
        self._cover(box)
        self._image[_region(box)] = image

    def _text_mask(self, text: str) -> Image.Image:
        """A line of text in white on black.

        It is drawn glyph by glyph: where Pillow would place them depends on whether FriBiDi is
        installed. Matplotlib has its own.
        """
        positions = self._layout.set_text(text + " ", flags=LoadFlags.NO_HINTING)[:, 0] / 64
        *lefts, end = np.floor(positions + 0.5).astype(int).tolist()
        glyphs = [_glyph(character) for character in text]
        mask = Image.new("L", (end + FONT_SIZE, max((glyph.height for glyph in glyphs), default=1)))
        for left, glyph in zip(lefts, glyphs, strict=True):
            mask.paste(255, (left - FONT_SIZE, 0), glyph)
        ink = mask.getbbox() or (0, 0, 0, 0)
        return mask.crop((0, 0, max(end, ink[2]) + 1, mask.height))

    def _around(self, points: Points, margin: float) -> Box:
        """The box of whole pixels around points and a margin, clipped to the canvas."""
        height, width, _ = self._image.shape
        left, top = np.clip(np.floor(points.min(axis=0) - margin - 1), 0, (width - 1, height - 1))
        right, bottom = np.clip(
            np.ceil(points.max(axis=0) + margin + 1), (left + 1, top + 1), (width, height)
        )
        return int(left), int(top), int(right), int(bottom)

    def _blend(self, box: Box, mask: Image.Image, colour: str, permanent: bool = False) -> None:
        if permanent:
            self._changed.append(box)
        else:
            self._cover(box)
        opacity = np.asarray(mask, np.float32)[:, :, None] / 255
        region = self._image[_region(box)]
        region[...] = np.rint(region + opacity * (_rgb(colour) - region))

    def _cover(self, box: Box) -> None:
        self._changed.append(box)
        self._covered.append((box, self._image[_region(box)].copy()))

    def _erase(self) -> None:
        for box, under in reversed(self._covered):
            self._image[_region(box)] = under
            self._changed.append(box)
        self._covered.clear()

    def _quantized(self, box: Box) -> Image.Image:
        image = Image.fromarray(np.ascontiguousarray(self._image[_region(box)]))
        return image.quantize(palette=self._palette, dither=Image.Dither.NONE)


def palette_of(image: RGB) -> RGB:
    """At most 256 colours (1, n, 3) for images like this one (height, width, 3).

    Greys from black to white come first, so that no grey gets a tint; then the most frequent
    colours, as they are; then those that stand best for all others.
    """
    greys = np.repeat(GREYS[:, None], 3, axis=1)
    red, green, blue = _tinted(image).astype(np.int32).T
    codes, counts = np.unique((red << 16) + (green << 8) + blue, return_counts=True)
    codes = codes[np.argsort(-counts, kind="stable")]
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    frequent, others = colours[:FREQUENT], colours[FREQUENT:]
    if len(others) > (room := 256 - len(GREYS) - FREQUENT):
        quantized = Image.fromarray(others[None]).quantize(room, Image.Quantize.FASTOCTREE)
        found = np.array(quantized.getpalette(), np.uint8)
        others = _tinted(found[: 3 * room].reshape(-1, 3))
    palette: RGB = np.concatenate([greys, frequent, others])[None]
    return palette


def _tinted(colours: RGB) -> RGB:
    """Those (n, 3) of colours (..., 3) that are no greys, nor so near that greys would get them."""
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    most, least = (each(each(red, green), blue) for each in (np.maximum, np.minimum))
    tinted: RGB = colours[most - least > TINT]
    return tinted


def save_gif(
    path: Path, frames: Sequence[Image.Image], frames_per_second: int, hold: float
) -> None:
    """Write an animation that repeats for ever, its last frame held for `hold` seconds.

    Durations in a GIF are whole hundredths of a second; rounding the start times keeps the rate.
    """
    starts = np.rint(np.arange(len(frames)) * 100 / frames_per_second).astype(int)
    durations = [*(10 * np.diff(starts)).tolist(), round(1000 * hold)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, FONT_SIZE, layout_engine=ImageFont.Layout.BASIC)


@cache
def _glyph(character: str) -> Image.Image:
    """A character in white on black, FONT_SIZE from the left: some reach out to it."""
    mask = Image.new("L", (3 * FONT_SIZE, int(_font().getbbox(character)[3]) + 1))
    ImageDraw.Draw(mask).text((FONT_SIZE, 0), character, fill=255, font=_font())
    return mask


def _outermost(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that lie in no other one; of equal ones, the first."""
    outermost: list[Box] = []
    for box in sorted(boxes, key=lambda box: (box[0] - box[2]) * (box[3] - box[1])):
        left, top, right, bottom = box
        if not any(
            a <= left and b <= top and right <= c and bottom <= d for a, b, c, d in outermost
        ):
            outermost.append(box)
    return outermost


@cache
def _rgb(colour: str) -> NDArray[np.float32]:
    """Red, green and blue of a named colour, 0 to 255."""
    return np.array(to_rgb(colour), np.float32) * 255


def _region(box: Box) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def _mask(box: Box, points: Points) -> tuple[Image.Image, list[tuple[float, float]]]:
    """A blank mask of a box's sub-pixels, and the points in its coordinates."""
    left, top, right, bottom = box
    mask = Image.new("L", ((right - left) * SUBPIXELS, (bottom - top) * SUBPIXELS))
    return mask, [(x, y) for x, y in ((points - (left, top)) * SUBPIXELS).tolist()]
