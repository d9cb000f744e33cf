"""keep: the best rounds' Cs drive again, and V, M and C of the best one are taken as they are."""

import json
import shutil

import pytest

from stages.agent import Agent
from stages.artifacts import Model
from stages.grounds import grounds_of
from stages.params import read_params
from stages.randomness import Streams
from stages.rollout import rollout
from stages.trained import trained_in
from tests.two_rounds import QUICK, run, run_both

KEPT = ("v.npz", "m.npz", "c.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """In which are those of two rounds, `0` and `1`, as the pipeline lays them out."""
    folder = tmp_path_factory.mktemp("keep")
    run_both(folder)
    for number in "01":
        (folder / number / "models").mkdir(parents=True)
        for name in "vmc":
            shutil.copy(folder / f"{name}{number}.npz", folder / number / f"models/{name}.npz")
        returned(folder / number, 8.5 + int(number))
    return folder


def returned(folder, real_return):
    """What a round says of its C."""
    (folder / "reports/metrics").mkdir(parents=True, exist_ok=True)
    (folder / "reports/metrics/evolve_c.json").write_text(json.dumps({"real_return": real_return}))


def standing(folder, name):
    """Another round like 1, whose C never does anything."""
    shutil.copytree(folder / "1", folder / name, dirs_exist_ok=True)
    path = folder / name / "models/c.npz"
    model = Model.read(path, "evolve_c")
    Model(model.kind, {key: 0 * array for key, array in model.arrays.items()}).write(path)


def kept(folder, *names, episodes=3):
    rounds = [str(folder / name) for name in names]
    (folder / "metrics").mkdir(exist_ok=True)
    settings = [f"evolve_c.validation_episodes={episodes}"]
    run("keep", folder, *KEPT, *rounds, settings=settings)
    return json.loads((folder / "metrics/keep.json").read_text())


def test_the_best_rounds_models_are_kept_byte_for_byte(folder, capsys):
    standing(folder, "2")
    returned(folder / "2", 20)  # it says so
    found = kept(folder, "0", "1", "2")
    best = found["round"]
    assert best in ("0", "1")
    assert found["returns"][best] == max(found["returns"].values()) == found["mean_return"]
    assert found["returns"]["2"] < found["mean_return"]
    for name in KEPT:
        assert (folder / name).read_bytes() == (folder / best / "models" / name).read_bytes()
    said = capsys.readouterr().out
    assert f"keep: round {best}, whose C returns {found['mean_return']:+.2f} +- " in said
    assert f"in 3 episodes (by round: 0: {found['returns']['0']:+.1f}, 1: " in said


def test_all_drive_on_the_same_roads_which_no_round_was_chosen_by(folder):
    found = kept(folder, "0", "1", episodes=5)
    params = read_params(QUICK, {"world.tracks": "random"})
    grounds = grounds_of(params.world)
    for name, returned_there in found["returns"].items():
        paths = [folder / name / f"models/{each}.npz" for each in "vmc"]
        drawn = grounds.draw(5, Streams(params.seed, "keep")("tracks"))
        outcome = driven(grounds, trained_in(paths, grounds), drawn)
        assert outcome.returns.mean() == pytest.approx(returned_there)
        assert drawn != grounds.draw(5, Streams(params.seed, "evolve_c")("validation tracks"))
    assert found["episodes"] == 5


def driven(grounds, agent, roads):
    return rollout(grounds.cars(roads, len(roads)), Agent(*agent))


def test_only_the_best_by_their_own_checks_drive_again_and_of_equal_ones_the_first(folder):
    for name, score in (("a", 3), ("b", 9), ("c", 1), ("d", 9), ("e", 8)):
        shutil.copytree(folder / "1", folder / name, dirs_exist_ok=True)
        returned(folder / name, score)
    found = kept(folder, *"abcde")
    assert list(found["returns"]) == ["b", "d", "e"]
    assert found["round"] == "b"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("1", "1"), "the folders of rounds must have different names"),
        (("0", "none"), "none/reports/metrics/evolve_c.json: no such file"),
        (("0", "bare"), "bare/models/v.npz: no such file; stage train_v makes it"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(folder, names, said):
    returned(folder / "bare", 30)
    for name in KEPT:
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(SystemExit) as stop:
        kept(folder, *names)
    assert said in str(stop.value)
    assert not [name for name in KEPT if (folder / name).exists()]


def test_there_must_be_a_round(folder, capsys):
    with pytest.raises(SystemExit):
        kept(folder)
    assert "the following arguments are required: rounds" in capsys.readouterr().err
