"""What study.yaml may say, and what is said of what is wrong in one."""

import re

import pytest

from tests.support.project import ROOT
from tests.support.toy_study import TEXT, read
from tools.study_reader import load_study, read_study, study_names
from worldmodels.pipeline.errors import UserError


def test_a_factor_is_labels_with_params_or_a_key_with_values(tmp_path):
    study = read(tmp_path, TEXT)
    assert study.factors["memory"]["mixture"] == {
        "train_m.kind": "mdn_lstm",
        "train_m.num_mixtures": 5,
    }
    assert study.factors["sigma"] == {
        "0.1": {"evolve_c.sigma": 0.1},
        "0.2": {"evolve_c.sigma": 0.2},
    }
    assert study.settings == ["lstm", "mixture"]


def test_labels_that_are_numbers_need_no_quotes(tmp_path):
    labelled = TEXT.replace("lstm:", "1:").replace("reference: lstm", "reference: 1")
    labelled = labelled.replace("  sigma:", "    2: {train_m.hidden: 8}\n  sigma:")
    labelled += "pairs: [[2, mixture]]\n"
    study = read(tmp_path, f"{labelled}labels: {{0.1: small steps, 1: one mean}}\n")
    assert list(study.pairs) == [("2", "mixture")]
    assert [study.label(label) for label in ("0.1", study.reference)] == ["small steps", "one mean"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("seeds: [0, 1]", "seeds: [0", r"not valid YAML: .*"),
        (TEXT, "- 1", r"the file: expected a section with its keys; found \[1\]"),
        ("tuned: sigma", "group: sigma", "group: unknown key; did you mean 'groups'.*"),
        (
            "seeds: [0, 1]\n",
            "",
            "seeds: missing; a study has title, factors, seeds, minutes, reference",
        ),
        ("minutes: 1", "minutes: long", "minutes: expected int; found 'long'"),
        ("minutes: 1", "minutes: -1", "minutes: expected int >= 0; found -1"),
        ("[0, 1]", "[0, one]", r"seeds\[1\]: expected int; found 'one'"),
        ("[0, 1]", "[0, -1]", r"seeds\[1\]: expected int >= 0; found -1"),
        (
            "tuned:",
            "labels: {0.1: x, '0.1': y}\ntuned:",
            r"labels: should have each name once; found '0\.1' 2 times",
        ),
        ("tuned:", "labels: {lstm: 3}\ntuned:", "labels.lstm: should be text; found 3"),
        ("tuned:", "labels: none\ntuned:", "labels: should be texts by name; found 'none'"),
        (
            "[0.1, 0.2]",
            "0.1",
            "factors.sigma: should be labels, .*, or one key .*; found {'evolve_c.sigma': 0.1}",
        ),
        (
            "[0.1, 0.2]",
            "[0.1, 0.1]",
            r"factors.sigma: should have each name once; found '0\.1' 2 times",
        ),
        (
            "    lstm: {train_m.kind: lstm}",
            "    1: {train_m.kind: lstm}\n    '1': {}",
            "factors.memory: should have each name once; found '1' 2 times",
        ),
        (
            "  sigma:",
            "  1: {a: {}, b: {}}\n  '1':",
            "factors: should have each name once; found '1' .*",
        ),
        ("[0.1, 0.2]", "[]", "factors.sigma: should be labels, .*; found {'evolve_c.sigma': .*}"),
        (
            "train_m.kind: lstm",
            "train_m.kind: 2026-11-29",
            "factors.memory.lstm: train_m.kind: expected lstm, .*; found '2026-11-29'",
        ),
        ("{train_m.kind: lstm}", "{3: 4}", "factors.memory.lstm: should set keys .*; found 3"),
        (
            "train_m.kind: lstm",
            "train_m.kinds: lstm",
            "factors.memory.lstm: train_m.kinds: unknown key; did you mean 'kind'.*",
        ),
        (
            "train_m.kind: lstm",
            "train.kind: lstm",
            "factors.memory.lstm: train.kind: cannot be set to 'lstm': there is no such section",
        ),
        (
            "train_m.kind: lstm",
            "train_m.kind: gru",
            "factors.memory.lstm: train_m.kind: expected lstm, mdn_lstm, joint_mdn_lstm or "
            "conv_lstm; found 'gru'",
        ),
        (
            "[0.1, 0.2]",
            "[0.1, 0]",
            "factors.sigma.0: evolve_c.sigma: expected float >= 0.0001; found 0",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_key(tmp_path, old, new, problem):
    with pytest.raises(UserError, match=f"^{re.escape(str(tmp_path))}/study.yaml: {problem}$"):
        read(tmp_path, TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("factor", "setter"),
    [
        ("", "factors: with memory lstm, trained_in dream, sigma 0.1"),
        ("  dreams: {train_m.predict_reward_done: [false]}\n", "factors.dreams.false"),
    ],
)
def test_what_no_factor_alone_shows_is_said_of_the_combination(tmp_path, factor, setter):
    trained_in = f"  trained_in: {{evolve_c.train_in: [env, dream]}}\n{factor}  sigma:"
    reference = "lstm-false" if factor else "lstm"
    text = TEXT.replace("  sigma:", trained_in).replace(
        "reference: lstm", f"reference: {reference}"
    )
    problem = "train_m.predict_reward_done: must be true for evolve_c.train_in: dream"
    with pytest.raises(UserError, match=f"study.yaml: {setter}: {problem}, .*; found False$"):
        read(tmp_path, f"{text}groups: trained_in\n")


def test_params_that_are_wrong_themselves_are_named(tmp_path):
    (tmp_path / "study.yaml").write_text(TEXT)
    params = tmp_path / "params.yaml"
    with pytest.raises(UserError, match=f"^{re.escape(str(params))}: no such file; copy one from"):
        read_study(tmp_path / "study.yaml")
    params.write_text((ROOT / "params.yaml").read_text().replace("seed: 0", "seed: none"))
    with pytest.raises(UserError, match=f"^{re.escape(str(params))}: seed: expected int; found"):
        read_study(tmp_path / "study.yaml")


@pytest.mark.parametrize("name", study_names())
def test_each_study_of_the_repository_is_right(name):
    assert load_study(name).title
