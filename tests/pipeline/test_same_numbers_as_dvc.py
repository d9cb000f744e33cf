"""A stage takes the numbers that DVC reads from params.yaml and shows in `dvc params diff`."""

from typing import get_args

import msgspec
import pytest
import yaml
from dvc.utils.serialize import ParseError, load_yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.hostile_params import MARK
from tests.support.params_keys import ALL_KEYS, GOOD, changed, dotted
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError

NUMBERS = [
    key for key in ALL_KEYS if (get_args(key[2]) or [key[2]])[0] in (int, float, bool, 16, 28, 32)
]
# What YAML 1.1, YAML 1.2, Python and people write numbers as, and what is nearly a number.
SPELLINGS = r"[-+]?(0|0o|0x|0b|0X|0O|00)?[0-9_]{0,4}[.:]?[0-9_]{0,4}([eE][-+]?[0-9]{1,2})?"
WORDS = ["yes", "no", "on", "off", "y", "n", "true", "True", "TRUE", "~", "null", "010", "0o17"]


def value_at(content, where):
    for step in where:
        content = content[step]
    return content


def read_both(folder, key, spelling, head=""):
    """What DVC reads for a key, and what the stage takes; UserError if the stage refuses it."""
    good, where, _ = key
    text = head + yaml.safe_dump(changed(where, MARK, good)).replace(MARK, spelling)
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    params = msgspec.to_builtins(read_params(path))
    try:
        return value_at(load_yaml(path), where), value_at(params, where)
    except ParseError:
        pytest.fail(f"{dotted(where)}: {spelling}: the stage takes it, and DVC cannot read it")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(NUMBERS),
    st.from_regex(SPELLINGS, fullmatch=True) | st.sampled_from(WORDS),
    st.sampled_from(["{}", "'{}'", '"{}"', "{} # why"]),
)
@example((GOOD, ("seed",), int), "010", "{}")
@example((GOOD, ("seed",), int), "0o17", "{}")
@example((GOOD, ("seed",), int), "1:30", "{}")
@example((GOOD, ("train_m", "predict_reward_done"), bool), "yes", "{}")
def test_what_a_stage_takes_is_what_dvc_reads(tmp_path, key, spelling, quotes):
    try:
        shown, taken = read_both(tmp_path, key, quotes.format(spelling))
    except UserError:  # as test_hostile_params.py has it
        return
    if isinstance(shown, str):  # text that says a value, as `dvc exp run -S` may write one
        bools = {"true": True, "false": False}
        shown = bools[shown.lower()] if shown.lower() in bools else float(shown)
    assert shown == taken


@pytest.mark.parametrize(
    ("spelling", "number"),
    [("010", 10), ("0o17", 15), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("1e3", 1000)],
)
def test_numbers_are_those_of_yaml_1_2(tmp_path, spelling, number):
    assert read_both(tmp_path, (GOOD, ("seed",), int), spelling) == (number, number)


def test_a_file_that_says_it_is_yaml_1_1_is_read_as_dvc_reads_it(tmp_path):
    shown, taken = read_both(tmp_path, (GOOD, ("seed",), int), "010", "%YAML 1.1\n---\n")
    assert shown == taken


@pytest.mark.parametrize("spelling", ["yes", "on", "1:30"])
def test_words_of_yaml_1_1_are_refused_with_the_key(tmp_path, spelling):
    with pytest.raises(UserError, match=r": train_m\.predict_reward_done: "):
        read_both(tmp_path, (GOOD, ("train_m", "predict_reward_done"), bool), spelling)
