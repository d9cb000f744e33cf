"""The frame of all stages: command line, costs, checkpoints and errors."""

import importlib
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.support.project import ROOT
from worldmodels.pipeline import runner
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams

PARAMS = ROOT / "params.yaml"
OPTIONAL = {"append-to": ["earlier"], "policy": ["v", "m", "c"]}


def context_of(monkeypatch, *arguments):
    """The context of a stage that has this command line."""
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments), "--params", str(PARAMS)])
    with run_stage("collect", reads=["latents"], optional=OPTIONAL, writes=["rollouts"]) as run:
        return run


def write_output(monkeypatch, *arguments, fault=None):
    """Run a stage that writes its output, and then raises the fault, if there is one."""
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments), "--params", str(PARAMS)])
    with run_stage("collect", writes=["rollouts"]) as run:
        with run.writing(run.paths["rollouts"]) as path:
            path.write_text("new")
        if fault:
            raise fault


def test_set_overrides_a_key_of_the_params(tmp_path, monkeypatch, capsys):
    arguments = ["collect", "--params", str(PARAMS), "--reports", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--set", "seed=5", "--set", "collect.episodes=7"])
    with run_stage("collect") as run:
        assert (run.params.seed, run.params.collect.episodes) == (5, 7)
    monkeypatch.setattr(sys, "argv", [*arguments, "--set", "seed"])
    with pytest.raises(SystemExit), run_stage("collect"):
        pass
    assert "should be KEY=VALUE, found 'seed'" in capsys.readouterr().err


def test_help_begins_with_what_the_script_says_of_itself():
    command = [sys.executable, "-m", "stages.collect", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = importlib.import_module("stages.collect").__doc__
    assert described
    assert described.strip() in shown
    assert "--policy V M C" in shown


def test_files_of_options_that_are_not_given_are_not_among_the_paths(tmp_path, monkeypatch):
    files = {name: tmp_path / name for name in ("latents", "earlier", "v", "m", "c", "rollouts")}
    latents, earlier, *policy, rollouts = files.values()
    assert set(context_of(monkeypatch, latents, rollouts).paths) == {"latents", "rollouts"}
    arguments = [latents, "--append-to", earlier, "--policy", *policy, rollouts]
    assert context_of(monkeypatch, *arguments).paths == files


def test_a_policy_is_three_files(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        context_of(monkeypatch, "a", "b", "--policy", "v", "m")
    assert "--policy" in capsys.readouterr().err


def test_a_checkpoint_is_used_only_with_the_same_inputs(tmp_path, monkeypatch):
    for name in ("a", "b", "earlier", "other"):
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)

    def checkpoints(*options):
        return context_of(monkeypatch, "a", *options, "out").checkpoints

    checkpoints("--append-to", "earlier").save("state", dict, force=True)
    assert checkpoints("--append-to", "earlier").load("state") == {}
    assert checkpoints().load("state") is None
    assert checkpoints("--append-to", "other").load("state") is None
    (tmp_path / "earlier").write_text("changed")
    assert checkpoints("--append-to", "earlier").load("state") is None


def test_the_cost_of_a_run_is_written_on_request(monkeypatch, tmp_path):
    output, cost = tmp_path / "r.h5", tmp_path / "cost" / "collect.json"
    write_output(monkeypatch, output)
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5"]
    with pytest.raises(SystemExit):
        write_output(monkeypatch, output, "--cost", cost, fault=UserError("gone"))
    assert not cost.exists()
    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: 100.0))
    monkeypatch.setattr(runner, "cost", lambda start: {"core_hours": start})
    write_output(monkeypatch, output, "--cost", cost)
    assert json.loads(cost.read_text()) == {"core_hours": 100.0}


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (UserError("data/x.h5: gone"), 1, r"^collect: data/x.h5: gone$"),
        (ParamsError("seed: odd"), 1, r"^collect: \S*params.yaml: seed: odd$"),
        (
            MemoryError("12 GiB"),
            1,
            r"^collect: \S*params.yaml: env.max_steps 120, collect.episodes 64, "
            r"collect.held_out_episodes 16: too large for this machine's memory \(12 GiB\)$",
        ),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "^collect: interrupted$"),
    ],
)
def test_a_fault_ends_in_one_line_and_changes_nothing(
    monkeypatch, tmp_path, capsys, fault, status, words
):
    output = tmp_path / "r.h5"
    output.write_text("old")
    with pytest.raises(SystemExit) as stop:
        write_output(monkeypatch, output, fault=fault)
    message = stop.value.code if status == 1 else capsys.readouterr().err
    assert re.search(words, str(message).strip())
    assert status == (1 if isinstance(stop.value.code, str) else stop.value.code)
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5"]


