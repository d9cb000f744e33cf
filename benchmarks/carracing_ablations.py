"""Scores of CarRacing's agents and of their ablations, as far as their reports are in git.

`python -m benchmarks.carracing_ablations` prints a table; returns are means over 100 test tracks, ±
their standard error.
"""

from __future__ import annotations

from tools.carracing_scores import agents, table
from tools.command_errors import errors_in_a_line
from tools.rooms import ROOT


def main() -> None:
    """Print the table."""
    with errors_in_a_line("carracing_ablations"):
        print(table(*agents(ROOT / "carracing")), end="")


if __name__ == "__main__":
    main()
