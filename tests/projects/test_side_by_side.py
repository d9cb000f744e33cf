"""Several runs of DVC at the same moment: each is right, or is refused in words."""

import hashlib
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.project import Project
from tools.fast_yaml import parse_yaml

OUTPUTS = ["data/rollouts.h5", "models/v.npz", "data/latents.h5", "models/m.npz", "models/c.npz"]
OUTPUTS += ["data/evaluation.h5", "reports/metrics/evaluate.json"]
REPRO = ("dvc", "repro", "evaluate")  # all but the pictures, which take the most time
BUSY = "is busy, it is being blocked by:\n  (PID "
LOCKED = "Unable to acquire lock. Most likely another DVC process is running"


@pytest.fixture(scope="module")
def undisturbed(make_project):
    project = make_project()
    project.run(*REPRO)
    project.commit("run")
    return project


def run_together(project, *commands, apart=0.0):
    """What came of commands that began so many seconds one after the other."""

    def begun(number, command):
        time.sleep(number * apart)
        return project.run(*command, check=False)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(begun, itertools.count(), commands))


def run_twice(project, apart=0.0):
    runs = run_together(project, REPRO, REPRO, apart=apart)
    for run in runs:
        assert run.returncode == 0 or BUSY in run.stderr or LOCKED in run.stderr
    ran = project.repro("evaluate")
    assert not ran or all(run.returncode for run in runs)


def locked(project):
    """What dvc.lock says of each stage but for those that draw."""
    stages = parse_yaml(project.read("dvc.lock"))["stages"]
    return {name: stage for name, stage in stages.items() if name not in ("visualize", "play")}


def test_two_runs_at_once_end_as_one_undisturbed(template, make_project):
    undisturbed, project = Project(template), make_project()
    run_twice(project)
    assert locked(project) == locked(undisturbed)
    for name in OUTPUTS:
        assert project.read(name) == undisturbed.read(name)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [0.5, 1.5, 2.5, 4])
def test_a_run_that_begins_in_the_midst_of_another_spoils_nothing(undisturbed, make_project, apart):
    project = make_project()
    run_twice(project, apart)
    for name in ("dvc.lock", *OUTPUTS):
        assert project.read(name) == undisturbed.read(name)


@pytest.mark.slow
def test_two_recipes_run_at_once(undisturbed, make_project):
    root = make_project(subprojects=True)
    recipes = [Project(root.folder / "recipes" / name) for name in ("unseen", "paper")]
    for recipe in recipes:
        recipe.write("params.yaml", root.read("params.yaml").decode())
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda recipe: recipe.run(*REPRO), recipes))
    for recipe in recipes:
        assert recipe.repro("evaluate") == []
        for name in OUTPUTS:
            assert recipe.read(name) == undisturbed.read(name)


def experiments(project):
    """What each experiment is shown with."""
    shown = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    found = [exp for revision in shown for exp in revision.get("experiments") or []]
    return [revision["data"] for exp in found for revision in exp["revs"]]


def evolved_alone(project, folder: Path, population: int, generations: int) -> tuple[str, float]:
    """The hash of C, and its return, from the stage by itself: without DVC and its run cache."""
    c, settings = folder / "c.npz", {"population": population, "generations": generations}
    project.stage(
        *("evolve_c", "data/latents.h5", "models/v.npz", "models/m.npz", str(c)),
        *("--reports", str(folder)),
        *(f"--set=evolve_c.{key}={value}" for key, value in settings.items()),
    )
    metrics = json.loads((folder / "metrics" / "evolve_c.json").read_bytes())
    return hashlib.md5(c.read_bytes()).hexdigest(), metrics["validation_return"]


def evolved(experiment) -> tuple[str, float]:
    metrics = experiment["metrics"]["reports/metrics/evolve_c.json"]["data"]
    return experiment["outs"]["models/c.npz"]["hash"], metrics["validation_return"]


@pytest.mark.slow
def test_a_temporary_experiment_is_right_and_leaves_the_workspace_alone(undisturbed, tmp_path):
    before = {name: undisturbed.read(name) for name in ("dvc.lock", "params.yaml", *OUTPUTS)}
    settings = ("-S", "evolve_c.population=6", "-S", "evolve_c.generations=2")
    undisturbed.run("dvc", "exp", "run", "--temp", *settings, "evolve_c")
    assert {name: undisturbed.read(name) for name in before} == before
    assert undisturbed.run("git", "status", "--short").stdout == ""
    (experiment,) = experiments(undisturbed)
    assert evolved(experiment) == evolved_alone(undisturbed, tmp_path, 6, 2)


