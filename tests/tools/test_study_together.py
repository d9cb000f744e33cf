"""Stages of studies that make several Cs."""

import os
import shlex
import subprocess

import msgspec
import pytest

from tools.fast_yaml import parse_yaml
from tools.rooms import ROOT
from tools.studies import Study, StudyError, single_key
from tools.study_pipelines import study_pipeline

ROOT_PIPELINE = (ROOT / "dvc.yaml").read_text()
LAST = "evolve_and_evaluate"
TOGETHER = Study(  # sizes have values of their own; `evaluate` reads the tracks
    title="",
    factors={
        "tracks": {"wide": {}, "narrow": {"env.random_tracks.half_width": [0.8, 0.9]}},
        "hidden": single_key("evolve_c.hidden", [0, 8]),
        "sigma": single_key("evolve_c.sigma", [0.1, 0.2]),
    },
    seeds=(5, 6),
    minutes=1,
    reference="wide-0",
    tuned="sigma",
    exclude=({"tracks": "narrow", "hidden": 8, "sigma": [0.1]},),
    together=("hidden", "sigma"),
)


def stages_of(study):
    return parse_yaml(study_pipeline(ROOT_PIPELINE, study, "derived"))["stages"]


def commands(stages):
    """Those that make all Cs, in their order."""
    made = []
    for item in stages[LAST]["foreach"].values():
        for command in stages[LAST]["do"]["cmd"]:
            for name, value in item.items():
                command = command.replace(f"${{item.{name}}}", str(value))
            made.append(command)
    return made


def test_cells_of_one_stage_have_the_commands_of_a_stage_each(tmp_path):
    """The script runs with a python that writes its arguments down."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho python "$@"\n')
    python.chmod(0o755)
    stages = stages_of(TOGETHER)
    assert stages[LAST]["do"]["outs"] == ["cells/seed=${item.seed}/tracks=${item.tracks}/c"]
    assert list(stages[LAST]["foreach"]) == ["5-wide", "5-narrow", "6-wide", "6-narrow"]
    ran = []
    for item in stages[LAST]["foreach"].values():
        command = stages[LAST]["do"]["cmd"].replace("${item.cells}", item["cells"])
        assert "\n" not in command  # DVC runs each line by itself
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        ran += subprocess.check_output(command, shell=True, text=True, env=env).splitlines()
    alone = commands(stages_of(msgspec.structs.replace(TOGETHER, together=())))
    paths_alone = [line.replace("/c/", "/") for line in ran]
    assert paths_alone == [" ".join(shlex.split(command)) for command in alone]
    assert len(ran) == 2 * (4 + 3) * 2


def test_a_cell_that_fails_ends_its_stage(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho once\nexit 3\n")
    python.chmod(0o755)
    item = next(iter(stages_of(TOGETHER)[LAST]["foreach"].values()))
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(
        f"sh -ec {item['cells']}", shell=True, check=False, capture_output=True, env=env
    )
    assert (ended.returncode, ended.stdout) == (3, b"once\n")


def test_what_is_not_of_c_alone_cannot_run_together():
    study = msgspec.structs.replace(TOGETHER, together=("tracks", "hidden", "sigma"))
    with pytest.raises(StudyError, match="together: should be factors of C alone; found tracks"):
        stages_of(study)
