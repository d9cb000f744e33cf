import numpy as np
import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

from worldmodels.envs.racing.random_track import random_track
from worldmodels.envs.racing.track import Track


def test_the_default_track_is_the_reference_stubs():
    track = Track()
    assert track.mask.sum() == 10_058
    assert track.length == pytest.approx(52.37, abs=0.005)
    assert track.centreline[0] == pytest.approx([8.87680532, 0], abs=1e-8)
    assert track.heading == pytest.approx(1.9638167077, abs=1e-10)


harmonics = st.lists(
    st.tuples(st.integers(1, 6), st.floats(-0.7, 0.7), st.floats(0, 6.3)), max_size=4
)


@example(5.2, [], 0.3, 16, 49)  # has pixels whose distance is the half-width up to the last bit
@given(st.floats(5, 7), harmonics, st.floats(0.3, 1.8), st.integers(16, 300), st.integers(40, 120))
def test_a_pixel_is_on_the_road_if_a_sample_is_closer_than_the_half_width(
    radius, harmonics, half_width, samples, grid
):
    try:
        track = Track(radius, harmonics, half_width, samples, grid)
    except ValueError:
        reject()  # not a valid track
    axis = np.linspace(-track.extent, track.extent, grid)
    x, y = axis[None, :, None], axis[:, None, None]
    square = (x - track.centreline[:, 0]) ** 2 + (y - track.centreline[:, 1]) ** 2
    np.testing.assert_array_equal(track.mask, square.min(axis=2) < half_width**2)


def test_a_track_is_printed_as_the_call_that_makes_it():
    rng = np.random.default_rng(0)
    drawn = random_track((8, 8), [(2, (0.6, 1.6)), (3, (0.2, 0.9))], (1.3, 1.5), rng)
    for track in (Track(), Track(6, [], 2, samples=100, grid=50, extent=10), drawn):
        assert eval(repr(track), {"Track": Track}) == track
    assert repr(Track()).startswith(
        "Track(radius=8.0, harmonics=[(2, 1.4, 0.7), (3, 0.6, 1.9)], half_width=1.4, "
    )


def test_random_tracks_are_within_their_ranges_and_all_different():
    rng = np.random.default_rng(0)
    tracks = [
        random_track((7, 8), [(2, (0.5, 1.5)), (5, (0, 0))], (1, 1.5), rng) for _ in range(50)
    ]
    assert len({track.length for track in tracks}) == 50
    for track in tracks:
        assert 7 <= track.radius <= 8
        assert 1 <= track.half_width <= 1.5
        assert 0.5 <= track.harmonics[0].amplitude <= 1.5
        assert (track.harmonics[1].order, track.harmonics[1].amplitude) == (5, 0)
    phases = [track.harmonics[0].phase for track in tracks]
    assert min(phases) < 1
    assert max(phases) > 5


def test_invalid_tracks_are_drawn_again():
    rng = np.random.default_rng(0)
    track = random_track((5, 20), [], (1, 1), rng)
    assert track.radius + 1 <= track.extent
    with pytest.raises(ValueError, match=r"none of 100 tracks .* the road leaves the grid"):
        random_track((15, 20), [], (1, 1), rng)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"radius": 11.0}, "leaves the grid"),
        ({"half_width": 6.5}, "covers the origin"),
        ({"harmonics": [(1, 7.9, 0.0)]}, "covers the origin"),
        ({"harmonics": [(8, 2.5, 0.0)]}, "touches itself near"),
        ({"half_width": -1.0}, "positive half-width"),
        ({"harmonics": [(1, float("nan"), 0.0)]}, "finite"),
        ({"samples": 2}, "at least 3 samples"),
    ],
)
def test_an_invalid_track_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Track(**arguments)
