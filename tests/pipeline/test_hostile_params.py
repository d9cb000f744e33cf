"""Hostile params are a run or one clear line; never a traceback, a hang or a want of memory."""

import itertools
import resource
import subprocess
import sys
from collections import Counter

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.hostile_params import (
    ALL_KEYS,
    KEYS,
    MARK,
    Hostile,
    changed,
    dotted,
    hostile_files,
    hostile_sections,
    hostile_values,
    verdict,
)
from tests.support.imports import ROOT
from worldmodels.pipeline.config.params import Params

EVERY = 5  # of the values; `python -m tests.hostile` tries all
MAY_BE_RIGHT = {"wrong type", "huge number"}  # no is a bool, 1e-320 a width
MEMORY = 1 << 29  # bytes

here = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def named(where: str, said: str) -> bool:
    """Whether a line has the dotted key, or that of the range that it begins or ends."""
    return where.removesuffix("[0]").removesuffix("[1]") in said or "not valid YAML: " in said


def check(file: Hostile, path) -> str:
    said = verdict(file, path)
    assert len(said.splitlines()) <= 1, said
    assert len(said) < 500, said
    if said:
        assert said.startswith(f"{path}: "), said
        assert named(file.where, said), said
    else:
        assert file.kind in MAY_BE_RIGHT, file
    return said


def test_every_key_of_every_struct_is_tried():
    assert len(KEYS) > 80
    assert {where[0] for _, where, _ in ALL_KEYS} == set(Params.__struct_fields__)


def test_thousands_of_hostile_params_are_a_run_or_one_line_with_the_key(tmp_path):
    tried = Counter()
    some = itertools.islice(hostile_values(), 0, None, EVERY)
    for file in itertools.chain(some, hostile_sections(), hostile_files()):
        check(file, tmp_path / "params.yaml")
        tried[file.kind] += 1
    assert tried.total() > 2000
    assert len(tried) == 15


@here
@given(st.sampled_from(ALL_KEYS), st.text(max_size=20))
def test_whatever_text_stands_there_is_taken_or_refused_in_one_line(tmp_path, key, value):
    good, where, _ = key
    text = yaml.safe_dump(changed(where, MARK, good)).replace(MARK, value)
    assert len(verdict(Hostile("", "", text), tmp_path / "p.yaml").splitlines()) <= 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


@here
@given(st.sampled_from(ALL_KEYS), anything)
def test_whatever_value_stands_there_is_taken_or_refused_with_its_key(tmp_path, key, value):
    good, where, _ = key
    text = yaml.safe_dump(changed(where, value, good), allow_unicode=True)
    said = verdict(Hostile("", "", text), tmp_path / "p.yaml")
    assert len(said.splitlines()) <= 1
    assert not said or named(dotted(where), said)


@pytest.mark.parametrize("kind", ["bomb of aliases", "nested deeply", "long"])
def test_a_stage_refuses_a_bomb_at_once_and_with_little_memory(tmp_path, kind):
    *_, largest = (file for file in hostile_files() if file.kind == kind)
    (tmp_path / "params.yaml").write_text(largest.text)
    result = subprocess.run(
        [sys.executable, "-m", "stages.collect", tmp_path / "x", "--params", "params.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=10,
        env={"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert result.returncode == 1
    assert result.stderr.startswith("collect: params.yaml: ")
    assert len(result.stderr.splitlines()) == 1
