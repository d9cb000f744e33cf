import dataclasses
import os
import subprocess

import numpy as np
import pytest

from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.pipeline import outputs as files
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import read_curve, write_curve, write_metrics
from worldmodels.pipeline.storage import hdf5
from worldmodels.pipeline.storage.artifacts import (
    CarRacingEvaluation,
    CarRacingRollouts,
    EvaluationEpisodes,
    Latents,
    Model,
    RacingEvaluation,
    RacingRollouts,
    Rollouts,
)
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels


def rollouts(**changes) -> RacingRollouts:
    lengths = np.array([3, 1, 4])
    rng = np.random.default_rng(0)
    arrays = {
        "lengths": lengths,
        "held_out": np.array([False, False, True]),
        "round": np.array([0, 0, 1]),
        "terminated": np.array([True, True, False]),
        "laps": rng.random(3),
        "observations": rng.integers(0, 2, (11, 4, 4, 1), np.uint8) * np.uint8(255),
        "states": rng.standard_normal((11, 4)),
        "distances": rng.random(11),
        "actions": rng.standard_normal((8, 2)).astype(np.float32),
        "rewards": rng.standard_normal(8),
        "radius": np.full(3, 8.0),
        "harmonics": rng.standard_normal((3, 2, 3)),
        "half_width": np.full(3, 1.4),
    }
    return RacingRollouts(**{**arrays, **changes})


def on_seeds(kind, **own):
    """Of CarRacing: what it has in common with the above, and its own."""
    table = rollouts()
    common = set(kind.schema()) & set(table.schema())
    arrays = {name: getattr(table, name) for name in common}
    seeds, finished = np.array([70_000, 0, 2**31 - 1]), np.array([True, False, True])
    return kind(**arrays, **own, track_seeds=seeds, finished=finished)


def test_a_table_comes_back_as_it_was(tmp_path):
    before = rollouts()
    before.write(tmp_path / "r.h5")
    after = Rollouts.read(tmp_path / "r.h5")
    assert type(after) is RacingRollouts
    for name in after.schema():
        found = getattr(after, name)[:]
        np.testing.assert_array_equal(getattr(before, name), found)
        assert getattr(before, name).dtype == found.dtype


def test_a_road_without_harmonics_is_stored_too(tmp_path):
    rollouts(harmonics=np.zeros((3, 0, 3))).write(tmp_path / "r.h5")
    assert Rollouts.read(tmp_path / "r.h5").harmonics.shape == (3, 0, 3)


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        rollouts().write(tmp_path / f"{name}.h5")
        Model("m", {"x": np.arange(3.0)}).write(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_episodes_and_frames_are_found_by_the_lengths():
    table = rollouts()
    episode = table.episode(1)
    np.testing.assert_array_equal(episode.observations, table.observations[4:6])
    np.testing.assert_array_equal(episode.actions, table.actions[3:4])
    assert episode.score == table.rewards[3]
    np.testing.assert_array_equal(table.frames(held_out=True)[:], table.observations[6:])
    np.testing.assert_array_equal(table.frames(held_out=False)[:], table.observations[:6])


def test_pixels_survive_being_stored():
    stored = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_bytes(to_pixels(stored)), stored)
    assert to_pixels(stored).max() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lengths": np.array([3, 2, 4])}, "9 steps and 12 frames, its arrays 8 and 11"),
        ({"lengths": np.array([3, 0, 5])}, "at least one step each"),
        ({"rewards": np.full(8, np.nan)}, "'rewards' holds numbers that are not finite"),
        ({"rewards": np.zeros(7)}, "'rewards' has 7 steps, where 8 were expected"),
        ({"states": np.zeros((11, 5))}, "'states' has 5 4, where 4 were expected"),
        ({"held_out": np.zeros(3, bool)}, "episodes to learn from, and others that are held out"),
        ({"lengths": np.array([2**63 - 2, 2**63 - 2, 12])}, "one of its episodes has 9223372036"),
        ({"actions": np.zeros(8)}, "'actions' should be float32 over .steps, actions."),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, changes, words):
    rollouts(**changes).write(tmp_path / "r.h5")
    with pytest.raises(UserError, match=words) as error:
        Rollouts.read(tmp_path / "r.h5")
    assert "r.h5" in str(error.value)
    assert "stage collect makes it" in str(error.value)


