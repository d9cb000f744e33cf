"""The root's dvc.yaml against the code: what DVC is not told, it does not see."""

import re

import msgspec
import pytest
from dvc.utils.hydra import apply_overrides

from tools.dvc_pipelines import PROJECTS
from tools.fast_yaml import parse_yaml
from tools.rooms import ROOT, dependencies
from tools.stage_copies import CODE, paths_of
from worldmodels.pipeline.config.params import Params

PIPELINE = parse_yaml((ROOT / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
ORDER = ["collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize"]
ROOT_STAGES = [*ORDER, "play"]


def files(stage: str, kind: str) -> list[str]:
    return paths_of(STAGES[stage].get(kind, []))


def test_the_stages_are_the_seven_and_the_page():
    assert list(STAGES) == ROOT_STAGES


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_a_stage_depends_on_its_script_and_each_room_that_it_imports_from(stage):
    listed = {path for path in files(stage, "deps") if path.startswith(CODE)}
    needed = set(dependencies(f"stages/{stage}.py"))
    missing = [f"    - {path}" for path in sorted(needed - listed)]
    assert not missing, f"{stage}: add under deps\n" + "\n".join(missing)
    assert not listed - needed, f"{stage}: listed under deps, but not imported"


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_a_stage_depends_on_the_sections_that_its_script_reads(stage):
    script = (ROOT / "stages" / f"{stage}.py").read_text()
    used = set(re.findall(r"\bparams\.(\w+)", script)) & set(Params.__struct_fields__)
    used.discard("compute")  # where a stage runs must not make it run again
    if "run.streams" in script:
        used.add("seed")
    assert {key.split(".")[0] for key in STAGES[stage]["params"]} == used


def test_every_section_belongs_to_a_stage():
    sections = {field.name for field in msgspec.structs.fields(Params)}
    assert sections == set(ORDER) | {"seed", "env", "compute", "finetune_c", "train_c"}
    for stage in ORDER:
        assert stage in STAGES[stage]["params"]


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_the_command_names_the_declared_files(stage):
    command = STAGES[stage]["cmd"].split()
    assert command[:3] == ["python", "-m", f"stages.{stage}"]
    data = {path for path in files(stage, "deps") if path.startswith(("data/", "models/"))}
    outs = {path for path in files(stage, "outs") if not path.startswith("reports/details/")}
    assert set(command[3:]) == data | outs


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_every_stage_and_artifact_is_described(stage):
    assert STAGES[stage]["desc"]
    for output in STAGES[stage]["outs"]:
        if isinstance(output, dict):
            assert next(iter(output.values()))["desc"]
        else:
            assert output == f"reports/details/{stage}.json"


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_git_keeps_the_metrics_and_plots(stage):
    for entry in [*STAGES[stage].get("metrics", []), *STAGES[stage].get("plots", [])]:
        ((path, options),) = entry.items()
        assert path.startswith("reports/")
        assert options["cache"] is False
        if path.endswith(".csv"):
            header = (ROOT / path).read_text().splitlines()[0].split(",")
            assert {options["x"], options["y"]} <= set(header)
            assert options["title"]


def test_the_models_are_dvc_artifacts():
    artifacts = PIPELINE["artifacts"]
    paths = {entry["path"] for entry in artifacts.values()}
    assert paths == {"models/v.npz", "models/m.npz", "models/c.npz"}
    assert all(entry["type"] == "model" and entry["desc"] for entry in artifacts.values())


def test_plots_draw_columns_that_the_curves_have():
    drawn = set()
    for plot in PIPELINE["plots"]:
        ((_, options),) = plot.items()
        assert options["title"]
        assert options["x_label"]
        assert options["y_label"]
        for path, columns in options["y"].items():
            header = (ROOT / path).read_text().splitlines()[0].split(",")
            names = [columns] if isinstance(columns, str) else columns
            assert {options["x"], *names} <= set(header)
            drawn.add(path)
    plotted = [path for stage in STAGES for path in files(stage, "plots")]
    assert drawn == {path for path in plotted if path.endswith(".csv")}


@pytest.mark.parametrize("folder", [".", *PROJECTS])
def test_an_experiment_changes_one_line_of_params(folder, tmp_path):
    """`dvc exp run -S` rewrites the file: flow style, and comments behind a list, would be lost."""
    before = (ROOT / folder / "params.yaml").read_text()
    path = tmp_path / "params.yaml"
    path.write_text(before)
    apply_overrides(path, ["evolve_c.population=18"])
    after = path.read_text().splitlines()
    changed = [line for old, line in zip(before.splitlines(), after, strict=True) if old != line]
    assert changed == ["  population: 18"]
