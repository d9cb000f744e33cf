"""The study of convolution: the small dense V has as many numbers."""

import numpy as np
import pytest

from stages.train_v import initial_vision
from tests.support.project import ROOT
from tools.studies import text
from tools.study_reader import load_study
from worldmodels.pipeline.config.reader import read_params

FOLDER = ROOT / "studies" / "convolution"


def count(options):
    """The numbers of a V with these params."""
    settings = {key: text(value) for key, value in options.items()}
    params = read_params(FOLDER / "params.yaml", settings)
    shape = params.env.view.shape
    vision = initial_vision(params.train_v, shape, np.random.default_rng(0))
    return vision.parameters.flat.size


@pytest.fixture(scope="module")
def counts():
    factor = load_study("convolution").factors["v"]
    return {name: count(options) for name, options in factor.items()}


def test_the_small_dense_v_has_as_many_numbers_and_the_wide_one_more(counts):
    assert counts["dense_numbers"] == pytest.approx(counts["conv"], rel=0.05)
    assert counts["dense_time"] > 5 * counts["conv"]
