"""dvc.yaml against the code: what DVC is not told, it does not see."""

import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from tests.support.imports import imported_files
from tools.carracing_rounds import ROUNDS
from tools.dvc_pipelines import RECIPES, SEEDS, TEMPERATURES, derived, with_dependencies
from worldmodels.pipeline.config.params import Params

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
ORDER = ["collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize"]
ROOT_STAGES = [*ORDER, "play"]


def paths(entries) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def test_there_are_the_seven_stages_in_the_way_of_the_data_and_a_page_to_play_in():
    assert list(STAGES) == ROOT_STAGES


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_every_imported_file_is_a_dependency_and_no_other(stage):
    listed = {path for path in paths(STAGES[stage]["deps"]) if path.endswith(".py")}
    needed = imported_files(f"stages/{stage}.py")
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
    assert set(STAGES[stage]["params"]) == used


def test_the_page_depends_on_all_of_its_looks_and_no_other_stage_does():
    looks = {stage: "worldmodels/figures/play" in STAGES[stage]["deps"] for stage in ROOT_STAGES}
    assert [stage for stage, depends in looks.items() if depends] == ["play"]


def test_every_section_is_some_stages_and_every_stage_of_the_seven_has_one():
    sections = {field.name for field in msgspec.structs.fields(Params)}
    assert sections == set(ORDER) | {"seed", "world", "compute", "polish"}
    for stage in ORDER:
        assert stage in STAGES[stage]["params"]


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_the_command_names_the_files_that_are_declared(stage):
    command = STAGES[stage]["cmd"].split()
    assert command[:3] == ["python", "-m", f"stages.{stage}"]
    data = {path for path in paths(STAGES[stage]["deps"]) if path.startswith(("data/", "models/"))}
    assert set(command[3:]) == data | set(paths(STAGES[stage].get("outs", [])))


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_every_stage_and_output_is_described(stage):
    assert STAGES[stage]["desc"]
    for output in STAGES[stage].get("outs", []):
        assert next(iter(output.values()))["desc"]


@pytest.mark.parametrize("stage", ROOT_STAGES)
def test_reports_are_in_git_by_way_of_metrics_and_plots(stage):
    for entry in [*STAGES[stage].get("metrics", []), *STAGES[stage].get("plots", [])]:
        ((path, options),) = entry.items()
        assert path.startswith("reports/")
        assert options["cache"] is False
        if path.endswith(".csv"):
            header = (ROOT / path).read_text().splitlines()[0].split(",")
            assert {options["x"], options["y"]} <= set(header)
            assert options["title"]


def test_the_models_are_named_as_artifacts():
    artifacts = PIPELINE["artifacts"]
    assert {entry["path"] for entry in artifacts.values()} == {
        "models/v.npz",
        "models/m.npz",
        "models/c.npz",
    }
    assert all(entry["type"] == "model" and entry["desc"] for entry in artifacts.values())


def test_curves_are_plotted_from_columns_that_they_have():
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
    plotted = [path for stage in STAGES.values() for path in paths(stage.get("plots", []))]
    curves = {path for path in plotted if path.endswith(".csv")}
    assert drawn == curves


def test_params_are_flat_for_dvc_exp_run():
    text = (ROOT / "params.yaml").read_text()
    assert "${" not in text
    assert "&" not in text
    code = [line.split(" #")[0] for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert code == [line for line in text.splitlines() if not line.lstrip().startswith("#")]


def test_all_pipelines_are_as_derived_from_the_code():
    pipeline = (ROOT / "dvc.yaml").read_text()
    assert with_dependencies(pipeline) == pipeline, "run: python -m tests.pipelines"
    for path, text in derived(pipeline).items():
        assert (ROOT / path).read_text() == text, "run: python -m tests.pipelines"


def produced(stage) -> list[str]:
    return paths([*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])])


def test_the_recipes_run_the_same_stages_in_folders_of_their_own():
    recipes = yaml.safe_load((ROOT / "recipes" / "dvc.yaml").read_text())
    assert list(recipes["stages"]) == [*ORDER, "compare"]
    for name, stage in recipes["stages"].items():
        there = {"recipe": list(RECIPES) if name in ORDER else ["dream"]}
        assert stage["matrix"] == there
        assert stage["cmd"].split()[:3] == ["python", "-m", f"stages.{name}"]
        ((path, keys),) = stage["params"][0].items()
        assert path == "recipes/${item.recipe}.yaml"
        assert all(path.startswith("recipes/${item.recipe}/") for path in produced(stage))
        if name in ORDER:
            assert keys == STAGES[name]["params"]
            assert len(produced(stage)) == len(produced(STAGES[name]))


def test_the_study_evolves_c_for_each_seed_and_temperature_and_the_rest_once_for_each_seed():
    stages = yaml.safe_load((ROOT / "recipes" / "dream" / "dvc.yaml").read_text())["stages"]
    assert list(stages) == [*ORDER[:-1], "temperature", "cheating"]
    for name in ORDER[:-1]:
        cell = "temperature" in stages[name]["matrix"]
        assert cell == (name in ("evolve_c", "evaluate"))
        folder = "${item.seed}-${item.temperature}/" if cell else "${item.seed}/"
        for path in produced(stages[name]):
            assert path.startswith(f"recipes/dream/study/{folder}")
            assert path in stages[name]["cmd"] or "/reports/" in path
        made_before = [path for path in paths(stages[name]["deps"]) if "study" in path]
        made = [path for stage in stages.values() for path in produced(stage)]
        assert set(made_before) <= set(made)
    cells = [path for path in stages["temperature"]["deps"] if path.endswith("evaluate.json")]
    assert len(cells) == len(SEEDS) * len(TEMPERATURES)


