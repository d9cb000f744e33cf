"""Untrained V, M and C of all kinds, and what they meet: for arithmetic they do as well."""

from pathlib import Path

import msgspec
import numpy as np
from tests.test_racing import GOLDEN

from stages.play import play
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.dream.starts import StoredStarts
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.joint_mdn_lstm import JointMDNLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.conv_vae import ConvVAE
from worldmodels.vision.vae import VAE

ROOT = Path(__file__).resolve().parents[2]
RACING, CARRACING = (read_params(ROOT / f"{name}params.yaml").env for name in ("", "carracing/"))
COLOURED = msgspec.structs.replace(
    RACING, view=msgspec.structs.replace(RACING.view, size=64, channels=3)
)
LONGEST = max(GOLDEN, key=lambda episode: episode["length"])
STEPS = 100  # recorded ones, that V and M are compared on


class Agent:
    """Those of a kind, in the world that they are made for."""

    def __init__(self, kind: str) -> None:
        rng = np.random.default_rng(3)
        self.beginnings, inputs = None, "zh"
        if kind == "note":
            self.env = RACING
            self.vision = Autoencoder.initial(256, 64, 16, rng)
            memory = DeterministicLSTM.initial(16, 2, 32, rng)
            memory.calibrate(rng.random(16))
        elif kind == "vae":
            self.env, inputs = RACING, "z"
            self.vision = VAE.initial(256, 40, 12, rng)
            memory = MDNLSTM.initial(
                12, 2, 40, rng, mixtures=3, min_std=0.01, predict_reward_done=True
            )
        elif kind == "paper":
            self.env = COLOURED
            self.vision = ConvVAE.initial((64, 64, 3), 32, 0.25, rng)
            memory = MDNLSTM.initial(32, 2, 64, rng, mixtures=5, min_std=0.01)
        else:
            self.env = CARRACING
            self.vision = ConvVAE.initial((28, 32, 3), 32, 1.0, rng)
            memory = JointMDNLSTM.initial(
                32, 2, 96, rng, mixtures=5, min_std=0.01, readout=80, predict_reward_done=True
            )
            arrays = {**memory.arrays(), "end.bias": np.array(-9.0)}  # its dreams go on
            memory = JointMDNLSTM(arrays)
            past = rng.normal(size=(2, 12, 34)).astype(np.float32)
            z = rng.normal(size=(2, 32)).astype(np.float32)
            length = np.array([12, 5], np.float32)
            self.beginnings = StoredStarts(z, past[..., :32], np.tanh(past[..., 32:]), length)
        self.memory = Ensemble([memory])
        hidden = [8] if kind == "vae" else []
        features = self.vision.z_size + (memory.hidden_size if inputs == "zh" else 0)
        sizes = [features, *hidden, 2]
        genome = rng.normal(size=(1, parameter_count(sizes))) * 0.3
        self.controllers = Controllers.from_genomes(genome, sizes)

    def page(self) -> str:
        parts = (self.vision, self.memory, self.controllers, self.beginnings)
        return play(self.env, *parts)[0]

    def recorded(self) -> tuple[np.ndarray, np.ndarray]:
        """Views, as they are stored, and actions of so many steps; fewer of large views."""
        count = STEPS if self.env is not COLOURED else STEPS // 4
        actions = np.array(LONGEST["actions"][:count], np.float32)
        if self.env is CARRACING:
            rng = np.random.default_rng(0)
            return rng.integers(256, size=(count, 28, 32, 3)).astype(np.uint8), actions
        view = self.env.view
        env = RacingEnv(view_size=view.size, channels=view.channels)
        views = [env.reset()[0][0]]
        views += [env.step(action[None])[0][0] for action in actions[:-1]]
        return to_bytes(np.stack(views)), actions


KINDS = ("note", "vae", "paper", "carracing")
