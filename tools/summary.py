"""Prints the lines that `make` ends in: scores beside baselines, the time, where to look."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tools.fast_yaml import parse_yaml

STUB_RETURN = 100.03  # of the reference stub, seed 0, on the same fixed track
WIDTH = 4


def numbers(folder: Path, stage: str) -> dict[str, Any]:
    """The metrics and details of a stage."""
    found: dict[str, Any] = {}
    for kind in ("metrics", "details"):
        path = folder / "reports" / kind / f"{stage}.json"
        if path.exists():
            found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def lines(folder: Path, seconds: float | None = None) -> list[str]:
    """The lines of the project in a folder; `seconds` is what its last run took."""
    params = parse_yaml((folder / "params.yaml").read_text(encoding="utf-8"))
    v, m, c = (numbers(folder, stage) for stage in ("train_v", "train_m", "evaluate"))
    controller, baseline = c["controller"], c["baseline"]
    gymnasium = params["env"]["kind"] == "gymnasium"
    name, words = ("terminated",) * 2 if gymnasium else ("off_track", "off the track")
    score = (
        f"C  return {controller['mean_return']:+.1f} in {controller['episodes']} episodes, "
        f"{controller[name]} of them {words}; "
        f"the random policy {baseline['mean_return']:+.1f}"
    )
    if params["env"].get("tracks") == "fixed":
        score += f", the reference stub {STUB_RETURN:+.1f}"
    worse = m["held_out_loss"] > m["baseline_loss"]
    memory = (
        f"M  held-out loss {m['held_out_loss']:.3f}; persistence (the next z is this z) "
        f"{m['baseline_loss']:.3f}"
    )
    if worse:
        memory += ": so it is in this recipe, and recipes/unseen has a better M"
    animation = "reports/episode.gif" if gymnasium else "reports/drive.gif"
    took = "" if seconds is None else f"{seconds:.0f} s for what had changed; "
    return [
        score,
        f"V  held-out loss {v['held_out_loss']:.3f}; the mean image {v['baseline_loss']:.3f}",
        memory,
        f"   {took}compare with the last commit: dvc metrics diff",
        f"   figures: {_shown(folder, 'reports/figures/*.png')}; animation: "
        f"{_shown(folder, animation)}; curves: dvc plots show --open",
        *(
            []
            if gymnasium
            else [f"   to drive, or to dream: {_shown(folder, 'reports/play.html')}"]
        ),
    ]


def _shown(folder: Path, path: str) -> str:
    return path if folder == Path() else f"{folder}/{path}"


def main() -> None:
    """Print them for the folder of the command line, or for the root."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    seconds = time.time() - float(sys.argv[2]) if len(sys.argv) > 2 else None
    print("\n".join(lines(folder, seconds)))


if __name__ == "__main__":
    main()