def test_every_stage_of_a_round_says_what_it_has_cost():
    stages = yaml.safe_load((ROOT / "carracing" / "dvc.yaml").read_text())["stages"]
    for name in ORDER[:5]:
        for stage, number in ((stages[f"{name}0"], "0"), (stages[name]["do"], "${key}")):
            cost = f"carracing/rounds/{number}/reports/cost/{name}.json"
            assert {cost: {"cache": False}} in stage["metrics"]
            assert f" --cost {cost}" in stage["cmd"]


@pytest.mark.parametrize(
    ("file", "stage", "script"),
    [
        ("recipes/dvc.yaml", "compare", "compare"),
        ("recipes/dream/dvc.yaml", "cheating", "compare"),
        ("recipes/dream/dvc.yaml", "temperature", "temperature"),
    ],
)
def test_what_shows_dreams_names_its_files_too(file, stage, script):
    shown = yaml.safe_load((ROOT / file).read_text())["stages"][stage]
    listed = {path for path in shown["deps"] if path.endswith(".py")}
    assert listed == imported_files(f"stages/{script}.py")
    read = [path for path in shown["deps"] if not path.endswith((".py", ".json"))]
    assert set(read) <= set(shown["cmd"].split())


def test_the_race_is_shown_of_every_round_and_of_what_was_polished():
    stages = yaml.safe_load((ROOT / "carracing" / "dvc.yaml").read_text())["stages"]
    shown, polished = stages["race"], stages["polish"]
    listed = {path for path in shown["deps"] if path.endswith(".py")}
    assert listed == imported_files("stages/race.py", demands=("carracing",))
    last = f"carracing/rounds/{ROUNDS}/models"
    read = [path for path in shown["deps"] if not path.endswith((".py", ".json"))]
    made = paths([*polished["outs"], *stages["evaluate"]["outs"]])
    assert set(read) == {f"{last}/v.npz", f"{last}/m.npz", *made}
    folders = {path.split("/reports/")[0] for path in shown["deps"] if path.endswith(".json")}
    rounds = folders - {"carracing"}
    assert {*read, *rounds} <= set(shown["cmd"].split())
    assert len(rounds) == ROUNDS + 1


@pytest.mark.parametrize("stage", ["polish", "polish_z", "polish_untrained"])
def test_what_is_polished_is_named_with_the_files_that_do_it(stage):
    made = yaml.safe_load((ROOT / "carracing" / "dvc.yaml").read_text())["stages"][stage]
    listed = {path for path in made["deps"] if path.endswith(".py")}
    assert listed == imported_files("stages/polish.py", demands=("carracing",))
    v, m, c, polished = made["cmd"].split()[3:7]
    assert set(made["deps"]) - listed == {v, m, c}
    assert paths(made["outs"]) == [polished]


def test_who_is_compared_had_the_same_v_m_teacher_and_settings():
    """C on z, and C on z and a blind h, beside the C of the last round."""
    stages = yaml.safe_load((ROOT / "carracing" / "dvc.yaml").read_text())["stages"]
    do = stages["evolve_c"]["do"]["cmd"].replace("${key}", str(ROUNDS))
    options = stages["evolve_c"]["foreach"][ROUNDS].get("options", "")
    do = do.replace("${item.before}", str(ROUNDS - 1)).replace("${item.options}", options)
    for kind in ("z", "untrained"):
        other = stages[f"evolve_c_{kind}"]["cmd"]
        new = {word for word in other.split() if word not in do.split()}
        own = {word for word in new if "/ablations/" in word}
        settings = (
            {"evolve_c.inputs=z", "evolve_c.pca_components=0"} if kind == "z" else {"--memory"}
        )
        assert new - own == settings | ({"--set"} if kind == "z" else set())
        tries = stages[f"polish_{kind}"]["cmd"].split(" --params ")
        assert f"carracing/ablations/{kind}/models/c.npz" in tries[0]
        assert "--set" not in tries[1]
        assert stages[f"polish_{kind}"]["params"] == stages["polish"]["params"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_of_the_matrix_says_its_score_and_time(recipe):
    first = (ROOT / "recipes" / f"{recipe}.yaml").read_text().splitlines()[0]
    expected, spread = map(float, re.search(r"\+(\d+) \+- (\d+) over 100", first).groups())
    assert re.search(r"\d (s|min)\b", first)
    assert f" {recipe} " in (ROOT / "Makefile").read_text().replace("\n", " ")
    metrics = json.loads((ROOT / f"recipes/{recipe}/reports/metrics/evaluate.json").read_text())
    assert metrics["controller"]["episodes"] == 100
    assert abs(metrics["controller"]["mean_return"] - expected) <= spread
