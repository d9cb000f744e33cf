"""The results of a study, as its table in git has them."""

import re

import msgspec
import numpy as np
import pytest

from tests.support.toy_study import STUDY, write
from tools.study_results import chosen_by_other_seeds, load_results, read_results
from worldmodels.pipeline.errors import UserError


def test_no_seed_chooses_the_step_size_by_its_own_returns(folder):
    steady, torn = np.full((2, 1), 6.0), np.array([[0.0], [10.0]])
    assert chosen_by_other_seeds({"steady": steady, "torn": torn}) == ["torn", "steady"]
    good = load_results("toy").groups[""]["good"]
    assert good.by_value["0.2"][4, 0] == 150
    assert good.chosen == ["0.1"] * 5
    np.testing.assert_allclose(good.scores[:, 0], 100)


LINE = "abc,3,bad,0.2,3.7,1,"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("\n" + LINE, "\n", "line 17: should have 26 values; found 20"),
        (
            LINE,
            "abc,4,bad,0.2,3.7,1,",
            "line 21: strategy bad, sigma 0.2, seed 4 has a line already",
        ),
        (
            LINE,
            "abc,3,bad,0.3,3.7,1,",
            r"line 17: sigma: should be one of 0\.1, 0\.2; found '0\.3'",
        ),
        (LINE, "abc,7,bad,0.2,3.7,1,", "line 17: seed: should be one of 0, 1, 2, 3, 4; found '7'"),
        (LINE, "abc,3,bad,0.2,high,1,", "line 17: nll: should be a number; found 'high'"),
        (LINE, "abc,3,bad,0.2,nan,1,", "line 17: nll: should be a number; found 'nan'"),
        (LINE, "def,3,bad,0.2,3.7,1,", "commit: should be the same in all lines; found abc def"),
        (",nll,", ",mse,", "should have a column nll; found none"),
        (",track_19", ",extra", "column 'extra': is no factor or measure of the study"),
        (",track_19", ",track_18", "column 'track_18': is there twice"),
        (",track_", ",road_", "should have a column track_0; found none"),
    ],
)
def test_results_that_are_not_those_of_the_study_are_an_error_in_a_line(folder, old, new, problem):
    path = folder / "results.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    remedy = "; run 'python -m tools.dvc_pipelines && make study-toy'$"
    with pytest.raises(UserError, match=f"^{re.escape(str(path))}: {problem}{remedy}"):
        load_results("toy")


def test_results_without_a_c_or_with_an_excluded_one_name_it(folder):
    path = folder / "results.csv"
    write(path, leave_out=(3, "bad", "0.2"))
    with pytest.raises(UserError, match=r"have a line of strategy bad, sigma 0\.2, seed 3; found"):
        load_results("toy")
    write(path)
    excluding = msgspec.structs.replace(STUDY, exclude=({"strategy": "bad", "sigma": 0.2},))
    with pytest.raises(UserError, match=r"5: strategy bad, sigma 0\.2, seed 0 is excluded from"):
        read_results(excluding, path, "make study-toy")
    path.write_text("")
    with pytest.raises(UserError, match="should have a column commit; found none"):
        load_results("toy")
