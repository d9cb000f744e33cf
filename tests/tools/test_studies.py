"""Which values, and which of them together, make a study."""

import re

import pytest

from tests.support.toy_study import TEXT, read
from tools.studies import Study, StudyError
from worldmodels.pipeline.errors import UserError


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
        ("[0, 1]", "[1, 1]", r"seeds: should be two or more different .*; found \[1, 1\]"),
        ("[0, 1]", "[0]", r"seeds: should be two or more different .*; found \[0\]"),
        ("tuned:", "number: big\ntuned:", r"number: should be the format .* '\+.1f'; found 'big'"),
        ("lstm\ntuned", "gru\ntuned", "reference: should be one of lstm, mixture; found 'gru'"),
        (
            "tuned: sigma",
            "tuned: sigmas",
            r"tuned: should be a factor \(memory, sigma\); found 'sigmas'",
        ),
        (
            "tuned:",
            "together: [memory]\ntuned:",
            r"together: should be the last factors \(memory, sigma\), in their order; found memory",
        ),
        (
            "tuned:",
            "exclude: [{sigma: 3}]\ntuned:",
            r"exclude\[0\].sigma: should be labels of a factor \(0.1, 0.2\); found 3",
        ),
        (
            "tuned:",
            "exclude: [{sigmas: 3}]\ntuned:",
            r"exclude\[0\].sigmas: should be a factor \(memory, sigma\); found 'sigmas'",
        ),
        (
            "tuned:",
            "exclude: [{memory: lstm}]\ntuned:",
            "exclude: should leave a cell of lstm; found none",
        ),
        (
            "tuned:",
            "pairs: [[mixture, gru]]\ntuned:",
            r"pairs\[0\]: should be two of lstm, mixture; found mixture, gru",
        ),
        (
            "tuned:",
            "pairs: [[lstm, lstm]]\ntuned:",
            r"pairs\[0\]: should be two of lstm, mixture; found lstm, lstm",
        ),
        (
            "tuned:",
            "pairs: [[lstm, mixture]]\ntuned:",
            r"pairs\[0\]: should be two settings that are not compared yet; found lstm, mixture",
        ),
        (
            "  sigma: {evolve_c.sigma: [0.1, 0.2]}\n",
            "    8: {train_m.hidden: 8}\n  sigma: {evolve_c.sigma: [0.1, 0.2]}\n"
            "pairs: [[8, mixture], [mixture, 8]]\n",
            r"pairs\[1\]: should be two settings that are not compared yet; found mixture, 8",
        ),
        (
            "tuned:",
            "groups: sigma\ntuned:",
            "groups: should be another factor than tuned; found 'sigma'",
        ),
        (
            "tuned: sigma",
            "tuned: memory\ngroups: sigma",
            "factors: should give two settings or more to compare; found none",
        ),
        (
            "    mixture: {train_m.kind: mdn_lstm, train_m.num_mixtures: 5}\n",
            "",
            "factors: should give two settings or more to compare; found lstm",
        ),
        (
            "tuned:",
            "labels: {lstmm: x}\ntuned:",
            "labels.lstmm: should name a factor, .*, a measure, return or off the track; found "
            "'lstmm'",
        ),
        (
            "tuned:",
            "measures: {nll: train_m}\ntuned:",
            "measures.nll: should be a number of a report, such as .*; found 'train_m'",
        ),
        (
            "tuned:",
            "measures: {curve: curves/train_m.test}\ntuned:",
            r"measures.curve: should be a column of train_m \(epoch, train, held_out, baseline\); "
            "found 'curves/train_m.test'",
        ),
        (
            "tuned:",
            "measures: {curve: curves/encode.test}\ntuned:",
            r"measures.curve: should be of a stage with a curve \(train_v, .*\); found .*",
        ),
        (
            "tuned:",
            "measures: {sigma: details/train_m.x}\ntuned:",
            "measures.sigma: should have another name than commit, .*, memory, sigma or track_.*; "
            "found 'sigma'",
        ),
        ("  sigma:", "  seed:", "factors.seed: should have another name .*; found 'seed'"),
        (
            "  lstm:",
            "  an lstm:",
            "factors.memory: a name is of .*, a label of these and .; found 'an lstm'",
        ),
        ("  sigma:", "  sig.ma:", "factors.sig.ma: a name is of letters, .*; found 'sig.ma'"),
        (
            "train_m.kind: lstm",
            "evolve_c.sigma: 0.3",
            "factors.sigma: should set params that no other factor sets; found evolve_c.sigma, and "
            "factors.memory sets evolve_c.sigma",
        ),
        (
            "train_m.kind: lstm",
            "train_m.kind: lstm, train_m: {num_mixtures: 2}",
            "factors.memory.lstm: should set each param once; found train_m.kind and train_m",
        ),
    ],
)
def test_what_makes_no_study_is_said_with_the_file_and_the_key(tmp_path, old, new, problem):
    with pytest.raises(UserError, match=f"^{re.escape(str(tmp_path))}/study.yaml: {problem}$"):
        read(tmp_path, TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("env.random_tracks", "env.random_tracks.half_width"),
        ("env.random_tracks.half_width", "env.random_tracks"),
    ],
)
def test_a_factor_sets_no_section_whose_param_another_one_sets(first, second):
    factors = {"a": {"x": {first: []}, "y": {}}, "b": {"x": {second: []}, "y": {}}}
    problem = f"^factors.b: should set params .*; found {second}, and factors.a sets {first}$"
    with pytest.raises(StudyError, match=problem):
        Study(title="", factors=factors, seeds=(0, 1), minutes=1, reference="x-x")


def test_factors_may_set_params_of_one_section():
    """Even if the name of one begins with that of the other."""
    factors = {"a": {"x": {"train_m.z": 1}, "y": {}}, "b": {"x": {"train_m.z_size": 1}, "y": {}}}
    assert Study(title="", factors=factors, seeds=(0, 1), minutes=1, reference="x-x")