def flip(content: bytes) -> bytes:
    mean_of_runs = len(content) // 2
    return (
        content[:mean_of_runs] + bytes([content[mean_of_runs] ^ 0xFF]) + content[mean_of_runs + 1 :]
    )


@pytest.mark.parametrize(
    "damage", [flip, lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"foreign" * 100]
)
@pytest.mark.parametrize("kind", ["h5", "npz"])
def test_damaged_files_are_named_with_the_stage_that_makes_them(tmp_path, damage, kind):
    path = tmp_path / f"file.{kind}"
    if kind == "h5":
        noise = np.random.default_rng(0).integers(0, 256, (11, 64, 64, 1), np.uint8)
        rollouts(observations=noise).write(path)
    else:
        Model("m", {"x": np.random.default_rng(0).standard_normal(999)}).write(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"file\.\w+: .*stage collect makes it") as error:
        Rollouts.read(path).observations[:] if kind == "h5" else Model.read(path, "collect")
    assert len(str(error.value).splitlines()) == 1


def test_a_file_that_is_not_there_is_named_with_its_stage(tmp_path):
    for read, stage in ((Latents.read, "encode"), (EvaluationEpisodes.read, "evaluate")):
        with pytest.raises(UserError, match=f"no such file; stage {stage} makes it"):
            read(tmp_path / "x.h5")


def test_a_table_of_another_kind_is_refused(tmp_path):
    rollouts().write(tmp_path / "r.h5")
    with pytest.raises(UserError, match="should hold latents, and says it holds rollouts of rac"):
        Latents.read(tmp_path / "r.h5")
    words = "should hold drives of racing or drives of carracing, and says it holds rollouts of rac"
    with pytest.raises(UserError, match=words):
        EvaluationEpisodes.read(tmp_path / "r.h5")


def test_rollouts_and_drives_are_read_whichever_world_they_are_of(tmp_path):
    on_seeds(CarRacingRollouts).write(tmp_path / "r.h5")
    on_seeds(CarRacingEvaluation, by_controller=np.array([True, True, False])).write(
        tmp_path / "d.h5"
    )
    found, driven = Rollouts.read(tmp_path / "r.h5"), EvaluationEpisodes.read(tmp_path / "d.h5")
    assert (type(found), type(driven)) == (CarRacingRollouts, CarRacingEvaluation)
    np.testing.assert_array_equal(found.track_seeds, [70_000, 0, 2**31 - 1])
    np.testing.assert_array_equal(driven.finished, [True, False, True])
    np.testing.assert_array_equal(found.observations[:], rollouts().observations)
    assert found.episode(1).score == rollouts().episode(1).score


def test_a_table_of_another_world_is_refused_where_only_one_will_do(tmp_path):
    on_seeds(CarRacingRollouts).write(tmp_path / "r.h5")
    words = "r.h5: it holds rollouts of carracing; only rollouts of racing will do here"
    with pytest.raises(UserError, match=words):
        RacingRollouts.read(tmp_path / "r.h5")


def test_a_table_has_the_arrays_of_its_own_world_and_no_others(tmp_path):
    with hdf5.Writer(tmp_path / "r.h5", CarRacingRollouts.kind) as writer:
        writer.append(rollouts()._arrays())
    with pytest.raises(UserError, match=r"missing arrays .'finished', 'track_seeds'.*'radius'"):
        Rollouts.read(tmp_path / "r.h5")
    assert set(RacingEvaluation.schema()) - set(CarRacingEvaluation.schema()) == {
        *("states", "distances", "radius", "harmonics", "half_width"),
    }


