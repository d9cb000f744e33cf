"""Keys and sections of params.yaml that do not fit each other."""

import pytest
import yaml

from tests.support.params_keys import CAR_RACING, DOOM, GOOD, GYMNASIUM, changed
from worldmodels.pipeline.errors import UserError


def test_column_vae_needs_columns_of_8_pixels_and_as_many_numbers_of_each(read):
    params = changed(("train_v", "kind"), "column_vae", DOOM)
    params["train_v"]["z_size"] = 80
    assert read(yaml.safe_dump(params)).z_columns == 10
    params["train_v"]["z_size"] = 64
    words = r"train_v\.z_size: must be a multiple of 10 for column_vae, .*; found 64"
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))
    params = changed(("env", "view", "width"), 44, GYMNASIUM)
    params["train_v"]["kind"] = "column_vae"
    words = r"train_v\.kind: column_vae takes views whose width is a multiple of 8; found 44:"
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))


def test_rewards_are_shaped_where_something_is_known_of_those_to_come(read):
    words = (
        r"collect\.shaped_rewards: must be false in env\.kind: racing or gymnasium, .*found True"
    )
    params = changed(("collect", "shaped_rewards"), True)
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))
    view = {"height": 28, "width": 80}
    params["env"] = {"kind": "doom", "view": view, "frame_skip": 4, "max_steps": 40}
    assert read(yaml.safe_dump(params)).collect.shaped_rewards


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, r"train_m\.kind: conv_lstm takes the z of columns: .*; found train_v\.kind: vae"),
        ({"num_mixtures": 5}, r"train_m\.num_mixtures: must be 1 for conv_lstm, .*; found 5"),
        ({"head_hidden": 0}, r"train_m\.head_hidden: must be above 0 for conv_lstm, .*; found 0"),
        (
            {"kind": "lstm", "own_prediction_share": 0.5},
            r"train_m\.own_prediction_share: must be 0 for lstm, .*; found 0\.5",
        ),
    ],
)
def test_conv_lstm_needs_columns_and_it_alone_is_given_its_own_predictions(read, change, words):
    params = changed(("train_v", "kind"), "vae", DOOM)
    params["train_m"] |= {"kind": "conv_lstm", "head_hidden": 8} | change
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))
    params["train_v"] |= {"kind": "column_vae", "z_size": 80}
    params["train_m"] |= {"kind": "conv_lstm", "head_hidden": 8, "num_mixtures": 1}
    found = read(yaml.safe_dump(params))
    assert (found.z_columns, found.action_threshold) == (10, 1 / 3)
    assert read(yaml.safe_dump(GOOD)).action_threshold == 0


def test_where_there_is_train_c_it_makes_c_and_dreams_have_its_temperature(read):
    params = changed(("train_c", "temperature"), 0.25, CAR_RACING)
    both = read(yaml.safe_dump(params))
    assert (both.c_stage, both.dream_temperature) == ("train_c", 0.25)
    del params["train_c"]
    one = read(yaml.safe_dump(params))
    assert (one.c_stage, one.dream_temperature) == ("evolve_c", GOOD["evolve_c"]["temperature"])


def test_only_in_dreams_train_c_needs_what_m_predicts(read):
    params = changed(("train_m", "predict_reward_done"), False, CAR_RACING)
    words = r"train_m\.predict_reward_done: must be true for train_c\.train_in: dream, .*False"
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))
    params["train_c"]["train_in"] = "env"
    assert read(yaml.safe_dump(params)).train_c.train_in == "env"
