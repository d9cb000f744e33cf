"""The dvc.yaml of studies: what cells share, and what their Cs are judged on."""

import msgspec
import pytest

from tests.support.project import Project
from tests.support.toy_study import LADDER
from tools.fast_yaml import parse_yaml
from tools.rooms import ROOT, dependencies
from tools.stage_copies import CODE
from tools.studies import Study, single_key
from tools.study_pipelines import study_pipeline
from tools.study_reader import load_study, study_names
from tools.study_stages import SHARED

ROOT_PIPELINE = (ROOT / "dvc.yaml").read_text()
LAST = "evolve_and_evaluate"


def stages_of(study):
    return parse_yaml(study_pipeline(ROOT_PIPELINE, study, "derived"))["stages"]


def keys(stages, name):
    return list(stages[name]["foreach"])


@pytest.fixture(scope="module", params=study_names())
def study(request):
    return load_study(request.param)


@pytest.fixture(scope="module")
def stages(study):
    return stages_of(study)


@pytest.fixture(scope="module")
def ladder():
    return stages_of(LADDER)


def test_each_seed_has_a_c_for_each_combination_of_the_factors(study, stages):
    assert len(study.seeds) >= 5
    combinations = {
        "/".join([f"cells/seed={seed}", *map("=".join, cell.items())])
        for seed in study.seeds
        for cell in study.combinations([*study.factors])
    }
    command = stages["study_results"]["cmd"].split()
    cells = [word for word in command if word.startswith("cells/")]
    assert len({*cells}) == len(cells) == len(combinations)
    parts = {frozenset(cell.split("/")) - {"c"} for cell in cells}
    assert parts == {frozenset(cell.split("/")) for cell in combinations}
    folders = tuple(path for path in stages["study_results"]["deps"] if path.startswith("cells/"))
    assert all(cell.startswith(folders) for cell in cells)


def test_a_stage_runs_once_for_what_it_depends_on(ladder):
    assert keys(ladder, "collect") == ["5-wide", "5-narrow", "6-wide", "6-narrow"]
    assert keys(ladder, "train_v")[:3] == ["5-wide-few", "5-wide-many", "5-narrow-few"]
    assert keys(ladder, "encode") == keys(ladder, "train_v")
    assert keys(ladder, "train_m")[:2] == ["5-wide-few-small", "5-wide-few-large"]
    assert keys(ladder, LAST) == keys(ladder, "train_m")
    assert len(keys(ladder, LAST)) == 16


def test_what_varies_in_c_alone_shares_v_and_m():
    study = load_study("strategies")
    stages, seeds = stages_of(study), [f"{seed}" for seed in study.seeds]
    for name in SHARED:
        assert keys(stages, name) == seeds
    assert len(keys(stages, LAST)) == len(seeds) * 3
    inputs = {path for path in stages[LAST]["do"]["deps"] if path.startswith("cells/")}
    assert inputs == {
        f"cells/seed=${{item.seed}}/{path}"
        for path in ("data/latents.h5", "models/v.npz", "models/m.npz")
    }


def test_a_command_sets_the_params_of_all_factors_that_it_depends_on(ladder):
    options = {name: ladder[name]["foreach"] for name in ("collect", "train_v", LAST)}
    assert options["collect"]["5-wide"]["options"] == "--set seed=5"
    narrow = "--set 'env.random_tracks.half_width=[0.8,0.9]'"
    assert options["collect"]["5-narrow"]["options"] == f"--set seed=5 {narrow}"
    v = "--set train_v.z_size=8 --set train_m.epochs=3"
    assert options["train_v"]["5-narrow-many"]["options"] == f"--set seed=5 {narrow} {v}"
    of_c = options[LAST]["5-narrow-many-large"]
    assert of_c["options"] == f"--set seed=5 {narrow} {v} --set train_m.hidden=16"
    assert of_c["evaluate"] == narrow  # and neither the seed nor what it does not read


def test_all_cs_drive_the_same_tracks(stages):
    """`evaluate` draws its tracks with the seed of params.yaml, whatever the seed of training."""
    assert "seed" in stages[LAST]["do"]["params"]
    for item in stages[LAST]["foreach"].values():
        assert item["options"].startswith(f"--set seed={item['seed']} ")
        assert "seed=" not in item.get("evaluate", "")
        scripts = [*stages[LAST]["do"]["cmd"]] if "cells" not in item else [item["cells"]]
        for command in "; ".join(scripts).split("; "):
            seeded = "--set seed=" in command or "${item.options}" in command
            assert seeded == ("stages.evolve_c " in command)


