"""The commands in README.md and docs/, typed as a reader types them, and what they print."""

import errno
import json

import pytest

from tests.support.command_tables import EDIT, TYPED, typed
from tests.support.documented_commands import block, difference, type_in
from tests.support.failing_io import compile_library, failing, needs_compiler
from tests.support.project import ROOT, Project


@pytest.fixture(scope="module")
def clone(make_project):
    """A clone after `make`, with the root's params."""
    project = make_project(params=".", subprojects=True)
    project.run("dvc", "repro")
    project.commit("run")
    return project


@pytest.fixture(scope="module")
def numbers(clone):
    """Whether this processor rounds as the one whose numbers are in the pages."""
    path = "reports/metrics/evaluate.json"
    return clone.read(path) == (ROOT / path).read_bytes()


@pytest.fixture(scope="module")
def transcript(clone, numbers):
    """The commands of the transcript in docs/dvc.md, and what they print."""
    commands = typed("docs/dvc.md", EDIT)
    printed = type_in(clone, *commands)
    type_in(clone, "git checkout -q .", "dvc checkout -q")
    return list(zip(commands, printed, strict=True))


@pytest.mark.parametrize("page", ["docs/dvc.md", "README.md"])
def test_an_edited_number_reruns_and_prints_what_the_page_shows(transcript, numbers, page):
    shown = [command for command in block(page, EDIT) if command.text in typed(page, EDIT)]
    for command, (text, printed) in zip(shown, transcript, strict=False):
        assert command.text == text
        assert not difference(command.printed, printed, numbers=numbers), text


@pytest.mark.slow
def test_a_sweep_prints_what_the_page_shows(clone, numbers):
    *queueing, show = block("docs/dvc.md", "A sweep")
    # The worker keeps the shell's output open: this returns when the last experiment has ended.
    printed = type_in(clone, *(command.text for command in queueing))
    printed += type_in(clone, show.text)
    for command, text in zip([*queueing, show], printed, strict=True):
        assert not difference(command.printed, text, numbers=numbers), command.text


@pytest.fixture(scope="module")
def quick_clone(make_run_project):
    """A clone in which the quick recipe has run at the root, and is that of every other recipe."""
    project = make_run_project()
    for recipe in ("unseen", "paper", "dream"):
        project.write(f"recipes/{recipe}/params.yaml", project.read("params.yaml").decode())
    project.commit("run")
    return project


def test_a_recipe_comes_from_the_cache_and_is_copied(quick_clone):
    commands = typed("README.md", "Recipes")
    printed = dict(zip(commands, type_in(quick_clone, *commands), strict=True))
    assert "Running stage" not in printed["dvc repro"]  # the root has run all of it
    assert "Ran experiment" in printed["dvc exp run -S train_v.beta=0.5"]
    again = TYPED["test_a_recipe_comes_from_the_cache_and_is_copied"]
    type_in(quick_clone, *again, "rm -r ../mine")
    commands = typed("docs/dvc.md", "A recipe of your own")
    printed = dict(zip(commands, type_in(quick_clone, *commands), strict=True))
    assert "Running stage" not in printed["dvc repro"]
    assert "Running stage 'evolve_c'" in printed["dvc exp run -S evolve_c.sigma=0.2"]
    type_in(quick_clone, "rm -r recipes/mine")


def test_the_page_of_another_recipe_is_drawn(quick_clone, tmp_path):
    quick_clone.run("cp", "-r", "models", "recipes/dream")
    (command,) = typed("docs/play.md", "A page to play in")
    type_in(quick_clone, command.replace("/tmp", str(tmp_path)))
    assert (quick_clone.folder / "recipes" / "dream" / "dream.html").exists()
    assert (tmp_path / "details" / "play.json").exists()


def test_the_random_policy_returns_what_the_reference_stubs_does(quick_clone):
    commands = TYPED["test_the_random_policy_returns_what_the_reference_stubs_does"]
    (printed,) = type_in(quick_clone, *commands)
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines()[2:]]
    assert [seed for seed, _, _ in rows] == ["0", "1", "2", "3", "4"]
    assert all(ours.startswith(stub) for _, stub, ours in rows)


def test_what_dvc_leaves_when_it_is_killed_is_mended(quick_clone):
    commands = TYPED["test_what_dvc_leaves_when_it_is_killed_is_mended"]
    for path, command in zip(("dvc.lock", ".dvc/tmp/rwlock"), commands, strict=True):
        quick_clone.write(path, "")
        failed = quick_clone.run("dvc", "repro", check=False)
        assert failed.returncode
        assert path in failed.stderr
        type_in(quick_clone, command)
    assert quick_clone.repro() == []


@needs_compiler
def test_dvc_works_without_locks_after_the_command_of_the_page(quick_clone, tmp_path, monkeypatch):
    for name, value in failing(compile_library(tmp_path), "/", flock=errno.ENOLCK).items():
        monkeypatch.setenv(name, value)
    failed = quick_clone.run("dvc", "status", check=False)
    assert "Unable to acquire lock" in failed.stderr
    type_in(quick_clone, *TYPED["test_dvc_works_without_locks_after_the_command_of_the_page"])
    assert quick_clone.run("dvc", "status").stdout == "Data and pipelines are up to date.\n"
    quick_clone.run("dvc", "config", "--local", "--unset", "core.hardlink_lock")


@pytest.mark.slow
@pytest.mark.parametrize("command", TYPED["test_an_experiment_runs_with_its_params"])
def test_an_experiment_runs_with_its_params(quick_clone, command):
    (printed,) = type_in(quick_clone, command)
    assert "Ran experiment" in printed
    assert "Running stage 'train_v'" in printed
    value = command.split("=")[1]
    changed = quick_clone.run("dvc", "params", "diff").stdout
    assert (value in changed) == ("--temp" not in command)
    type_in(quick_clone, "git checkout -q .", "dvc checkout -q")


@pytest.mark.slow
def test_the_dream_is_compared(quick_clone):
    dream = Project(quick_clone.folder / "recipes" / "dream")
    dream.replace("params.yaml", "\n  predict_reward_done: false", "\n  predict_reward_done: true")
    dream.run("dvc", "repro")
    type_in(dream, *TYPED["test_the_dream_is_compared"])
    assert json.loads(dream.read("reports/metrics/compare_dream.json"))
