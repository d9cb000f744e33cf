"""keep: which round's V, M and C are taken, and that they are taken as they are."""

import json
import sys

import numpy as np
import pytest

from stages import keep
from stages.artifacts import Model
from tests.imports import ROOT

NAMES = ("v", "m", "c")


@pytest.fixture
def rounds(tmp_path, monkeypatch):
    """Folders of three rounds, the second of which drives best; and what keeps."""
    folders = [tmp_path / str(number) for number in range(3)]
    for number, (folder, score) in enumerate(zip(folders, (3.0, 8.5, -1.0), strict=True)):
        (folder / "models").mkdir(parents=True)
        (folder / "reports/metrics").mkdir(parents=True)
        for name in NAMES:
            arrays = {"a": np.array([number, 1 / 3]), name: np.ones((2, 1), np.float32)}
            Model(name, arrays).write(folder / f"models/{name}.npz")
        write_metrics(folder, {"real_return": score})
    kept = [tmp_path / f"kept/{name}.npz" for name in NAMES]
    options = ["--params", ROOT / "recipes/quick.yaml", "--reports", tmp_path / "reports"]
    monkeypatch.setattr(sys, "argv", list(map(str, ["keep", *kept, *folders, *options])))
    return folders


def write_metrics(folder, metrics):
    (folder / "reports/metrics/evolve_c.json").write_text(json.dumps(metrics))


def test_the_best_rounds_models_are_kept_byte_for_byte(rounds, tmp_path, capsys):
    keep.main()
    for name in NAMES:
        kept = (tmp_path / f"kept/{name}.npz").read_bytes()
        assert kept == (rounds[1] / f"models/{name}.npz").read_bytes()
    metrics = json.loads((tmp_path / "reports/metrics/keep.json").read_text())
    assert metrics == {"round": 1, "real_return": 8.5}
    said = "keep: round 1, whose C returns +8.50 on validation roads (by round: +3, +8, -1)\n"
    assert capsys.readouterr().out == said


def test_of_rounds_that_are_as_good_the_first_is_kept(rounds, tmp_path):
    write_metrics(rounds[2], {"real_return": 8.5})
    keep.main()
    assert json.loads((tmp_path / "reports/metrics/keep.json").read_text())["round"] == 1


def test_a_round_without_its_return_or_model_is_named_and_nothing_is_kept(rounds, tmp_path):
    (rounds[1] / "models/m.npz").unlink()
    with pytest.raises(SystemExit, match=r"1/models/m\.npz: no such file; stage train_m makes it"):
        keep.main()
    write_metrics(rounds[2], {"validation_return": 3.0})
    with pytest.raises(SystemExit, match=r"2/reports/metrics/evolve_c\.json: .* 'real_return'"):
        keep.main()
    (rounds[0] / "reports/metrics/evolve_c.json").unlink()
    with pytest.raises(SystemExit, match=r"0/reports/metrics/evolve_c\.json: no such file"):
        keep.main()
    assert not list((tmp_path / "kept").iterdir())
