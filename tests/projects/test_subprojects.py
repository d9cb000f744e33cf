"""The DVC projects below the root: their dvc.yaml, links and settings."""

import configparser
import json
import re
import subprocess
from functools import cache
from pathlib import PurePath

import pytest
import yaml
from dvc.repo import Repo

from tools.carracing_pipeline import ROUNDS
from tools.doom_pipeline import ROUND_STAGES
from tools.dvc_pipelines import PROJECTS, RECIPES, SEEDS, TEMPERATURES, named
from tools.fast_yaml import parse_yaml
from tools.rooms import ROOT, dependencies
from tools.round_stages import AGENT, LEARNING
from tools.stage_copies import CODE, paths_of, read_stages
from tools.study_reader import study_names

MAX_LOCK_BYTES = 500_000


def stages_in(path: str):
    return parse_yaml((ROOT / path).read_text())["stages"]


@cache
def read_by_dvc(project: str) -> tuple[dict[str, str], set[str]]:
    """The commands of a project's stages by their names, and the outputs that DVC's cache keeps."""
    with Repo(ROOT / project) as repo:
        commands = {stage.name: stage.cmd for stage in repo.index.stages}
        return commands, {out.fs_path for out in repo.index.outs if out.use_cache}


def produced(stage) -> list[str]:
    return paths_of([*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])])


def test_derived_pipelines_are_as_the_tool_writes_them(make_project):
    copy = make_project(subprojects=True)
    copy.run("python", "-m", "tools.dvc_pipelines")
    changed = copy.run("git", "status", "--short").stdout
    assert not changed, "run: python -m tools.dvc_pipelines"


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_the_roots_pipeline_but_for_its_name(recipe):
    pipeline = (ROOT / "recipes" / recipe / "dvc.yaml").read_bytes()
    own = f'title: "{recipe}: '.encode()
    assert own in pipeline
    assert pipeline.replace(own, b'title: "reference: ') == (ROOT / "dvc.yaml").read_bytes()


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_has_links_to_the_code_and_shares_the_cache(project):
    folder = ROOT / project
    for name in ("stages", "worldmodels"):
        assert (folder / name).is_symlink()
        assert (folder / name).resolve() == ROOT / name
    config = configparser.ConfigParser()
    config.read_string(re.sub(r"^\s+", "", (folder / ".dvc" / "config").read_text(), flags=re.M))
    cache = (folder / ".dvc" / config["cache"]["dir"]).resolve()
    assert cache == ROOT / ".dvc" / "cache"
    assert config["core"]["analytics"] == "false"
    assert (folder / ".dvcignore").read_text() == (ROOT / ".dvcignore").read_text()
    ignored = (ROOT / ".dvc" / ".gitignore").read_text()
    assert (folder / ".dvc" / ".gitignore").read_text() == ignored
    assert (folder / ".dvc" / "plots").is_symlink()
    assert (folder / ".dvc" / "plots").resolve() == ROOT / ".dvc" / "plots"


def test_the_cluster_and_bytecode_are_no_dependencies():
    ignored = (ROOT / ".dvcignore").read_text().splitlines()
    assert {"__pycache__", "worldmodels/parallel/dask_*.py"} <= set(ignored)


@pytest.mark.parametrize("project", [".", *PROJECTS])
def test_what_dvc_caches_is_not_in_git(project):
    """Else the stage that makes it fails: DVC says that git tracks its output already."""
    _, cached = read_by_dvc(project)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    tracked = {str(ROOT / name) for name in listed.stdout.decode().split("\0")}
    assert len(cached) > 5
    assert not cached & tracked


@pytest.mark.parametrize("name", study_names())
def test_the_committed_lock_of_a_study_has_the_commands_of_its_pipeline(name):
    """So that no stage of it runs again."""
    locked = parse_yaml((ROOT / "studies" / name / "dvc.lock").read_text())["stages"]
    commands, _ = read_by_dvc(f"studies/{name}")
    assert commands == {stage: content["cmd"] for stage, content in locked.items()}


def without_params(lock: str) -> str:
    content = parse_yaml(lock)
    for stage in content["stages"].values():
        stage.pop("params", None)
    return yaml.safe_dump(content, sort_keys=False)


