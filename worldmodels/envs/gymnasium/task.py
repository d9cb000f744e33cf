"""The task of any Gymnasium environment with pictures: a track is the seed of its reset."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.gymnasium.env import GymnasiumEnv, action_size
from worldmodels.pipeline.config.env_params import GymnasiumParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import GymnasiumEvaluation, GymnasiumRollouts
from worldmodels.policies.random_weights import RandomWeightsPolicy, WeightPrior
from worldmodels.policies.uniform import UniformPolicy
from worldmodels.rollout.loop import EpisodeStats, Trajectories
from worldmodels.rollout.seed_tracks import SeedTracks
from worldmodels.rollout.task import NO_CONTROLS, Columns, Shaping, no_shaping

REMEDY = "run 'make install-carracing'"  # which installs Gymnasium, Box2D and pygame
# Pictures are drawn in memory: pygame needs to look for no window and no sound card.
SETTINGS = {
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_VIDEODRIVER": "dummy",
    "SDL_AUDIODRIVER": "dummy",
}


class GymnasiumTask(SeedTracks):
    """See `Task`; a track is a seed.

    Raises:
        ParamsError: Gymnasium is not installed, has no such environment or cannot make it, or the
            environment has no pictures, or actions of another space than Box and Discrete.
    """

    max_envs = 8  # an environment costs the same in a small batch
    shard_episodes = True
    has_track = False
    controls = NO_CONTROLS
    rollouts = GymnasiumRollouts
    evaluation = GymnasiumEvaluation

    def __init__(self, params: GymnasiumParams) -> None:
        self._params = params
        self.observation_shape = params.view.shape
        self.max_steps = params.max_steps
        env = make(params, None)
        self.action_size = _checked_action_size(env)
        self._render_mode = None if _is_picture_space(env.observation_space) else "rgb_array"
        modes = env.metadata.get("render_modes", [])
        env.close()
        if self._render_mode and self._render_mode not in modes:
            raise ParamsError(
                f"env.id: {params.id} has no pictures: it observes {_short(env.observation_space)} "
                f"and renders {', '.join(map(str, modes)) or 'nothing'}; it should observe uint8 "
                "of (height, width, 1 or 3), or render rgb_array"
            )
        self.picture_shape = self._first_picture()

    def make_env(
        self, tracks: Sequence[int], num_envs: int, view: tuple[int, int, int] | None = None
    ) -> GymnasiumEnv:
        """See `Task`; if a view is given, observations have its shape, and are not inverted."""
        return GymnasiumEnv(
            partial(make, self._params, self._render_mode),
            self._render_mode is not None,
            tracks,
            num_envs,
            self.max_steps,
            view or self.observation_shape,
            self._params.view.inverted and view is None,
            self._params.frame_skip,
        )

    def random_policy(self, rng: np.random.Generator) -> UniformPolicy:
        """See `Task`."""
        return UniformPolicy(self.action_size, rng)

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """See `Task`; all numbers of an action are alike."""
        each = self.action_size
        prior = WeightPrior((1.0,) * each, (0.0,) * each, (0.5,) * each, noise=1.0)
        return RandomWeightsPolicy(self.observation_shape, prior, rng)

    def episode_columns(
        self, tracks: Sequence[int], stats: EpisodeStats, trajectories: Trajectories
    ) -> Columns:
        """The seeds."""
        return {"track_seeds": np.array(tracks, np.int64)}

    def shaping(self, stats: EpisodeStats, trajectories: Trajectories) -> Shaping:
        """None: nothing is known of the rewards to come."""
        return no_shaping(stats)

    def metrics(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """None besides those of every environment."""
        return {}

    def _first_picture(self) -> tuple[int, int]:
        """Height and width of what the environment shows."""
        env = make(self._params, self._render_mode)
        try:
            observed, _ = env.reset(seed=0)
            picture = env.render() if self._render_mode else observed
        except ImportError as error:  # of pygame, which is imported when it is needed
            raise ParamsError(_cannot_make(self._params, error)) from None
        finally:
            env.close()
        shape, dtype = np.shape(picture), getattr(picture, "dtype", type(picture).__name__)
        if dtype != np.uint8 or not _is_picture_shape(shape):
            raise ParamsError(
                f"env.id: {self._params.id} renders {dtype} of shape {shape}; a picture is uint8 "
                "of (height, width, 3)"
            )
        return shape[0], shape[1]


def make(params: GymnasiumParams, render_mode: str | None) -> Any:
    """The environment that the params name, as gymnasium.make gives it.

    Raises:
        ParamsError: Gymnasium is not installed, has no such environment, or cannot make it.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import gymnasium
    except ImportError as error:
        raise ParamsError(
            f"env.kind: gymnasium needs a package that is not installed ({error}): {REMEDY}"
        ) from None
    kwargs: dict[str, Any] = params.kwargs
    with warnings.catch_warnings():  # of old versions; Box2D's crash if they become errors
        warnings.simplefilter("ignore")
        try:
            return gymnasium.make(
                params.id, render_mode=render_mode, disable_env_checker=True, **kwargs
            )
        except (ImportError, gymnasium.error.Error) as error:
            raise ParamsError(_cannot_make(params, error)) from None
        except TypeError as error:  # of the environment's __init__
            raise ParamsError(
                f"env.kwargs: {params.id} does not take {_short(params.kwargs)}: {_line(error)}"
            ) from None


def _cannot_make(params: GymnasiumParams, error: Exception) -> str:
    extra = any(name in str(error).lower() for name in ("box2d", "pygame"))
    remedy = f"; {REMEDY}" if extra else ""
    return f"env.id: {params.id} cannot be made: {_line(error)}{remedy}"


def _checked_action_size(env: Any) -> int:
    """Numbers of an action.

    Raises:
        ParamsError: the actions are of another space.
    """
    from gymnasium.spaces import Box, Discrete

    space = env.action_space
    bounded = isinstance(space, Box) and space.dtype.kind == "f" and space.is_bounded()
    if not (bounded or isinstance(space, Discrete)):
        raise ParamsError(
            f"env.id: actions of {env.spec.id} are {_short(space)}; they should be Discrete, or a "
            "Box of floats with bounds"
        )
    return action_size(space)


def _is_picture_space(space: Any) -> bool:
    return space.dtype == np.uint8 and _is_picture_shape(space.shape)


def _is_picture_shape(shape: tuple[int, ...]) -> bool:
    """Whether it is (height, width), or with 1 or 3 channels, of 8 pixels or more."""
    return len(shape) in (2, 3) and shape[2:] in ((), (1,), (3,)) and min(shape[:2]) >= 8


def _short(thing: object) -> str:
    text = _line(thing)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _line(thing: object) -> str:
    return " ".join(str(thing).split()).rstrip(".")
