"""The section `env` of params.yaml: the environment, its observations, an episode's length."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta

from worldmodels.pipeline.config.section import Section

Length = Annotated[float, Meta(gt=0, le=1000)]  # world units
Signed = Annotated[float, Meta(ge=-1000, le=1000)]
Order = Annotated[int, Meta(ge=1, le=64)]
EpisodeSteps = Annotated[int, Meta(ge=4, le=10_000)]  # M learns from no fewer
FrameSkip = Annotated[int, Meta(ge=1, le=16)]  # frames that an action is repeated for
Pixels = Annotated[int, Meta(ge=8, le=128, multiple_of=4)]  # of 4 x 4 cells, see random_weights

LengthRange = tuple[Length, Length]
SignedRange = tuple[Signed, Signed]

Kwarg = Annotated[float, Meta(ge=-1e9, le=1e9)]
ENV_ID = re.compile(
    r"([A-Za-z0-9_.]{1,99}:)?([A-Za-z0-9_-]{1,99}/)?[A-Za-z0-9_.-]{1,99}-v[0-9]{1,9}"
)

CAR_RACING_VIEWS = ((28, 32), (64, 64))  # height and width
DOOM_VIEWS = ((28, 80), (64, 64))
DOOM_ACTION_THRESHOLD = 1 / 3  # as in envs/doom/env.py


class HarmonicParams(Section, frozen=True):
    """One term `amplitude * cos(2 pi order s + phase)` of the centreline's radius."""

    order: Order
    amplitude: Signed  # world units
    phase: Signed  # radians


class FixedTrack(Section, frozen=True):
    """The one track of `tracks: fixed`."""

    radius: Length
    harmonics: Annotated[tuple[HarmonicParams, ...], Meta(max_length=64)]
    half_width: Length


class HarmonicRange(Section, frozen=True):
    """A term of the radius whose amplitude is drawn from a range, and its phase from [0, 2 pi)."""

    order: Order
    amplitude: SignedRange  # world units

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards."""
        _check_ranges(self, "amplitude")


class RandomTracks(Section, frozen=True):
    """Ranges, from and to, that the tracks of `tracks: random` are drawn from."""

    radius: LengthRange
    harmonics: Annotated[tuple[HarmonicRange, ...], Meta(max_length=64)]
    half_width: LengthRange

    def __post_init__(self) -> None:
        """Refuse ranges that run backwards."""
        _check_ranges(self, "radius", "half_width")


class RacingView(Section, frozen=True):
    """The camera of the racing environment."""

    size: Literal[16, 32, 64]  # pixels along one side
    channels: Literal[1, 3]  # road or not; red, green, blue
    reach: Annotated[float, Meta(gt=0, le=24)]  # ahead, behind, left and right; world units

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an observation: height, width, channels."""
        return self.size, self.size, self.channels


class RacingParams(Section, frozen=True, tag_field="kind", tag="racing"):
    """The racing environment of this project."""

    tracks: Literal["fixed", "random"]  # one track for all episodes, or a new one for each
    fixed_track: FixedTrack
    random_tracks: RandomTracks
    view: RacingView
    max_steps: EpisodeSteps


class CarRacingView(Section, frozen=True):
    """What is kept of CarRacing's RGB frames."""

    height: Literal[28, 64]  # pixels; 28 x 32 or 64 x 64
    width: Literal[32, 64]

    def __post_init__(self) -> None:
        """Refuse a height and a width that do not belong together."""
        _check_size(self.height, self.width, CAR_RACING_VIEWS)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an observation: height, width, channels."""
        return self.height, self.width, 3


class CarRacingParams(Section, frozen=True, tag_field="kind", tag="carracing"):
    """Gymnasium's CarRacing-v3."""

    view: CarRacingView
    frame_skip: FrameSkip
    max_steps: EpisodeSteps  # actions, not frames


class DoomView(Section, frozen=True):
    """What is kept of Doom's RGB screen."""

    height: Literal[28, 64]  # pixels; 28 x 80, the band of the horizon, or the paper's 64 x 64
    width: Literal[80, 64]

    def __post_init__(self) -> None:
        """Refuse a height and a width that do not belong together."""
        _check_size(self.height, self.width, DOOM_VIEWS)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an observation: height, width, channels."""
        return self.height, self.width, 3


class DoomParams(Section, frozen=True, tag_field="kind", tag="doom"):
    """ViZDoom's Take Cover."""

    view: DoomView
    frame_skip: FrameSkip  # tics that an action is repeated for
    max_steps: EpisodeSteps  # actions, not tics; the paper's 2,100 tics are 525 of 4


class GymnasiumView(Section, frozen=True):
    """What is kept of the pictures of an environment."""

    height: Pixels
    width: Pixels
    channels: Literal[1, 3]  # grey; red, green, blue
    inverted: bool  # white becomes black: V learns little from pictures that are mostly white

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an observation: height, width, channels."""
        return self.height, self.width, self.channels


class GymnasiumParams(Section, frozen=True, tag_field="kind", tag="gymnasium"):
    """Any environment of Gymnasium that has pictures, and actions of the spaces Box or Discrete."""

    id: str  # as gymnasium.make takes it, with a version
    kwargs: dict[str, bool | int | Kwarg | str]  # of gymnasium.make
    view: GymnasiumView
    frame_skip: FrameSkip
    max_steps: EpisodeSteps  # actions, not frames

    def __post_init__(self) -> None:
        """Refuse what is no id, and the argument that the task gives itself."""
        if not ENV_ID.fullmatch(self.id):
            raise ValueError(
                "id: must be as gymnasium.make takes it, with a version: Pendulum-v1, or "
                f"module:Name-v0; found {self.id[:80]!r}"
            )
        if "render_mode" in self.kwargs:
            raise ValueError("kwargs: render_mode is set by the pipeline, and cannot be given")


# Told apart by `kind`
EnvParams = RacingParams | CarRacingParams | DoomParams | GymnasiumParams


def _check_size(height: int, width: int, views: tuple[tuple[int, int], ...]) -> None:
    """Refuse a height and a width that are no view.

    Raises:
        ValueError: they are none; begins with the key.
    """
    if (height, width) not in views:
        raise ValueError(
            f"width: must be {dict(views)[height]} for a height of {height}; found {width}"
        )


def _check_ranges(section: Section, *keys: str) -> None:
    """Refuse a range whose start is above its end.

    Raises:
        ValueError: there is such a range; begins with the key.
    """
    for key in keys:
        start, end = getattr(section, key)
        if start > end:
            raise ValueError(f"{key}: must run from the lower to the higher; found {start}, {end}")