def test_what_a_stage_reads_another_makes_in_the_same_folder(stages, ladder):
    for pipeline in (stages, ladder):
        made = {path for name in SHARED for path in pipeline[name]["do"]["outs"]}
        for name in (*SHARED, LAST):
            read = {path for path in pipeline[name]["do"]["deps"] if path.startswith("cells/")}
            assert read <= made


def test_outputs_of_c_have_a_folder_of_their_own(ladder):
    """Also if no factor is C's: DVC takes no output inside of another."""
    (folder,) = ladder[LAST]["do"]["outs"]
    others = [path for name in SHARED for path in ladder[name]["do"]["outs"]]
    assert folder.endswith("/tracks=${item.tracks}/v=${item.v}/m=${item.m}/c")
    assert not [path for path in others if path.startswith(f"{folder}/")]


def test_the_table_reads_the_reports_that_its_measures_stand_in(ladder):
    stage = ladder["study_results"]
    reports = [path for path in stage["deps"] if path.endswith(".json")]
    assert reports[:2] == [
        "cells/seed=5/tracks=wide/v=few/reports/metrics/train_v.json",
        "cells/seed=5/tracks=wide/v=few/m=small/reports/details/train_m.json",
    ]
    assert len(reports) == 8 + 16  # a V and an M each; C's are in its cell
    made = {path for name in SHARED for path in ladder[name]["do"]["outs"]}
    assert {path.rpartition("/")[2] for path in reports} <= {p.rpartition("/")[2] for p in made}
    assert stage["cmd"].endswith("/c --measures study.yaml")
    assert stage["params"] == [{"study.yaml": ["measures"]}]


def test_a_study_that_measures_what_a_probe_reads_has_that_stage(ladder):
    assert "linear_probe" not in ladder
    measures = {"speed": "metrics/linear_probe.zh_speed_r2", "curve": "curves/train_v.held_out"}
    stages = stages_of(msgspec.structs.replace(LADDER, measures=measures))
    assert keys(stages, "linear_probe") == keys(stages, "train_m")
    probe = stages["linear_probe"]["do"]
    of_v, of_m = (stages[name]["do"]["outs"][0] for name in ("encode", "train_m"))
    assert [of_v, of_m] == probe["deps"][1:3]
    code = [path for path in probe["deps"] if path.startswith(CODE)]
    assert code == dependencies("stages/linear_probe.py")
    metrics = f"{of_m.removesuffix('models/m.npz')}reports/metrics/linear_probe.json"
    assert metrics in probe["outs"]
    read = stages["study_results"]["deps"]
    assert metrics.replace("${item.", "{").format_map(probe_item(stages)) in read
    assert "cells/seed=5/tracks=wide/v=few/reports/curves/train_v.csv" in read


def probe_item(stages):
    return next(iter(stages["linear_probe"]["foreach"].values()))


def test_a_c_depends_on_the_code_of_both_scripts(stages):
    listed = [path for path in stages[LAST]["do"]["deps"] if path.startswith(CODE)]
    needed = {*dependencies("stages/evolve_c.py"), *dependencies("stages/evaluate.py")}
    assert set(listed) == needed
    assert len(listed) == len(needed)


@pytest.mark.slow
def test_a_study_runs_and_reruns_what_a_new_value_needs(make_project):
    root = make_project(subprojects=True)
    project = Project(root.folder / "studies" / "strategies")
    project.write("params.yaml", (ROOT / "recipes" / "quick" / "params.yaml").read_text())
    project.write("study.yaml", "measures: {nll: details/train_m.held_out_nll}\n")

    def repro(*sizes):
        study = Study(
            title="",
            factors={"units": single_key("train_m.hidden", sizes)},
            seeds=(3, 4),
            minutes=1,
            reference=f"{sizes[0]}",
            measures={"nll": "details/train_m.held_out_nll"},
        )
        project.write("dvc.yaml", study_pipeline(ROOT_PIPELINE, study, "derived"))
        return sorted(project.repro())

    shared = [f"{name}@{seed}" for name in ("collect", "train_v", "encode") for seed in (3, 4)]
    stages = [f"{name}@{seed}" for name in ("train_m", LAST) for seed in (3, 4)]
    cells = [f"{stage}-{size}" for stage in stages for size in (8, 16)]
    assert repro(8, 16) == sorted([*shared, *cells, "study_results"])
    head, *lines = project.read("results.csv").decode().splitlines()
    assert head.startswith("commit,seed,units,nll,off_track,track_0,")
    seeds_and_units = [line.split(",")[1:3] for line in lines]
    assert seeds_and_units == [["3", "8"], ["4", "8"], ["3", "16"], ["4", "16"]]
    assert repro(8, 16, 4) == sorted([*(f"{stage}-4" for stage in stages), "study_results"])
    assert project.repro() == []
