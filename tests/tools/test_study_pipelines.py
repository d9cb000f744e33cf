"""The dvc.yaml of studies: what the Cs of a seed share, and what they are judged on."""

import itertools

import pytest
import yaml

from tests.support.project import Project
from tools.rooms import ROOT, dependencies
from tools.stage_copies import CODE
from tools.study_pipelines import SHARED, STUDIES, Study, study_pipeline
from worldmodels.pipeline.config.reader import read_params

ROOT_PIPELINE = (ROOT / "dvc.yaml").read_text()


@pytest.fixture(params=STUDIES)
def study(request):
    return STUDIES[request.param]


@pytest.fixture
def stages(study):
    return yaml.safe_load(study_pipeline(ROOT_PIPELINE, study, "derived"))["stages"]


def test_v_and_m_are_trained_once_for_each_seed(study, stages):
    for name in SHARED:
        assert stages[name]["matrix"] == {"seed": [*study.seeds]}
        assert "--set seed=${item.seed}" in stages[name]["cmd"]
    of_c = stages["evolve_and_evaluate"]
    inputs = {path for path in of_c["deps"] if path.startswith("cells/")}
    made = {path for name in SHARED for path in stages[name]["outs"]}
    assert inputs < made
    assert inputs == {
        f"cells/seed=${{item.seed}}/{path}"
        for path in ("data/latents.h5", "models/v.npz", "models/m.npz")
    }


def test_each_seed_has_a_c_for_each_combination_of_the_factors(study, stages):
    of_c = stages["evolve_and_evaluate"]
    evolve, _ = of_c["cmd"]
    assert len(study.seeds) >= 5
    assert of_c["matrix"] == {
        "seed": [*study.seeds],
        **{name: [*values] for name, values in study.factors.items()},
    }
    for name in study.factors:
        assert f"--set evolve_c.{name}=${{item.{name}}}" in evolve
        assert f"/{name}=${{item.{name}}}" in of_c["outs"][0]
    cells = {
        f"cells/seed={seed}/" + "/".join(map("=".join, zip(study.factors, values, strict=True)))
        for seed in study.seeds
        for values in itertools.product(*(map(str, each) for each in study.factors.values()))
    }
    deps = stages["study_results"]["deps"]
    assert {path for path in deps if path.startswith("cells/")} == cells
    assert cells < set(stages["study_results"]["cmd"].split())


def test_all_cs_drive_the_same_tracks(stages):
    """`evaluate` draws its tracks with the seed of params.yaml, whatever the seed of training."""
    evolve, evaluate = stages["evolve_and_evaluate"]["cmd"]
    assert "--set seed=${item.seed}" in evolve
    assert "--set" not in evaluate
    assert "seed" in stages["evolve_and_evaluate"]["params"]


def test_a_c_depends_on_the_code_of_both_scripts(stages):
    listed = [path for path in stages["evolve_and_evaluate"]["deps"] if path.startswith(CODE)]
    needed = {*dependencies("stages/evolve_c.py"), *dependencies("stages/evaluate.py")}
    assert set(listed) == needed
    assert len(listed) == len(needed)


@pytest.mark.parametrize("name", STUDIES)
def test_what_varies_varies_from_one_setting_of_the_params(name):
    settings = read_params(ROOT / "studies" / name / "params.yaml").evolve_c
    for factor, values in STUDIES[name].factors.items():
        assert getattr(settings, factor) in values


@pytest.mark.slow
def test_a_study_runs_and_reruns_what_a_new_value_needs(make_project):
    root = make_project(subprojects=True)
    project = Project(root.folder / "studies" / "strategies")
    project.write("params.yaml", (ROOT / "recipes" / "quick" / "params.yaml").read_text())

    def repro(*sigmas):
        study = Study("", {"sigma": sigmas}, seeds=(3, 4), minutes=1, reference="")
        project.write("dvc.yaml", study_pipeline(ROOT_PIPELINE, study, "derived"))
        return sorted(project.repro())

    shared = [f"{name}@{seed}" for name in SHARED for seed in (3, 4)]
    cells = [f"evolve_and_evaluate@{seed}-0.1" for seed in (3, 4)]
    assert repro(0.1) == sorted([*shared, *cells, "study_results"])
    head, *lines = project.read("results.csv").decode().splitlines()
    assert head.startswith("commit,seed,sigma,off_track,track_0,")
    assert [line.split(",")[1:3] for line in lines] == [["3", "0.1"], ["4", "0.1"]]
    assert repro(0.1, 0.2) == [
        *(f"evolve_and_evaluate@{seed}-0.2" for seed in (3, 4)),
        "study_results",
    ]
    assert project.repro() == []
