"""Checks of what no section of params.yaml alone shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worldmodels.pipeline.config.env_params import GymnasiumParams, RacingParams

if TYPE_CHECKING:
    from worldmodels.pipeline.config.params import Params

COLUMN = 8  # pixels of a column of column_vae
CONV_VAE_VIEWS = ((64, 64), (28, 32), (28, 80))  # height and width that conv_vae takes


def check_sections(params: Params) -> None:
    """Refuse sections that do not fit each other.

    Raises:
        ValueError: there are such; begins with the key.
    """
    if params.evolve_c.train_in == "dream" and not params.train_m.predict_reward_done:
        raise ValueError(
            "train_m.predict_reward_done: must be true for evolve_c.train_in: dream, whose "
            "rewards and episode ends are what M predicts; found False"
        )
    in_dreams = params.train_c and params.train_c.train_in == "dream"
    if in_dreams and not params.train_m.predict_reward_done:
        raise ValueError(
            "train_m.predict_reward_done: must be true for train_c.train_in: dream, whose rewards "
            "and episode ends are what M predicts; found False"
        )
    if params.collect.shaped_rewards and isinstance(params.env, RacingParams | GymnasiumParams):
        raise ValueError(
            "collect.shaped_rewards: must be false in env.kind: racing or gymnasium, of whose "
            "rewards to come nothing is known before; found True"
        )
    height, width, _ = params.env.view.shape
    if params.train_v.kind == "conv_vae" and (height, width) not in CONV_VAE_VIEWS:
        racing = isinstance(params.env, RacingParams)
        size = f"env.view.{'size' if racing else 'height and width'} to 64"
        raise ValueError(
            "train_v.kind: conv_vae takes views of 64 x 64 pixels, 28 x 32 or 28 x 80; found "
            f"{height} x {width}: set {size}, or take vae"
        )
    if params.train_m.kind == "conv_lstm" and params.train_v.kind != "column_vae":
        raise ValueError(
            "train_m.kind: conv_lstm takes the z of columns: set train_v.kind to column_vae, "
            f"or take lstm; found train_v.kind: {params.train_v.kind}"
        )
    if params.train_v.kind == "column_vae":
        _check_columns(width, params.train_v.z_size)


def _check_columns(width: int, z_size: int) -> None:
    """Refuse what column_vae cannot split into columns.

    Raises:
        ValueError: the width or the size of z; begins with the key.
    """
    if width % COLUMN:
        raise ValueError(
            f"train_v.kind: column_vae takes views whose width is a multiple of {COLUMN}; found "
            f"{width}: set env.view.width to such a one, or take vae"
        )
    columns = width // COLUMN
    if z_size % columns:
        raise ValueError(
            f"train_v.z_size: must be a multiple of {columns} for column_vae, as many numbers of "
            f"each of {columns} columns of {COLUMN} pixels; found {z_size}"
        )