def test_a_pickle_in_an_npz_is_never_opened(tmp_path):
    np.savez(tmp_path / "m.npz", kind=np.array("m"), x=np.array([{}], object))
    with pytest.raises(UserError, match="damaged or of another kind"):
        Model.read(tmp_path / "m.npz", "train_m")


def test_a_model_that_does_not_say_what_it_is_is_refused(tmp_path):
    np.savez(tmp_path / "m.npz", x=np.zeros(3))
    with pytest.raises(UserError, match="does not say what kind"):
        Model.read(tmp_path / "m.npz", "train_m")


def test_a_curve_comes_back(tmp_path):
    rows = [{"epoch": e, "train": 0.7 - e, "held_out": 0.5, "baseline": 0.3} for e in range(2)]
    write_curve(tmp_path / "c.csv", rows, "train_v")
    curve = read_curve(tmp_path / "c.csv", "train_v")
    np.testing.assert_allclose(curve["train"], [0.7, -0.3])


def test_what_is_no_road_is_said_with_the_stage():
    table = rollouts()
    assert stored_track(dataclasses.replace(table, harmonics=np.zeros((3, 2, 3))), 0).radius == 8.0
    with pytest.raises(UserError, match=r"episode 1 of what stage collect made is none .the road "):
        stored_track(dataclasses.replace(table, radius=np.full(3, 1e300)), 1)


HEADER = "epoch,train,held_out,baseline\n"


@pytest.mark.parametrize(
    "text", ["", HEADER, "epoch,train\n0,1\n", HEADER + "0,much,0,0\n", HEADER + "0,1\n"]
)
def test_a_damaged_curve_is_named_with_its_stage(tmp_path, text):
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(UserError, match=r"c.csv: damaged or .*stage train_v makes it"):
        read_curve(tmp_path / "c.csv", "train_v")


def test_a_curve_that_is_not_there_is_named_with_its_stage(tmp_path):
    with pytest.raises(UserError, match="no such file; stage evolve_c makes it"):
        read_curve(tmp_path / "c.csv", "evolve_c")


def test_outputs_take_their_places_together_or_not_at_all(tmp_path):
    old, new = tmp_path / "old", tmp_path / "folder" / "new"
    old.write_text("before")

    def attempt(*, fail: bool) -> None:
        with files.AtomicOutputs() as outputs:
            for path in (old, new):
                outputs.place(path).write_text("after")
            assert old.read_text() == "before"
            if fail:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        attempt(fail=True)
    assert old.read_text() == "before"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "old"]
    attempt(fail=False)
    assert (old.read_text(), new.read_text()) == ("after", "after")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "new", "old"]


def test_metrics_that_are_not_finite_are_not_written(tmp_path):
    with pytest.raises(UserError, match=r"a figure is not finite.*'loss': nan"):
        write_metrics(tmp_path / "m.json", {"loss": float("nan")})
    assert not (tmp_path / "m.json").exists()


def test_what_a_killed_run_has_left_is_cleared_away_and_what_another_is_writing_is_not(tmp_path):
    with subprocess.Popen(["true"]) as ended:
        pass
    with subprocess.Popen(["true"]) as undead:  # of whose end nobody has taken notice yet
        os.waitid(os.P_PID, undead.pid, os.WEXITED | os.WNOWAIT)
        (tmp_path / f".v.npz.{undead.pid}.tmp").write_bytes(b"half")
        with files.AtomicOutputs() as outputs:
            outputs.place(tmp_path / "v.npz").write_bytes(b"whole")
        assert not list(tmp_path.glob(".*.tmp"))
    left = tmp_path / f".v.npz.{ended.pid}.tmp"
    others = [tmp_path / f".v.npz.{os.getppid()}.tmp", tmp_path / f".m.npz.{ended.pid}.tmp"]
    for path in (left, *others):
        path.write_bytes(b"half")
    with files.AtomicOutputs() as outputs:
        outputs.place(tmp_path / "v.npz").write_bytes(b"whole")
    assert not left.exists()
    assert all(path.exists() for path in others)
    assert (tmp_path / "v.npz").read_bytes() == b"whole"