def test_a_temporary_experiment_needs_a_path_in_ascii(project, tmp_path):
    """If this fails, DVC has mended it: docs/dvc.md, "Side by side", need not say so any longer."""
    clone = project.clone(tmp_path / "Müller")
    run = clone.run("dvc", "exp", "run", "--temp", "-S", "seed=5", check=False)
    assert run.returncode
    assert "'ascii' codec can't encode character" in run.stderr


def workers(project):
    """The processes that run below a project's folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(project.folder):
                found.append(process)
    return found


def start_worker(project):
    # it keeps the standard output that it is given, so that a pipe would stay open until it ends
    project.run("sh", "-c", "dvc queue start --jobs 1 >.dvc/tmp/start 2>&1")


@pytest.fixture
def queue(make_project):
    """A project whose queue's worker is gone when the test ends, whatever came of it."""
    project = make_project()
    project.run(*REPRO)
    project.commit("run")
    yield project
    project.run("dvc", "queue", "stop", "--kill", check=False)
    _, alive = psutil.wait_procs(workers(project), timeout=20)
    left = [process.cmdline() for process in alive]
    for process in alive:
        process.kill()
    assert not left


@pytest.mark.slow
def test_a_queue_of_six_experiments_gives_six_right_results(queue, tmp_path):
    settings = ("-S", "evolve_c.population=6,8,10", "-S", "evolve_c.generations=2,3")
    queue.run("dvc", "exp", "run", "--queue", *settings, "evaluate")
    assert queue.run("git", "status", "--short").stdout == ""
    start_worker(queue)
    queue.replace("params.yaml", "generations: 8", "generations: 4")
    assert queue.repro("evaluate") == ["evolve_c", "evaluate"]  # the workspace goes on meanwhile
    own = {name: queue.read(name) for name in ("dvc.lock", "params.yaml", *OUTPUTS)}
    until = time.monotonic() + 300
    while (status := queue.run("dvc", "queue", "status").stdout).count("Success") < 6:
        assert "Failed" not in status
        assert time.monotonic() < until, status
        assert workers(queue), "the worker has left before its work was done"
        time.sleep(2)
    found = {}
    for experiment in experiments(queue):
        params = experiment["params"]["params.yaml"]["data"]["evolve_c"]
        found[params["population"], params["generations"]] = evolved(experiment)
    assert found == {
        variant: evolved_alone(queue, tmp_path, *variant)
        for variant in itertools.product((6, 8, 10), (2, 3))
    }
    assert {name: queue.read(name) for name in own} == own
    assert hashlib.md5(own["models/c.npz"]).hexdigest() == evolved_alone(queue, tmp_path, 12, 4)[0]


@pytest.mark.slow
def test_of_a_killed_queue_the_stage_alone_goes_on_in_its_copy(queue):
    endless = ("-S", "evolve_c.generations=100000")
    queue.run("dvc", "exp", "run", "--queue", *endless, "evolve_c")
    start_worker(queue)
    until = time.monotonic() + 60
    while not (stages := [each for each in workers(queue) if "stages.evolve_c" in each.cmdline()]):
        assert time.monotonic() < until
        time.sleep(1)
    queue.run("dvc", "queue", "stop", "--kill")
    # DVC kills the experiment, and not what the experiment has started
    others = [each for each in workers(queue) if "stages.evolve_c" not in each.cmdline()]
    assert not psutil.wait_procs(others, timeout=20)[1]
    assert queue.run("git", "status", "--short").stdout == ""
    for stage in stages:
        assert Path(stage.cwd()).is_relative_to(queue.folder / ".dvc" / "tmp" / "exps")
        stage.terminate()
    assert not psutil.wait_procs(stages, timeout=20)[1]


@pytest.mark.slow
@pytest.mark.parametrize("apart", [2, 3.25])
def test_queueing_beside_a_run_at_worst_fails_the_run(make_project, tmp_path, apart):
    project = make_project()
    project.run(*REPRO)
    project.commit("run")
    project.replace("params.yaml", "generations: 8", "generations: 150")
    queueing = ("dvc", "exp", "run", "--queue", "-S", "evolve_c.population=6,8,10", "evaluate")
    run, queued = run_together(project, REPRO, queueing, apart=apart)
    assert queued.returncode == 0
    # DVC puts the workspace back as it was when it queued, without what the run has written since
    assert run.returncode == 0 or "reports/metrics/evolve_c.json' does not exist" in run.stderr
    ran = project.repro("evaluate")
    assert (ran == []) == (run.returncode == 0)
    c = hashlib.md5(project.read("models/c.npz")).hexdigest()
    assert c == evolved_alone(project, tmp_path, 12, 150)[0]
