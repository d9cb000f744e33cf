"""Scores of CarRacing's agents and of their ablations, as far as their reports are in git.

`python -m benchmarks.carracing_ablations` prints a table; returns are means over 100 test tracks, ±
their standard error.
"""

from __future__ import annotations

from tools.carracing_scores import agents
from tools.markdown_table import markdown_table
from tools.rooms import ROOT
from worldmodels.figures.docs.ablations import Ablation, Score


def table(whole: Ablation, ablations: list[Ablation]) -> str:
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
                *(_text(agent.scores.get(seed)) for seed in seeds),
                f"**{_text(agent.mean())}** ({count} seed{'s' if count > 1 else ''})",
                _text(None if agent is whole else agent.lost(whole)),
                _text(agent.paper),
            ]
        )
    return markdown_table(rows)


def _text(score: Score | None) -> str:
    return f"{score.mean:+.1f} ± {score.stderr:.1f}" if score else ""


def main() -> None:
    """Print the table."""
    print(table(*agents(ROOT / "carracing")), end="")


if __name__ == "__main__":
    main()