def test_lock_files_are_small():
    locks = {path: path.stat().st_size for path in ROOT.glob("**/dvc.lock")}
    # 91 deps and 29 outs of 108 bytes each and their commands, then 5.4 kB of params
    assert len(without_params((ROOT / "dvc.lock").read_text())) <= 15_400
    assert locks[ROOT / "dvc.lock"] <= 20_900
    assert max(locks.values()) <= MAX_LOCK_BYTES


def test_the_study_trains_c_for_each_temperature_and_the_rest_once_for_each_seed():
    stages = stages_in("studies/temperature/dvc.yaml")
    trained = [*LEARNING, "evaluate"]
    drawn = ["temperature_study", "visualize_temperature", "compare_dream"]
    assert list(stages) == [*trained, *drawn]
    for name in trained:
        in_cell = "temperature" in stages[name]["matrix"]
        assert in_cell == (name in ("evolve_c", "evaluate"))
        folder = "cells/${item.seed}-${item.temperature}/" if in_cell else "cells/${item.seed}/"
        for path in produced(stages[name]):
            assert path.startswith(folder)
            assert path in stages[name]["cmd"] or "/reports/" in path
        inputs = [path for path in paths_of(stages[name]["deps"]) if path.startswith("cells/")]
        assert set(inputs) <= {path for stage in stages.values() for path in produced(stage)}
    read = stages["temperature_study"]["deps"]
    cells = [path for path in read if path.endswith("metrics/evaluate.json")]
    assert len(cells) == len(SEEDS) * len(TEMPERATURES)


@pytest.mark.parametrize(("project", "names"), [("carracing", LEARNING), ("doom", ROUND_STAGES)])
def test_every_stage_of_a_round_writes_its_cost(project, names):
    stages = stages_in(f"{project}/dvc.yaml")
    for name in names:
        for stage, number in ((stages[f"{name}0"], "0"), (stages[name]["do"], "${key}")):
            cost = f"rounds/{number}/reports/cost/{name}.json"
            assert cost in paths_of(stage["outs"])
            assert f" --cost {cost}" in stage["cmd"]


@pytest.mark.parametrize(
    ("file", "script", "demands"),
    [
        ("recipes/dream/compare/dvc.yaml", "compare_dream", ("racing",)),
        ("studies/temperature/dvc.yaml", "compare_dream", ("racing",)),
        ("studies/temperature/dvc.yaml", "temperature_study", ("racing",)),
        ("studies/temperature/dvc.yaml", "visualize_temperature", ("racing",)),
        ("carracing/dvc.yaml", "visualize_carracing", ("carracing",)),
        ("carracing/dvc.yaml", "finetune_c", ("carracing",)),
        ("doom/dvc.yaml", "train_c0", ("doom",)),
        ("doom/dvc.yaml", "evaluate_controls", ("doom",)),
        ("doom/dvc.yaml", "forecast_ends", ("doom",)),
        ("doom/dvc.yaml", "visualize_doom", ("doom",)),
        ("doom/dvc.yaml", "visualize_dreams", ("doom",)),
        ("doom/dvc.yaml", "dream_starts", ("doom",)),
        ("doom/dvc.yaml", "play", ("doom",)),
        ("recipes/other/dvc.yaml", "visualize_gymnasium", ("gymnasium",)),
    ],
)
def test_other_stages_depend_on_their_rooms_too(file, script, demands):
    stage = stages_in(file)[script]
    listed = [path for path in stage["deps"] if path.startswith(CODE)]
    assert listed == dependencies(f"stages/{script.rstrip('0')}.py", demands)
    read = [path for path in stage["deps"] if not path.startswith((*CODE, "reports/"))]
    files = [path for path in read if not path.endswith((".json", ".csv"))]
    named = {*stage["cmd"].split()}  # a file, or a folder that it is in
    assert all(named & {path, *map(str, PurePath(path).parents)} for path in files)


ENVIRONMENTS = {"carracing": "carracing", "recipes/other": "gymnasium", "doom": "doom"}


@pytest.mark.parametrize("project", ENVIRONMENTS)
def test_a_project_depends_on_its_own_environment_alone(project):
    kinds = {"racing", *ENVIRONMENTS.values()} - {ENVIRONMENTS[project]}
    for name, stage in stages_in(f"{project}/dvc.yaml").items():
        others = {f"worldmodels/envs/{kind}" for kind in kinds} & set(
            stage.get("do", stage)["deps"]
        )
        # the script of all pages draws the grass of the racing environment
        assert others == ({"worldmodels/envs/racing"} if name == "play" else set())


