"""Scores of Doom's agents and of what they are compared with, as far as their reports are in git.

`python -m benchmarks.doom_scores` prints two tables: by policy, and by the dreams' temperature.
Scores are means over test games, in tics alive, ± their standard error. Of several training seeds
it is that over seeds and games in the first table, and that over seeds in the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.markdown_table import markdown_table
from tools.rooms import ROOT
from tools.training_seed import seed_folders
from worldmodels.figures.common.paper_doom import PAPER_STDERR, PAPER_STUDY, PAPER_TICS
from worldmodels.figures.common.score_by_cost import mean_over_seeds
from worldmodels.figures.doom.tics_alive import Score
from worldmodels.pipeline.reports import curve_path, metrics_path, read_curve, read_numbers

Reader = Callable[[Path], Score]  # of the reports of a training seed
PAPER_BY_TEMPERATURE = dict(zip(PAPER_STUDY["temperature"], PAPER_STUDY["env_return"], strict=True))
OTHERS = {
    "the paper's C, which only dreamt": Score(PAPER_TICS, PAPER_STDERR),
    # https://github.com/Sha01in/world-models-jax: 840 with a standard deviation of 525 over 100
    "a public reproduction with models of its own": Score(840, 52.5),
}


def control(name: str) -> Reader:
    """Reads the score of a policy in the report of the controls."""

    def read(folder: Path) -> Score:
        path = metrics_path(folder / "reports", "evaluate_controls")
        names = [f"{name}_return", f"{name}_stderr"]
        return Score(*read_numbers(path, "evaluate_controls", names))

    return read


def finetuned(folder: Path) -> Score:
    """The score of the C that was trained on in the game."""
    path = metrics_path(folder / "finetuned/reports", "evaluate")
    return Score(*read_numbers(path, "evaluate", ["mean_return", "stderr"]))


POLICIES: Mapping[str, Reader] = {
    "C, which only dreamt": control("controller"),
    "its own actions, in other games": control("own_actions"),
    "to and fro with closed eyes": control("sweep"),
    "random, as the paper's data": control("random"),
    "left, always": control("left"),
    "still": control("still"),
    "C, trained on in the game": finetuned,
}


def by_policy(project: Path) -> str:
    """The table of policies: a column for each training seed, and their mean; empty without any."""
    seeds = seed_folders(project)
    ready = {
        seed: folder
        for seed, folder in sorted(seeds.items())
        if metrics_path(folder / "reports", "evaluate_controls").exists()
    }
    if not ready:
        return ""
    rows = [["tics alive", *(f"seed {seed}" for seed in ready), "mean over seeds"]]
    for name, read in POLICIES.items():
        scores = [_score(read, folder) for folder in ready.values()]
        known = [score for score in scores if score]
        if known:
            cells = [_text(score) if score else "" for score in scores]
            rows.append([name, *cells, f"**{_text(mean(known))}**"])
    rows += [[name, *[""] * len(ready), _text(score)] for name, score in OTHERS.items()]
    return markdown_table(rows)


def by_temperature(project: Path) -> str:
    """The table of temperatures; empty if the study has not been run."""
    path = curve_path(project / "reports", "temperature_study")
    if not path.exists():
        return ""
    curve = read_curve(path, "temperature_study")
    head = ["temperature of the dreams", "tics alive", "worst and best seed", "the paper"]
    rows = [head]
    columns = ("temperature", "env_return", "env_return_stderr", "env_return_min", "env_return_max")
    for temperature, *score, worst, best in zip(*(curve[name] for name in columns), strict=True):
        paper = PAPER_BY_TEMPERATURE.get(temperature)
        ends = f"{worst:,.0f}, {best:,.0f}"
        rows.append(
            [f"{temperature:g}", _text(Score(*score)), ends, f"{paper:,.0f}" if paper else ""]
        )
    return markdown_table(rows)


def mean(scores: Sequence[Score]) -> Score:
    """The mean over training seeds, and its standard error over seeds and games."""
    means, stderrs = zip(*scores, strict=True)
    return Score(*mean_over_seeds(means, stderrs))


def _text(score: Score) -> str:
    return f"{score.mean:,.0f} ± {score.stderr:.0f}"


def _score(read: Reader, folder: Path) -> Score | None:
    if read is finetuned and not metrics_path(folder / "finetuned/reports", "evaluate").exists():
        return None
    return read(folder)


def main() -> None:
    """Print the tables."""
    print(by_policy(ROOT / "doom"))
    print(by_temperature(ROOT / "doom"), end="")


if __name__ == "__main__":
    main()
