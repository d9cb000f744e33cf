"""Weights so large that z is no number are named, before an action is NaN."""

import numpy as np
import pytest

from benchmarks.learning import learn
from stages.collect import collect
from stages.encode import encode
from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model
from worldmodels.vision.registry import VISIONS

LARGEST = np.finfo(np.float32).max


@pytest.fixture(scope="module")
def agent(quick):
    return learn(quick)


def enlarged(arrays):
    return {name: np.full_like(array, LARGEST / 2) for name, array in arrays.items()}


def test_an_agent_whose_z_overflows_is_refused(agent, quick, tmp_path):
    v, m, c = agent.vision, agent.memory, agent.controllers
    Model(v.kind, enlarged(v.parameters)).write(tmp_path / "v.npz")
    Model(m.kind, m.arrays()).write(tmp_path / "m.npz")
    Model(c.kind, c.arrays(0)).write(tmp_path / "c.npz")
    with pytest.raises(UserError, match=r"v\.npz, .*m\.npz: their weights are so large"):
        load_agent([tmp_path / f"{name}.npz" for name in "vmc"], make_task(quick.env))


def test_frames_whose_z_overflows_are_refused(agent, quick):
    rollouts, _ = collect(quick.collect, make_task(quick.env), RandomStreams(0, "collect"))
    vision = VISIONS[agent.vision.kind](enlarged(agent.vision.parameters))
    with pytest.raises(UserError, match=r"V's weights are so large that z is no number"):
        encode(quick.encode, rollouts, vision)