def test_another_environment_runs_through_the_roots_stages_but_for_the_figures():
    root = read_stages(named((ROOT / "dvc.yaml").read_text(), "other"))
    other = stages_in("recipes/other/dvc.yaml")
    assert list(other) == [*LEARNING, "evaluate", "visualize_gymnasium"]
    for name in (*LEARNING, "evaluate"):
        assert {**other[name], "deps": None} == {**root[name], "deps": None}


def test_carracings_figures_depend_on_every_round():
    stages = stages_in("carracing/dvc.yaml")
    deps = stages["visualize_carracing"]["deps"]
    folders = {path.split("/reports/")[0] for path in deps if path.startswith("rounds/")}
    rounds = {folder for folder in folders if "/models/" not in folder}
    assert rounds == {f"rounds/{number}" for number in range(ROUNDS + 1)}
    assert rounds <= set(stages["visualize_carracing"]["cmd"].split())


def test_the_ablations_have_the_v_m_teacher_and_settings_of_the_last_round():
    stages = stages_in("carracing/dvc.yaml")
    last = stages["evolve_c"]["do"]["cmd"].replace("${key}", str(ROUNDS))
    last = last.replace("${item.before}", str(ROUNDS - 1)).replace("${item.options}", "")
    own = {
        "z": {"--set", "evolve_c.inputs=z", "evolve_c.pca_components=0"},
        "untrained": {"--policy-memory"},
    }
    for kind, settings in own.items():
        words = set(stages[f"evolve_c_{kind}"]["cmd"].split()) - set(last.split())
        assert {word for word in words if not word.startswith("ablations/")} == settings
        finetuned, shipped = stages[f"finetune_c_{kind}"], stages["finetune_c"]
        assert f"ablations/{kind}/models/c.npz" in finetuned["cmd"]
        assert finetuned["params"] == shipped["params"]
        # As many iterations and episodes; the noise is chosen for each.
        assert re.findall(r"--set (\S+)=", finetuned["cmd"]) == ["finetune_c.action_std"]
    assert set(AGENT) == {"models/v.npz", "models/m.npz", "models/c.npz"}


def test_c_without_dreams_is_never_evolved_and_finetuned_for_as_many_iterations():
    stages = stages_in("carracing/dvc.yaml")
    shipped = parse_yaml((ROOT / "carracing/params.yaml").read_text())["finetune_c"]

    def options(name: str) -> list[str]:
        """Of the commands of all rounds."""
        later = stages[f"{name}_no_dreams"]["foreach"].values()
        return [stages[f"{name}_no_dreams0"]["cmd"], *(item["options"] for item in later)]

    assert all(" --set evolve_c.generations=0" in each for each in options("evolve_c"))
    iterations = [
        re.findall(r"finetune_c\.iterations=(\d+)", each) for each in options("finetune_c")
    ]
    assert sum(int(number) for (number,) in iterations) == shipped["iterations"]
    for stage in ("evolve_c", "finetune_c"):
        files = stages[f"{stage}_no_dreams0"]["cmd"].split(" --")[0].split()
        assert "rounds/0/models/v.npz" in files
        assert "rounds/0/models/m.npz" in files
    # Nothing comes from a C that has dreamt.
    names = [name for name in stages if "_no_dreams" in name]
    deps = [path for name in names for path in stages[name].get("do", stages[name])["deps"]]
    folders = [item["folder"] for item in stages["collect_no_dreams"]["foreach"].values()]
    assert "rounds/0" in folders
    assert not [
        path for path in deps if re.match(r"(rounds/(?!0/)|.*rounds/.*c\.npz|models/)", path)
    ]


@pytest.mark.parametrize("recipe", ["unseen", "paper", "dream"])
def test_a_recipes_committed_evaluation_is_on_a_hundred_tracks_without_a_loss(recipe):
    path = ROOT / "recipes" / recipe / "reports" / "metrics" / "evaluate.json"
    metrics = json.loads(path.read_text())
    assert metrics["mean_return"] > 115
    assert metrics["off_track"] == 0
    assert f" {recipe} " in (ROOT / "Makefile").read_text().replace("\n", " ")
