"""What study.yaml may say, and what is said of what is wrong in one."""

import pytest

from tools.rooms import ROOT
from tools.studies import STUDIES, read_study
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError

TEXT = """
title: A title.
seeds: [0, 1]
minutes: 1
factors:
  memory:
    lstm: {train_m.kind: lstm}
    mixture: {train_m.kind: mdn_lstm, train_m.num_mixtures: 5}
  sigma: {evolve_c.sigma: [0.1, 0.2]}
reference: lstm
tuned: sigma
"""


def read(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return read_study(path)


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


def test_what_is_excluded_is_no_combination(tmp_path):
    excluded = "exclude:\n- {memory: mixture, sigma: [0.1]}\n- {sigma: 0.2, memory: lstm}\n"
    study = read(tmp_path, TEXT + excluded)
    assert list(study.combinations(["memory", "sigma"])) == [
        {"memory": "lstm", "sigma": "0.1"},
        {"memory": "mixture", "sigma": "0.2"},
    ]
    assert len(list(study.combinations(["memory"]))) == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("reference: lstm", "reference: gru", "reference: should be one of lstm, mixture; found"),
        ("tuned: sigma", "tuned: sigmas", "tuned: should be a factor .memory, sigma.; found 'sig"),
        ("tuned: sigma", "group: sigma", "unknown field `group`"),
        ("tuned:", "together: [memory]\ntuned:", "together: should be the last factors .memory, s"),
        (
            "tuned:",
            "exclude: [{sigma: 3}]\ntuned:",
            r"exclude\[0\].sigma: .*; found 3",
        ),
        ("tuned:", "exclude: [{memory: lstm}]\ntuned:", "exclude: should leave a cell of lstm"),
        ("minutes: 1", "minutes: long", "Expected `int`, got `str` - at `\\$.minutes`"),
        ("lstm: {", "an lstm: {", "factors.memory: names of factors and labels are of letters"),
        ("[0.1, 0.2]", "0.1", "Expected `object`, got `float`"),
        ("seeds: [0, 1]\n", "", "missing required field `seeds`"),
        ("factors:", "factor:", "unknown field `factor`"),
        ("seeds: [0, 1]", "seeds: [0", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path, old, new, problem):
    with pytest.raises(UserError, match=f"study.yaml: .*{problem}"):
        read(tmp_path, TEXT.replace(old, new))


@pytest.mark.parametrize("name", STUDIES)
def test_each_setting_is_of_keys_that_params_have(name):
    path = ROOT / "studies" / name / "params.yaml"
    params = read_params(path)
    for factor in STUDIES[name].factors.values():
        for options in factor.values():
            for key in options:
                value = params
                for step in key.split("."):
                    value = getattr(value, step)
