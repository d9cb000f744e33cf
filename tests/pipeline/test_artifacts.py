import dataclasses

import numpy as np
import pytest

from tests.support.tables import make_carracing_table, make_racing_rollouts
from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.pipeline.errors import UserError
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


def test_a_table_is_read_as_it_was_written(tmp_path):
    before = make_racing_rollouts()
    before.write(tmp_path / "r.h5")
    after = Rollouts.read(tmp_path / "r.h5")
    assert type(after) is RacingRollouts
    for name in after.schema():
        found = getattr(after, name)[:]
        np.testing.assert_array_equal(getattr(before, name), found)
        assert getattr(before, name).dtype == found.dtype


def test_a_track_without_harmonics_can_be_stored(tmp_path):
    make_racing_rollouts(harmonics=np.zeros((3, 0, 3))).write(tmp_path / "r.h5")
    assert Rollouts.read(tmp_path / "r.h5").harmonics.shape == (3, 0, 3)


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        make_racing_rollouts().write(tmp_path / f"{name}.h5")
        Model("m", {"x": np.arange(3.0)}).write(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_episodes_and_frames_are_sliced_by_the_lengths():
    table = make_racing_rollouts()
    episode = table.episode(1)
    np.testing.assert_array_equal(episode.observations, table.observations[4:6])
    np.testing.assert_array_equal(episode.actions, table.actions[3:4])
    assert episode.total_reward == table.rewards[3]
    np.testing.assert_array_equal(table.frames(held_out=True)[:], table.observations[6:])
    np.testing.assert_array_equal(table.frames(held_out=False)[:], table.observations[:6])


def test_bytes_are_unchanged_by_conversion_to_pixels_and_back():
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
        ({"held_out": np.zeros(3, bool)}, "episodes for training, and others that are held out"),
        ({"lengths": np.array([2**63 - 2, 2**63 - 2, 12])}, "one of its episodes has 9223372036"),
        ({"actions": np.zeros(8)}, "'actions' should be float32 over .steps, actions."),
    ],
)
def test_inconsistent_arrays_are_refused(tmp_path, changes, words):
    make_racing_rollouts(**changes).write(tmp_path / "r.h5")
    with pytest.raises(UserError, match=words) as error:
        Rollouts.read(tmp_path / "r.h5")
    assert "r.h5" in str(error.value)
    assert "stage collect makes it" in str(error.value)


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [flip, lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"foreign" * 100]
)
@pytest.mark.parametrize("kind", ["h5", "npz"])
def test_an_error_of_a_damaged_file_names_it_and_its_stage(tmp_path, damage, kind):
    path = tmp_path / f"file.{kind}"
    if kind == "h5":
        noise = np.random.default_rng(0).integers(0, 256, (11, 64, 64, 1), np.uint8)
        make_racing_rollouts(observations=noise).write(path)
    else:
        Model("m", {"x": np.random.default_rng(0).standard_normal(999)}).write(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"file\.\w+: .*stage collect makes it") as error:
        Rollouts.read(path).observations[:] if kind == "h5" else Model.read(path, "collect")
    assert len(str(error.value).splitlines()) == 1


def test_an_error_of_a_missing_file_names_it_and_its_stage(tmp_path):
    for read, stage in ((Latents.read, "encode"), (EvaluationEpisodes.read, "evaluate")):
        with pytest.raises(UserError, match=f"no such file; stage {stage} makes it"):
            read(tmp_path / "x.h5")


def test_a_table_of_another_kind_is_refused(tmp_path):
    make_racing_rollouts().write(tmp_path / "r.h5")
    with pytest.raises(UserError, match="should hold latents, and says it holds rollouts of rac"):
        Latents.read(tmp_path / "r.h5")
    words = (
        "should hold evaluation of racing or evaluation of carracing, "
        "and says it holds rollouts of rac"
    )
    with pytest.raises(UserError, match=words):
        EvaluationEpisodes.read(tmp_path / "r.h5")


def test_tables_are_read_whichever_environment_they_are_of(tmp_path):
    make_carracing_table(CarRacingRollouts).write(tmp_path / "r.h5")
    make_carracing_table(CarRacingEvaluation, by_controller=np.array([True, True, False])).write(
        tmp_path / "e.h5"
    )
    found, evaluation = (
        Rollouts.read(tmp_path / "r.h5"),
        EvaluationEpisodes.read(tmp_path / "e.h5"),
    )
    assert (type(found), type(evaluation)) == (CarRacingRollouts, CarRacingEvaluation)
    np.testing.assert_array_equal(found.track_seeds, [70_000, 0, 2**31 - 1])
    np.testing.assert_array_equal(evaluation.finished, [True, False, True])
    np.testing.assert_array_equal(found.observations[:], make_racing_rollouts().observations)
    assert found.episode(1).total_reward == make_racing_rollouts().episode(1).total_reward


def test_a_table_of_another_environment_is_refused_where_only_one_is_possible(tmp_path):
    make_carracing_table(CarRacingRollouts).write(tmp_path / "r.h5")
    words = "r.h5: it holds rollouts of carracing; only rollouts of racing will do here"
    with pytest.raises(UserError, match=words):
        RacingRollouts.read(tmp_path / "r.h5")


def test_a_table_has_the_arrays_of_its_environment_and_no_others(tmp_path):
    with hdf5.Writer(tmp_path / "r.h5", CarRacingRollouts.kind) as writer:
        writer.append(make_racing_rollouts()._arrays())
    with pytest.raises(UserError, match=r"missing arrays .'finished', 'track_seeds'.*'radius'"):
        Rollouts.read(tmp_path / "r.h5")
    assert set(RacingEvaluation.schema()) - set(CarRacingEvaluation.schema()) == {
        *("states", "distances", "radius", "harmonics", "half_width"),
    }


def test_a_pickle_in_an_npz_is_never_loaded(tmp_path):
    np.savez(tmp_path / "m.npz", kind=np.array("m"), x=np.array([{}], object))
    with pytest.raises(UserError, match="damaged or of another kind"):
        Model.read(tmp_path / "m.npz", "train_m")


def test_a_model_without_a_kind_is_refused(tmp_path):
    np.savez(tmp_path / "m.npz", x=np.zeros(3))
    with pytest.raises(UserError, match="does not say what kind"):
        Model.read(tmp_path / "m.npz", "train_m")


def test_an_invalid_stored_track_is_reported_with_its_stage():
    table = make_racing_rollouts()
    assert stored_track(dataclasses.replace(table, harmonics=np.zeros((3, 2, 3))), 0).radius == 8.0
    words = r"episode 1 in the output of stage collect is not valid .the road "
    with pytest.raises(UserError, match=words):
        stored_track(dataclasses.replace(table, radius=np.full(3, 1e300)), 1)
