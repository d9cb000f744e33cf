import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.support.small_agents import H, Z, small_agent
from worldmodels.dream.starts import StartStates
from worldmodels.envs.registry import make_task
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.storage.artifacts import Model


def dreaming_memory(seed: int) -> MDNLSTM:
    """An untrained M whose predictions are random, and whose dreams last for some 50 steps."""
    rng = np.random.default_rng(seed)
    options = {"num_mixtures": 2, "min_std": 0.1, "predict_reward_done": True}
    arrays = MDNLSTM.initial(Z, 2, H, rng, **options).arrays()
    return MDNLSTM(arrays | {"done.bias": np.float32(-4)})


@pytest.fixture(scope="session")
def dream_folder(tmp_path_factory: pytest.TempPathFactory, quick: Params) -> Path:
    """A released folder with an untrained agent of the racing environment, and three starts."""
    folder = tmp_path_factory.mktemp("released")
    vision, _, controllers = small_agent(make_task(quick.env))
    memory = Ensemble([dreaming_memory(0)])
    Model(vision.kind, vision.parameters).write(folder / "v.npz")
    Model(memory.kind, memory.arrays()).write(folder / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(folder / "c.npz")
    starts = StartStates(np.random.default_rng(1).standard_normal((3, Z)).astype(np.float32))
    Model(StartStates.KIND, starts.arrays()).write(folder / "dream_starts.npz")
    env = msgspec.to_builtins(quick.env)
    content = {"format": 1, "version": "1.0.0", "env": env}
    (folder / "agent.json").write_text(json.dumps(content))
    return folder
