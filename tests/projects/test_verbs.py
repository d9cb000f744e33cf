"""The verbs that a user types, through the real DVC, in a clone after the pipeline has run."""

import json

import pytest

from tests.support.documented_commands import block, type_in
from tests.support.project import Project

PLAIN_VERBS = {  # verb -> the most lines and columns of what it prints
    ("status",): (20, 200),
    ("metrics", "show"): (30, 180),
    ("metrics", "diff"): (30, 180),
    ("params", "diff"): (30, 180),
    ("dag",): (60, 200),
    ("repro",): (20, 200),
    ("repro", "-P", "--dry", "--allow-missing"): (40, 200),
    ("data", "status"): (20, 200),
    ("diff",): (60, 200),
    ("checkout",): (20, 200),
    ("commit", "-f"): (20, 200),
    ("gc", "-w", "-f"): (20, 400),
    ("plots", "show", "--open"): (5, 400),
    ("plots", "diff", "--open"): (5, 400),
    ("exp", "list"): (20, 200),
    ("stage", "list"): (40, 200),
    ("ls", "."): (60, 200),
    ("config", "--list"): (40, 200),
    ("doctor",): (40, 400),
}


@pytest.fixture(scope="module", params=["recipes/quick", "."])
def clone(request, make_run_project) -> Project:
    """A project in a clone, whose pipeline has been run: a recipe's, or the root."""
    project = Project(make_run_project().folder / request.param)
    project.run("dvc", "repro")
    project.commit("run")
    return project


@pytest.mark.parametrize("verb", PLAIN_VERBS, ids=" ".join)
def test_a_verb_ends_well_and_prints_little(clone, verb):
    result = clone.run("dvc", *verb, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    most_lines, most_columns = PLAIN_VERBS[verb]
    assert len(lines) <= most_lines, result.stdout
    assert max(map(len, lines), default=0) <= most_columns, result.stdout


def test_git_is_clean_after_the_run(clone):
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_metrics_are_few(clone):
    shown = json.loads(clone.run("dvc", "metrics", "show", "--json").stdout)[""]["data"]
    numbers = [number for file in shown.values() for number in file["data"]]
    assert len(numbers) <= 12
    assert all(not isinstance(number, dict) for file in shown.values() for number in file["data"])


def test_plots_have_the_curves_and_figures(clone):
    clone.run("dvc", "plots", "diff")
    page = clone.read("dvc_plots/index.html").decode()
    name = clone.folder.name if clone.folder.parent.name == "recipes" else "reference"
    assert f"{name}: returns of the population" in page
    assert "policy_trajectory.png" in page


@pytest.mark.parametrize("clone", ["recipes/quick"], indirect=True)
def test_experiments_run_are_shown_saved_and_applied(clone):
    before = clone.read("params.yaml").decode()
    key, value = "visualize.reconstructions", 4
    clone.run("dvc", "exp", "run", "-n", "other", "-S", f"{key}={value}")
    changed = clone.run("git", "diff", "--numstat", "HEAD", "--", "params.yaml").stdout
    assert changed.split()[:2] == ["1", "1"]  # one line, whatever DVC does to a YAML file
    assert key in clone.run("dvc", "params", "diff").stdout
    shown = clone.run("dvc", "exp", "show", "--csv").stdout.splitlines()
    assert len(shown[0].split(",")) <= 140
    (shown,) = type_in(clone, block("docs/dvc.md", "A sweep")[-1].text)
    header, *rows = (line.split() for line in shown.splitlines() if "─────" not in line)
    assert header == ["Experiment", "mean_return", "evolve_c.population"]
    assert "[other]" in rows[-1]
    assert all(float(row[-2]) and int(row[-1]) == 12 for row in rows)
    clone.run("dvc", "exp", "save", "-f", "-n", "saved")
    clone.write("params.yaml", before)
    clone.run("dvc", "repro")
    assert clone.run("git", "status", "--porcelain").stdout == ""
    clone.run("dvc", "exp", "apply", "other")
    assert f"{key.split('.')[1]}: {value}" in clone.read("params.yaml").decode()
    clone.run("git", "checkout", "stages", "worldmodels")  # DVC has put copies of the code there
    assert all((clone.folder / name).is_symlink() for name in ("stages", "worldmodels"))
    clone.run("git", "checkout", "-q", ".")
    clone.run("dvc", "checkout")
    names = clone.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert {"other", "saved"} <= set(names)


def test_results_travel_through_a_directory_remote(clone, tmp_path):
    clone.run("dvc", "remote", "add", "-f", "-d", "--local", "shared", str(tmp_path / "remote"))
    clone.run("dvc", "push")
    assert list((tmp_path / "remote").rglob("*"))
    model = clone.folder / "models" / "v.npz"
    content = model.read_bytes()
    model.unlink()
    clone.run("dvc", "pull")
    assert model.read_bytes() == content


def test_the_python_api_has_the_sections_by_their_names(clone):
    script = "import dvc.api; print(dvc.api.params_show()['train_v']['z_size'])"
    assert clone.run("python", "-c", script).stdout.strip() == "16"
