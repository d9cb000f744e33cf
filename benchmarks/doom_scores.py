"""Scores of Doom's agents and of what they are compared with, as far as their reports are in git.

`python -m benchmarks.doom_scores` prints two tables, by policy and by the dreams' temperature, and
what the second one says. Scores are means over test games, in tics alive, ± their standard error,
of several training seeds that over seeds and games.
"""

from __future__ import annotations

from tools.command_errors import errors_in_a_line
from tools.doom_scores import by_policy, by_temperature, coldest_beside_best
from tools.rooms import ROOT


def main() -> None:
    """Print the tables, and the sentences."""
    with errors_in_a_line("doom_scores"):
        for part in (by_policy, by_temperature):
            print(part(ROOT / "doom"))
        print(coldest_beside_best(ROOT / "doom"), end="")


if __name__ == "__main__":
    main()
