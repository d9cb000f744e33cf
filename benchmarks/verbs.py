"""CPU time of DVC's everyday commands in this project, beside a bare DVC project with 8 stages.

Both are temporary copies whose pipelines have run once, so that no command has anything to do.
This project is the working tree with the recipe `quick` at its root. A stage of the bare project is
one line of shell: it copies a file and writes a metric. The commands are run in turns; their CPU
time is user and system time, child processes included.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
from pathlib import Path

from tests.support.project import ROOT, Project

COMMANDS = {
    "dvc repro": ("dvc", "repro"),
    "dvc status": ("dvc", "status"),
    "dvc params diff": ("dvc", "params", "diff"),
    "dvc metrics show": ("dvc", "metrics", "show"),
}
STAGES = 8
ROUNDS = 3
BARE_STAGE = """\
  stage{number}:
    cmd: cp {number}.txt {next}.txt && echo '{{"value":{number}}}' > {number}.json
    deps:
    - {number}.txt
    params:
    - stage{number}
    outs:
    - {next}.txt
    metrics:
    - {number}.json:
        cache: false
"""


def this_project(folder: Path) -> Project:
    """A copy of the working tree, subprojects included."""
    folder.mkdir()
    project = Project.copy(folder, subprojects=True)
    run_pipeline(project)
    return project


def bare_project(folder: Path) -> Project:
    """A chain of one-line stages, with one parameter and one metric each."""
    folder.mkdir()
    project = Project(folder)
    numbers = range(1, STAGES + 1)
    stages = [BARE_STAGE.format(number=number, next=number + 1) for number in numbers]
    project.write("dvc.yaml", "stages:\n" + "".join(stages))
    project.write("params.yaml", "".join(f"stage{number}: {number}\n" for number in numbers))
    project.write("1.txt", "data\n")
    project.run("git", "init", "-q")
    project.run("dvc", "init", "-q")
    run_pipeline(project)
    return project


def run_pipeline(project: Project) -> None:
    """Run and commit the pipeline, and all commands once, so that DVC's own caches are warm.

    Raises:
        RuntimeError: the pipeline is not up to date after its run.
    """
    project.repro()
    project.commit("run")
    for command in COMMANDS.values():
        project.run(*command)
    if again := project.repro():
        raise RuntimeError(f"{project.folder}: should be up to date, but reruns {', '.join(again)}")


def cpu_seconds(project: Project, command: tuple[str, ...]) -> float:
    """User and system time of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    project.run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def lock_sizes() -> dict[str, int]:
    """Bytes of every dvc.lock of the working tree, by its name."""
    listed = Project(ROOT).run("git", "ls-files", "-co", "--exclude-standard", "*dvc.lock").stdout
    paths = [ROOT / name for name in listed.splitlines()]
    return {
        str(path.relative_to(ROOT)): path.stat().st_size
        for path in paths
        if path.name == "dvc.lock" and path.exists()
    }


def main() -> None:
    """Print a table as Markdown, and the sizes of the locks."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        ours = this_project(Path(temporary, "ours"))
        bare = bare_project(Path(temporary, "bare"))
        print(
            f"| CPU seconds, median of {ROUNDS} | this project | bare project | ratio |\n"
            "|---|---:|---:|---:|"
        )
        for name, command in COMMANDS.items():
            rounds = [
                [cpu_seconds(project, command) for project in (ours, bare)] for _ in range(ROUNDS)
            ]
            own, other = map(statistics.median, zip(*rounds, strict=True))
            print(f"| `{name}` | {own:.2f} | {other:.2f} | {own / other:.2f} |", flush=True)
    sizes = lock_sizes()
    largest = max(sizes, key=lambda name: sizes[name])
    print(f"\nThe root's dvc.lock: {sizes['dvc.lock']:,} bytes")
    print(f"The largest lock, {largest}: {sizes[largest]:,} bytes")


if __name__ == "__main__":
    main()
