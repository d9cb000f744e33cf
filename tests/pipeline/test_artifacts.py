import dataclasses
import io
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.support.tables import make_carracing_table, make_racing_rollouts
from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage import hdf5, npz
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
        "should hold evaluation of racing or evaluation of carracing or evaluation of doom or "
        "evaluation of gymnasium, and says it holds rollouts of rac"
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


@given(
    arrays(st.sampled_from([">f4", "<f8", ">i8", "|b1"]), array_shapes(min_dims=0, min_side=0)),
    st.sampled_from("CF"),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_an_npz_of_numpy_is_read_in_the_byte_order_of_this_machine(array, order, version):
    entry = io.BytesIO()
    np.lib.format.write_array(entry, np.array(array, order=order), version)
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.npz")
        np.savez(path, kind=np.array("m").astype(">U1"), x=array)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("y.npy", entry.getvalue())
        kind, read = npz.read(path)
    assert kind == "m"
    for found in (read["x"], read["y"]):
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype.newbyteorder("=")
        assert found.flags.c_contiguous


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{}], object), "'x' holds Python objects, which are never unpickled"),
        (np.zeros(3, "f4,i4"), "'x' holds [('f0', '<f4'), ('f1', '<i4')], where stages store"),
        (np.zeros(3, "M8[s]"), "'x' holds <M8[s], where stages store plain numbers"),
    ],
)
def test_what_an_npz_holds_besides_plain_numbers_is_refused_by_name(tmp_path, array, words):
    np.savez(tmp_path / "m.npz", kind=np.array("m"), x=array)
    with pytest.raises(UserError, match=re.escape(words)):
        Model.read(tmp_path / "m.npz", "train_m")


def npy(header: str, version: bytes = b"\1\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (b"text", "'x' is no array in NumPy's format"),
        (npy("", b"\7\0"), "'x' is stored in version (7, 0) of NumPy's format"),
        (npy("{'descr': (((("), "'x' has a header that NumPy does not write: \"{'descr': ((((\""),
        (
            npy("{'descr': '<f3', 'fortran_order': False, 'shape': (3L,), }"),
            "'x' holds <f3, where stages store plain numbers",
        ),
    ],
)
def test_an_entry_that_numpy_does_not_write_is_refused_by_name(tmp_path, entry, words):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("x.npy", entry)
    with pytest.raises(UserError, match=re.escape(words)):
        Model.read(tmp_path / "m.npz", "train_m")


def test_a_table_of_another_byte_order_is_refused_with_the_order(tmp_path):
    arrays = make_racing_rollouts()._arrays()
    with hdf5.Writer(tmp_path / "r.h5", RacingRollouts.kind) as writer:
        writer.append(arrays | {"actions": arrays["actions"].astype(">f4")})
    words = "'actions' should be float32 over (steps, actions), found >f4 of shape (8, 2)"
    with pytest.raises(UserError, match=re.escape(words)):
        Rollouts.read(tmp_path / "r.h5")


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
