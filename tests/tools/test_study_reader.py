"""What study.yaml may say, and what is said of what is wrong in one."""

import re
import shutil
import sys

import pytest

from tests.support.project import ROOT
from tools import docs_figures, dvc_pipelines, study_pages, study_reader
from tools.study_pages import study_figure
from tools.study_reader import load_study, read_study, study_names
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
    shutil.copy(ROOT / "params.yaml", tmp_path)
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


def test_labels_that_are_numbers_need_no_quotes(tmp_path):
    labelled = TEXT.replace("lstm:", "1:").replace("reference: lstm", "reference: 1")
    study = read(tmp_path, f"{labelled}labels: {{0.1: small steps, 1: one mean}}\n")
    assert [study.label(label) for label in ("0.1", study.reference)] == ["small steps", "one mean"]


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
        ("seeds: [0, 1]", "seeds: [0", r"not valid YAML: .*"),
        (TEXT, "- 1", r"the file: expected a section with its keys; found \[1\]"),
        ("tuned: sigma", "group: sigma", "group: unknown key; did you mean 'groups'.*"),
        (
            "seeds: [0, 1]\n",
            "",
            "seeds: missing; a study has title, factors, seeds, minutes, reference",
        ),
        ("minutes: 1", "minutes: long", "minutes: expected int; found 'long'"),
        ("[0, 1]", "[0, one]", r"seeds\[1\]: expected int; found 'one'"),
        ("[0, 1]", "[0, -1]", r"seeds\[1\]: expected int >= 0; found -1"),
        ("[0, 1]", "[1, 1]", r"seeds: should be two or more, each another, .*; found \[1, 1\]"),
        ("[0, 1]", "[0]", r"seeds: should be two or more, each another, .*; found \[0\]"),
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
            "pairs: [[lstm, mixture], [mixture, gru]]\ntuned:",
            r"pairs\[1\]: should be two of lstm, mixture; found mixture, gru",
        ),
        (
            "tuned:",
            "pairs: [[lstm, lstm]]\ntuned:",
            r"pairs\[0\]: should be two of lstm, mixture; found lstm, lstm",
        ),
        ("tuned:", "labels: {lstm: 3}\ntuned:", "labels.lstm: should be text; found 3"),
        ("tuned:", "labels: none\ntuned:", "labels: should be texts by name; found 'none'"),
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
            "factors.memory: names of factors and labels .*; found 'an lstm'",
        ),
        (
            "[0.1, 0.2]",
            "0.1",
            "factors.sigma: should be labels, .*, or one key .*; found {'evolve_c.sigma': 0.1}",
        ),
        (
            "train_m.kind: lstm",
            "evolve_c.sigma: 0.3",
            "factors.sigma: should set keys that no other factor sets; found evolve_c.sigma, which "
            "factors.memory sets",
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


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of the only study of a repository."""
    for module in (study_reader, study_pages, dvc_pipelines, docs_figures):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(docs_figures, "DRAWN", {"toy.svg": lambda: study_figure("toy")})
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    folder = tmp_path / "studies" / "toy"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    return folder


@pytest.mark.parametrize("tool", [dvc_pipelines, study_pages, docs_figures])
def test_a_command_that_reads_a_wrong_study_says_so_in_a_line_and_writes_nothing(
    project, monkeypatch, tool
):
    text = TEXT.replace("train_m.kind: lstm", "train_m.kind: gru")
    (project / "study.yaml").write_text(text)
    monkeypatch.setattr(sys, "argv", [""])
    before = {path for path in project.parent.parent.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as ended:
        tool.main()
    name = tool.__name__.removeprefix("tools.")
    line = f"{name}: {project}/study.yaml: factors.memory.lstm: train_m.kind: expected lstm, "
    assert ended.value.code.startswith(line)
    assert "\n" not in ended.value.code
    assert {path for path in project.parent.parent.rglob("*") if path.is_file()} == before
