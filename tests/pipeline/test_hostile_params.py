"""Hostile params are accepted, or refused in one line; no traceback, no hang, little memory."""

import itertools
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.hostile_params import (
    MARK,
    Hostile,
    hostile_files,
    hostile_sections,
    hostile_values,
    verdict,
    yaml_text,
)
from tests.support.limits import limit_memory
from tests.support.params_keys import ALL_KEYS, KEYS, changed, dotted
from tests.support.project import ROOT
from worldmodels.pipeline.config.params import Params

STRIDE = 17  # every seventeenth value; a slow test tries all
SOMETIMES_VALID = {"wrong type", "huge number", "two dialects"}  # true, 1e-320 and 010 may be
MEMORY = 1 << 29  # bytes

with_folder = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_named(where: str, error: str) -> bool:
    """Whether an error names the dotted key, or the range of which it is an end."""
    return where.removesuffix("[0]").removesuffix("[1]") in error or "not valid YAML: " in error


def check(file: Hostile, path) -> None:
    error = verdict(file, path)
    assert len(error.splitlines()) <= 1, error
    assert len(error) < 500, error
    if error:
        assert error.startswith(f"{path}: "), error
        assert is_named(file.where, error), error
    else:
        assert file.kind in SOMETIMES_VALID, file


def test_every_key_of_every_struct_is_tried():
    assert len(KEYS) > 80
    assert {where[0] for _, where, _ in ALL_KEYS} == set(Params.__struct_fields__)


@pytest.mark.parametrize("stride", [STRIDE, pytest.param(1, marks=pytest.mark.slow)])
def test_thousands_of_hostile_params_are_accepted_or_refused_in_one_line_with_the_key(
    tmp_path, stride
):
    tried = Counter()
    some = itertools.islice(hostile_values(), 0, None, stride)
    # keys of one section have some files in common
    for file in dict.fromkeys(itertools.chain(some, hostile_sections(), hostile_files())):
        check(file, tmp_path / "params.yaml")
        tried[file.kind] += 1
    assert tried.total() > 2000
    assert len(tried) == 16


@with_folder
@given(st.sampled_from(ALL_KEYS), st.text(max_size=20))
def test_any_text_as_a_value_is_accepted_or_refused_in_one_line(tmp_path, key, value):
    good, where, _ = key
    text = yaml_text(changed(where, MARK, good)).replace(MARK, value)
    assert len(verdict(Hostile("", "", text), tmp_path / "p.yaml").splitlines()) <= 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


@with_folder
@given(st.sampled_from(ALL_KEYS), anything)
def test_any_value_is_accepted_or_refused_with_its_key(tmp_path, key, value):
    good, where, _ = key
    text = yaml_text(changed(where, value, good), allow_unicode=True)
    error = verdict(Hostile("", "", text), tmp_path / "p.yaml")
    assert len(error.splitlines()) <= 1
    assert not error or is_named(dotted(where), error)


@pytest.mark.parametrize("kind", ["bomb of aliases", "nested deeply", "long"])
def test_a_stage_refuses_a_bomb_at_once_with_little_memory(tmp_path, kind):
    *_, largest = (file for file in hostile_files() if file.kind == kind)
    (tmp_path / "params.yaml").write_text(largest.text)
    result = subprocess.run(
        [sys.executable, "-m", "stages.collect", tmp_path / "x", "--params", "params.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=10,
        env={"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: limit_memory(MEMORY),
    )
    assert result.returncode == 1
    assert result.stderr.startswith("collect: params.yaml: ")
    assert len(result.stderr.splitlines()) == 1
