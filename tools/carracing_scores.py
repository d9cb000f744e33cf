"""Scores of CarRacing's agents in git: the whole one's and its ablations', by training seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.markdown_table import markdown_table
from tools.training_seed import seed_folders
from worldmodels.figures.common.score_by_cost import (
    PAPER_EPISODES,
    PAPER_RETURN,
    PAPER_STD,
    PAPER_Z,
    PAPER_Z_STD,
)
from worldmodels.figures.docs.ablations import Ablation, Score
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import curve_path, metrics_path, read_curve, read_numbers

KINDS = (  # folder, name, the part that it lacks
    ("no_finetuning", "no fine-tuning", "fine-tuning"),
    ("no_dreams", "no dreams", "dreams"),
    ("untrained", "h of an untrained M", "training M"),
    ("z", "z alone, no h", "h"),
)
MEAN_STDERR = ("mean_return", "stderr")


def of_paper(mean: float, std: float) -> Score:
    """A score of the paper, which gives the standard deviation over tracks."""
    return Score(mean, std / PAPER_EPISODES**0.5)


def agents(project: Path) -> tuple[Ablation, list[Ablation]]:
    """The whole agent and its ablations, each with the training seeds that have been run.

    An ablation that has not been run is absent. So is a seed with another number of iterations of
    fine-tuning than the project's params have: it is of an earlier procedure.

    Raises:
        UserError: a file is damaged, or the params have no section `finetune_c`.
    """
    finetune = read_params(project / "params.yaml").finetune_c
    if finetune is None:
        raise UserError(f"{project}/params.yaml: finetune_c: missing; it has the iterations")
    seeds = seed_folders(project)

    def scores(kind: str) -> dict[int, Score]:
        folders = {seed: folder / kind / "reports" for seed, folder in seeds.items()}
        return {
            seed: Score(*read_numbers(metrics_path(reports, "evaluate"), "evaluate", MEAN_STDERR))
            for seed, reports in sorted(folders.items())
            if metrics_path(reports, "evaluate").exists()
            and _is_finetuned(reports, finetune.iterations)
        }

    whole = Ablation("everything (z and h)", "", scores(""), of_paper(PAPER_RETURN, PAPER_STD))
    paper = {"z": of_paper(PAPER_Z, PAPER_Z_STD)}
    ablations = [
        Ablation(name, part, scores(f"ablations/{kind}"), paper.get(kind))
        for kind, name, part in KINDS
    ]
    return whole, [ablation for ablation in ablations if ablation.scores]


def _is_finetuned(reports: Path, iterations: int) -> bool:
    """Whether fine-tuning had so many iterations, or its curve is not in git."""
    path = curve_path(reports, "finetune_c")
    return not path.exists() or len(read_curve(path, "finetune_c")["iteration"]) == iterations


def table(whole: Ablation, ablations: Sequence[Ablation]) -> str:
    """The table of Markdown: a row for each agent, the whole one first."""
    seeds = sorted({seed for agent in (whole, *ablations) for seed in agent.scores})
    head = ["C", *(f"seed {seed}" for seed in seeds), "mean over seeds"]
    head += ["everything less this one, of the same seeds", "the paper"]
    rows = [head]
    for agent in (whole, *ablations):
        count = len(agent.scores)
        rows.append(
            [
                agent.name,
                *(score_text(agent.scores.get(seed)) for seed in seeds),
                f"**{score_text(agent.mean())}** ({count} seed{'s' if count > 1 else ''})",
                score_text(None if agent is whole else agent.lost(whole)),
                score_text(agent.paper),
            ]
        )
    return markdown_table(rows)


def score_text(score: Score | None) -> str:
    """A mean and its standard error; empty without a score."""
    return f"{score.mean:+.1f} ± {score.stderr:.1f}" if score else ""
