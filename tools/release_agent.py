"""Releases a trained agent: python -m tools.release_agent recipes/dream 1.0.0

Copies V, M and C of a DVC project, and their evaluation, into its folder `released`, and writes
what `worldmodels.load` and `dvc artifacts get` read there.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from tools.command_errors import errors_in_a_line
from tools.fast_yaml import parse_yaml
from tools.restore_locks import is_torn
from tools.rooms import ROOT
from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.env_params import EnvParams
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.outputs import AtomicOutputs
from worldmodels.pipeline.reports import details_path, read_numbers
from worldmodels.pretrained.loading import AGENT_FILE, MODELS, AgentFile

VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")
SCORES = ("mean_return", "std_return", "stderr", "episodes")
IGNORED = "/evaluation.h5\n/reports/\n"  # what `python -m stages.evaluate` of the agent writes
PIPELINE = """# The folder as an artifact of DVC: see docs/dvc.md, "Released agents".
artifacts:
  agent:
    path: .
    type: model
    desc: V, M and C, trained, with their environment and their score
"""


class Release(NamedTuple):
    """An agent that is released."""

    folder: Path  # which it lies in
    artifact: str  # DVC's name of it, with "=" in place of the colon, as in tags
    version: str
    bytes: int  # of the weights
    mean_return: float
    stderr: float
    episodes: int

    def summary(self) -> str:
        """What was written, and what is typed next."""
        tag = f"{self.artifact}@v{self.version}"
        return (
            f"{self.folder}: version {self.version}, {self.bytes / 1e6:.2f} MB of weights; returns "
            f"{self.mean_return:+.2f} +- {self.stderr:.2f} in {self.episodes} episodes\n"
            f"Next: write {self.folder / 'README.md'}, commit the folder, then\n"
            f'git tag -a {tag} -m "Version {self.version}"'
        )


def release_agent(
    project: Path, version: str, models: Path | None = None, reports: Path | None = None
) -> Release:
    """Write the folder `released` of a project.

    Args:
        project: a folder with params.yaml.
        version: three numbers, as 1.0.0.
        models: where v.npz, m.npz and c.npz are; None: models/ of the project.
        reports: where the evaluation's details are; None: reports/ of the project.

    Raises:
        UserError: the version is none, or has been released; a file is missing or damaged, or not
            what dvc.lock says; or V, M and C do not fit.
    """
    if not VERSION.fullmatch(version):
        raise UserError(f"version {version!r}: should be three numbers, as 1.0.0")
    if ROOT not in (project.resolve(), *project.resolve().parents):
        raise UserError(f"{project}: should be a folder of this repository, as recipes/dream")
    params, folder = read_params(project / "params.yaml"), project / "released"
    artifact = f"{folder.resolve().relative_to(ROOT).as_posix()}=agent"
    _check_tag(f"{artifact}@v{version}")
    sources = [(models or project / "models") / name for name in MODELS]
    evaluation = details_path(reports or project / "reports", "evaluate")
    load_agent(sources, make_task(params.env))  # raises if they do not fit
    names = [f"controller.{name}" for name in SCORES]
    mean_return, _, stderr, episodes = read_numbers(evaluation, "evaluate", names)
    _check_lock(project, params, [*sources, evaluation])
    copies = dict(zip(MODELS, sources, strict=True)) | {"evaluate.json": evaluation}
    contents = {name: path.read_bytes() for name, path in copies.items()}
    weights = sum(len(contents[name]) for name in MODELS)
    contents |= {
        AGENT_FILE: _agent_file(version, params),
        "dvc.yaml": PIPELINE.encode(),
        ".gitignore": IGNORED.encode(),
    }
    with AtomicOutputs() as outputs:
        for name, content in contents.items():
            with outputs.writing(folder / name) as temporary:
                temporary.write_bytes(content)
    return Release(folder, artifact, version, weights, mean_return, stderr, int(episodes))


def _agent_file(version: str, params: Params) -> bytes:
    """The content of agent.json: what V, M and C need to know of their environment."""
    described = AgentFile(format=1, version=version, env=params.env)
    return msgspec.json.format(msgspec.json.encode(described), indent=2) + b"\n"


def _check_tag(tag: str) -> None:
    """Check that a version is not released yet.

    Raises:
        UserError: git has its tag.
    """
    command = ["git", "tag", "--list", tag]
    if subprocess.run(command, cwd=ROOT, capture_output=True, check=False).stdout:
        raise UserError(f"version {tag.rpartition('@v')[2]}: git has its tag {tag}; give the next")


def _check_lock(project: Path, params: Params, paths: Iterable[Path]) -> None:
    """Check that the outputs of the project's pipeline are those of its dvc.lock.

    Files that it does not name are of another run.

    Raises:
        UserError: one is not, or was made in another environment than the params'.
    """
    lock, folder = project / "dvc.lock", project.resolve()
    if not lock.exists():
        return
    if is_torn(lock):
        raise UserError(f"{lock}: is empty or cut; run 'python -m tools.restore_locks'")
    stages = parse_yaml(lock.read_text(encoding="utf-8"))["stages"]
    outputs = {
        out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])
    }
    for path in paths:
        absolute = path.parent.resolve() / path.name  # which may be a link into the cache
        name = absolute.relative_to(folder).as_posix() if folder in absolute.parents else ""
        if outputs.get(name) not in (None, hashlib.md5(path.read_bytes()).hexdigest()):
            raise UserError(f"{path}: is not what {lock} says; run 'dvc repro' in {project}")
    env = stages["evaluate"]["params"]["params.yaml"]["env"] if "evaluate" in stages else None
    if env and msgspec.convert(env, EnvParams, strict=False) != params.env:
        file = project / "params.yaml"
        raise UserError(f"{file}: env: is not what {lock} says; run 'dvc repro' in {project}")


def main() -> None:
    """Release the agent that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tools.release_agent", description=__doc__)
    parser.add_argument("project", type=Path, help="a folder with params.yaml, as recipes/dream")
    parser.add_argument("version", help="as 1.0.0")
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="of v.npz, m.npz, c.npz")
    parser.add_argument("--reports", type=Path, metavar="FOLDER", help="of the evaluation")
    given = parser.parse_args()
    with errors_in_a_line("release_agent"):
        release = release_agent(given.project, given.version, given.models, given.reports)
    print(release.summary())


if __name__ == "__main__":
    main()
