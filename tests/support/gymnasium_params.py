"""Params of the environments of tests/support/point_env.py; Gymnasium itself is not imported."""

from worldmodels.pipeline.config.env_params import GymnasiumParams, GymnasiumView

VIEW = GymnasiumView(height=8, width=12, channels=1, inverted=False)
BOX, DISCRETE = ("tests.support.point_env:Point-v0", "tests.support.point_env:PointPicture-v0")


def gymnasium_params(name=BOX, kwargs=None, view=VIEW, frame_skip=2, max_steps=12):
    """The section `env` of a small environment, with other values for some keys."""
    return GymnasiumParams(
        id=name, kwargs=kwargs or {}, view=view, frame_skip=frame_skip, max_steps=max_steps
    )
