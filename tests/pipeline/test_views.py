"""The views that each environment has, and which of them conv_vae takes."""

import pytest
import yaml

from tests.support.params_keys import CAR_RACING, DOOM, GOOD, GYMNASIUM, changed
from worldmodels.pipeline.config.env_params import (
    DOOM_VIEWS,
    CarRacingParams,
    DoomParams,
    RacingParams,
)
from worldmodels.pipeline.errors import UserError


@pytest.mark.parametrize(("height", "width"), [(28, 32), (64, 64)])
def test_carracing_has_views_of_two_sizes_and_conv_vae_takes_both(read, height, width):
    params = changed(("env", "view"), {"height": height, "width": width}, CAR_RACING)
    params["train_v"]["kind"] = "conv_vae"
    found = read(yaml.safe_dump(params))
    assert isinstance(found.env, CarRacingParams)
    assert found.env.view.shape == (height, width, 3)
    assert isinstance(read(yaml.safe_dump(GOOD)).env, RacingParams)


def test_conv_vae_needs_one_of_its_views(read):
    params = changed(("train_v", "kind"), "conv_vae")
    words = (
        r"params\.yaml: train_v\.kind: conv_vae takes views of 64 x 64 pixels, 28 x 32 or 28 x 80; "
        r"found 16 x 16: set env\.view\.size to 64, or take vae$"
    )
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))
    params["env"]["view"]["size"] = 64
    assert read(yaml.safe_dump(params)).train_v.kind == "conv_vae"
    other = changed(("train_v", "kind"), "conv_vae", GYMNASIUM)
    other["env"]["view"] |= {"height": 80, "width": 28}
    words = r"found 80 x 28: set env\.view\.height and width to 64, or take vae$"
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(other))


@pytest.mark.parametrize(("height", "width"), DOOM_VIEWS)
def test_conv_vae_takes_every_view_of_doom(read, height, width):
    params = changed(("env", "view"), {"height": height, "width": width}, DOOM)
    params["train_v"]["kind"] = "conv_vae"
    assert isinstance(read(yaml.safe_dump(params)).env, DoomParams)
