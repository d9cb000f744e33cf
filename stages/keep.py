"""keep: V, M and C of the best of several rounds.     their folders -> v.npz, m.npz, c.npz"""

from __future__ import annotations

from stages.artifacts import Model
from stages.reports import read_metrics
from stages.stage import Report, stage

MODELS = {"v": "train_v", "m": "train_m", "c": "evolve_c"}  # and the stage of each


def main() -> None:
    """Read the files of the folders that the command line names, write the best round's models."""
    with stage("keep", writes=list(MODELS), folders="rounds") as run:
        returns = [
            read_metrics(folder / "reports/metrics/evolve_c.json", "evolve_c", ["real_return"])[0]
            for folder in run.folders
        ]
        best = max(range(len(returns)), key=returns.__getitem__)
        for name, maker in MODELS.items():
            run.write(name, Model.read(run.folders[best] / f"models/{name}.npz", maker))
        run.report(
            Report(
                f"round {best}, whose C returns {returns[best]:+.2f} on validation roads "
                f"(by round: {', '.join(f'{each:+.0f}' for each in returns)})",
                {"round": best, "real_return": returns[best]},
            )
        )


if __name__ == "__main__":
    main()
