"""Time and memory of the stages that handle frames, by the number of episodes, at 64 x 64 x 3.

The recipe is `paper`, but with a narrow V that is trained for one epoch. Each stage runs as a
process of its own, as under DVC; a tenth of the episodes is held out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.arguments import positive_int
from benchmarks.variants import recipe_path
from worldmodels.pipeline.storage.artifacts import Rollouts

FOLDER = Path(".benchmarks/scaling")  # which git and DVC ignore
SETTINGS = {"train_v.epochs": 1, "train_v.width_multiplier": 0.0625}
SIZES = (100, 1000, 10_000)  # the last takes some ten minutes


class Usage(NamedTuple):
    """Resources that a process used."""

    seconds: float  # of CPU time, which other work on the machine does not stretch
    peak: int  # bytes of memory

    def cells(self) -> str:
        """Cells of the table: CPU s, GB."""
        return f"{self.seconds:,.1f} | {self.peak / 1e9:.2f}"


def run_stage(stage: str, files: list[Path], episodes: int) -> Usage:
    """Run a stage on that many episodes."""
    held_out = episodes // 10
    counts = {"collect.episodes": episodes - held_out, "collect.held_out_episodes": held_out}
    settings = [f"--set={key}={value}" for key, value in {**counts, **SETTINGS}.items()]
    options = ["--params", str(recipe_path("paper")), "--reports", str(FOLDER), *settings]
    process = subprocess.Popen(
        [sys.executable, "-m", f"stages.{stage}", *map(str, files), *options],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{stage} failed with {episodes} episodes")
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def row(episodes: int) -> str:
    """One line of the table."""
    rollouts, v, latents = (FOLDER / name for name in ("rollouts.h5", "v.npz", "latents.h5"))
    usages = [
        run_stage("collect", [rollouts], episodes),
        run_stage("train_v", [rollouts, v], episodes),
        run_stage("encode", [rollouts, v, latents], episodes),
    ]
    frames, size = len(Rollouts.read(rollouts).observations), rollouts.stat().st_size / 1e9
    cells = " | ".join(usage.cells() for usage in usages)
    return f"| {episodes:,} | {frames:,} | {size:.3f} | {cells} |"


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=positive_int, nargs="+", default=SIZES)
    sizes = parser.parse_args().episodes
    stages = " | ".join(f"{stage}, CPU s | GB" for stage in ("collect", "train_v", "encode"))
    print(f"| episodes | frames | rollouts.h5, GB | {stages} |")
    print("|---:" * 9 + "|")
    try:
        for episodes in sizes:
            print(row(episodes), flush=True)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
