"""What a person has set for other programs changes no byte of what the stages make."""

import os
import subprocess
import sys

from tests.support.project import STAGES, Project
from tools.fast_yaml import parse_yaml

OF_OTHER_PROGRAMS = {
    "PYTHONOPTIMIZE": "2",  # no asserts, no docstrings
    "PYTHONWARNINGS": "error",
    "PYTHONDEVMODE": "1",
    "PYTHONHASHSEED": "77",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUNBUFFERED": "1",
    "LC_ALL": "C",
    "TZ": "Pacific/Apia",
    "COMPUTE": "gpu",  # ours is WORLDMODELS_COMPUTE
    "EXECUTOR": "slurm",
    "WORKERS": "many",
    "SEED": "7",
    "DEBUG": "1",
}


def test_no_byte_depends_on_variables_for_other_programs(make_project, template, tmp_path):
    """Another `stages` on PYTHONPATH among them: the current folder comes first."""
    for name in ("stages", "worldmodels"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('another project')\n")
    project: Project = make_project()
    environment = {**os.environ, **OF_OTHER_PROGRAMS, "PYTHONPATH": str(tmp_path)}
    # NumPy without its docstrings is compiled once, and not by each stage.
    environment |= {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"),
    }
    commands = parse_yaml(project.read("dvc.yaml"))["stages"]
    for stage in STAGES:
        command = commands[stage]["cmd"].split()
        result = subprocess.run(
            [sys.executable, *command[1:]],
            cwd=project.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
    made, usual = project.outputs(), Project(template).outputs()
    assert made.keys() == usual.keys()
    assert [name for name in made if made[name] != usual[name]] == []