def test_random_streams_differ_by_seed_stage_and_purpose():
    draws = {
        RandomStreams(seed, stage)(purpose).integers(2**62)
        for seed in (0, 1)
        for stage in ("collect", "evaluate")
        for purpose in ("policy", "tracks")
    }
    assert len(draws) == 8


def refusal(monkeypatch, *arguments):
    with pytest.raises(SystemExit) as stop:
        context_of(monkeypatch, *arguments)
    return str(stop.value.code)


def test_an_output_that_is_an_input_is_refused(monkeypatch, tmp_path):
    (tmp_path / "a").write_text("content")
    (tmp_path / "link").symlink_to("a")
    for output in ("a", "link"):
        line = refusal(monkeypatch, tmp_path / "a", tmp_path / output)
        assert line.startswith(f"collect: {tmp_path / output}: is an output; ")
    assert (tmp_path / "a").read_text() == "content"


def test_a_cost_that_is_another_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "a").write_text("content")
    for cost in ("a", "b"):
        files = tmp_path / "a", tmp_path / "b"
        line = refusal(monkeypatch, *files, "--cost", tmp_path / cost)
        assert line.startswith(f"collect: {tmp_path / cost}: is an output; ")
    line = refusal(monkeypatch, *files, "--cost", "params.yaml")
    assert line.startswith("collect: params.yaml: is an output; ")


def test_an_output_that_is_a_folder_is_refused_before_the_work(monkeypatch, tmp_path):
    line = refusal(monkeypatch, tmp_path / "a", tmp_path)
    assert line == f"collect: {tmp_path}: is a folder; an output should be a file"


def test_a_pipe_is_refused_and_not_waited_for(monkeypatch, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for files in (("pipe", "b"), ("a", "pipe")):
        line = refusal(monkeypatch, *(tmp_path / file for file in files))
        assert line == f"collect: {tmp_path / 'pipe'}: is no plain file, but a pipe or a device"


def test_a_circular_link_is_an_input_that_is_missing(monkeypatch, tmp_path):
    (tmp_path / "a").symlink_to("a")
    context_of(monkeypatch, tmp_path / "a", tmp_path / "b")


def test_a_file_in_place_of_a_folder_is_said(monkeypatch, tmp_path):
    (tmp_path / "models").write_text("")
    output = tmp_path / "models" / "v.npz"
    with pytest.raises(SystemExit) as stop:
        write_output(monkeypatch, output)
    assert stop.value.code.startswith(f"collect: {output}: cannot be written: {tmp_path}/models: ")


@pytest.mark.parametrize(("setting", "seed"), [("010", 10), ("0o17", 15), ("1e3", 1000)])
def test_a_setting_is_read_as_the_file_would_be(monkeypatch, tmp_path, setting, seed):
    run = context_of(monkeypatch, tmp_path / "a", tmp_path / "b", "--set", f"seed={setting}")
    assert run.params.seed == seed


def test_a_setting_may_be_a_list(monkeypatch, tmp_path):
    setting = "env.random_tracks.radius=[7, 8.5]"
    run = context_of(monkeypatch, tmp_path / "a", tmp_path / "b", "--set", setting)
    assert run.params.env.random_tracks.radius == (7, 8.5)


@pytest.mark.parametrize("setting", ["seed=many", "seed=-1", "seed=[", "seed=&a 3", "seed="])
def test_a_wrong_setting_is_told_from_a_wrong_file(monkeypatch, tmp_path, setting):
    line = refusal(monkeypatch, tmp_path / "a", tmp_path / "b", "--set", setting)
    assert re.search(r": seed: (cannot be set to |.* \(not in the file: --set or )", line), line


def test_an_unknown_key_of_a_setting_is_told_from_one_in_the_file(monkeypatch, tmp_path):
    line = refusal(monkeypatch, tmp_path / "a", tmp_path / "b", "--set", "collect.episode=3")
    assert re.search(r": collect\.episode: unknown key; .* \(not in the file: --set or ", line), (
        line
    )


def test_a_variable_is_told_from_a_wrong_file(monkeypatch, tmp_path):
    monkeypatch.setenv("WORLDMODELS_COMPUTE", "workers=many")
    line = refusal(monkeypatch, tmp_path / "a", tmp_path / "b")
    assert line.endswith("found 'many' (not in the file: --set or WORLDMODELS_COMPUTE says so)")
