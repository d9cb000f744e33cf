"""Untrained agents of all kinds for the page: to compare arithmetic they are as good as others."""

import json
from pathlib import Path

import msgspec
import numpy as np

from stages.play import DOOM_TEMPERATURE, after_zoom, play
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.dream.starts import Context, StartStates
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.interfaces import feature_counts
from worldmodels.memory.conv_lstm_memory import ConvLSTMMemory
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.joint_mdn_lstm import JointMDNLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.storage.artifacts import Model
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.column_vae import ColumnVAE
from worldmodels.vision.conv_vae import ConvVAE
from worldmodels.vision.vae import VAE

ROOT = Path(__file__).resolve().parents[2]
RACING, CARRACING, DOOM = (
    read_params(ROOT / f"{name}params.yaml").env for name in ("", "carracing/", "doom/")
)
COLOURED = msgspec.structs.replace(
    RACING, view=msgspec.structs.replace(RACING.view, size=64, channels=3)
)
GOLDEN_EPISODES = json.loads((ROOT / "tests/data/track_rollouts.json").read_text())
LONGEST = max(GOLDEN_EPISODES, key=lambda episode: episode["length"])
STEPS = 100  # of an episode that V and M are compared on
KINDS = ("reference", "vae", "paper", "carracing")
DOOM_KINDS = ("doom", "doom_lstm")  # of columns, and of one LSTM


def doom_models(
    kind: str, rng: np.random.Generator
) -> tuple[ColumnVAE | ConvVAE, ConvLSTMMemory | MDNLSTM]:
    """A V and an M of Doom, whose dreams seldom end, and cost health."""
    options = {"min_std": 0.01, "predict_change": True, "predict_reward_done": True}
    if kind == "doom":
        vision = ColumnVAE.initial(DOOM.view.shape, 12, 40, rng)
        own = {"columns": 10, "head_hidden": 6, "action_threshold": 1 / 3}
        memory = ConvLSTMMemory.initial(40, 1, 4, rng, **own, **options, reward_range=(-100.0, 4.0))
    else:
        vision = ConvVAE.initial(DOOM.view.shape, 40, 0.25, rng)
        memory = MDNLSTM.initial(40, 1, 24, rng, head_hidden=12, num_mixtures=3, **options)
    for name, array in vision.parameters.items():
        if name.endswith(".bias"):
            array += rng.normal(scale=0.1, size=array.shape)  # biases of the initial ones are 0
    arrays = memory.arrays()
    arrays["done.bias"], arrays["reward.bias"] = np.array(-5.0), np.array(3.0)
    for name, scale in (("reward.weight", 9.0), ("done.weight", 0.1)):
        arrays[name] = scale * arrays[name]
    if kind == "doom":
        arrays["z.bias"][1, 0] = 5  # beyond the limit of deviations, and z soon beyond its own
    return vision, type(memory)(arrays)


class PageAgent:
    """V, M and C of a kind, with the environment that they are for."""

    def __init__(self, kind: str) -> None:
        rng = np.random.default_rng(3)
        self.start_states, inputs = None, "zh"
        if kind == "reference":
            self.env = RACING
            self.vision = Autoencoder.initial(256, 64, 16, rng)
            memory = DeterministicLSTM.initial(16, 2, 32, rng)
            memory.calibrate(rng.random(16))
        elif kind == "vae":
            self.env, inputs = RACING, "z"
            self.vision = VAE.initial(256, 40, 12, rng)
            memory = MDNLSTM.initial(
                *(12, 2, 40, rng),
                num_mixtures=3,
                min_std=0.01,
                predict_change=True,
                predict_reward_done=True,
            )
        elif kind == "paper":
            self.env, inputs = COLOURED, "zch"
            self.vision = ConvVAE.initial((64, 64, 3), 32, 0.25, rng)
            memory = MDNLSTM.initial(32, 2, 64, rng, num_mixtures=5, min_std=0.01)
        elif kind in DOOM_KINDS:
            self.env, inputs = DOOM, "zch" if kind == "doom" else "zh"
            self.vision, memory = doom_models(kind, rng)
            z, context_z = (
                rng.normal(size=(3, *width, 40)).astype(np.float32) for width in ((), (9,))
            )
            context = Context(
                context_z,
                np.tanh(rng.normal(size=(3, 9, 1))).astype(np.float32),
                np.array([0, 9, 4], np.float32),
            )
            self.start_states = StartStates(z, context)
        else:
            self.env = CARRACING
            self.vision = ConvVAE.initial((28, 32, 3), 32, 1.0, rng)
            memory = JointMDNLSTM.initial(
                *(32, 2, 96, rng),
                num_mixtures=5,
                min_std=0.01,
                head_hidden=80,
                predict_reward_done=True,
            )
            arrays = {**memory.arrays(), "done.bias": np.array(-9.0)}  # its dreams hardly ever end
            memory = JointMDNLSTM(arrays)
            context = rng.normal(size=(3, 20, 34)).astype(np.float32)
            z = rng.normal(size=(3, 32)).astype(np.float32)
            steps = np.array([18, 5, 15], np.float32)  # the second lies in the zoom
            self.start_states = StartStates(
                z, Context(context[..., :32], np.tanh(context[..., 32:]), steps)
            )
        self.memory = Ensemble([memory])
        hidden = [8] if kind in ("vae", "doom") else []
        features = feature_counts(self.vision.z_size, memory.hidden_size)[inputs]
        sizes = [features, *hidden, memory.action_size]
        genome = rng.normal(size=(1, parameter_count(sizes))) * 0.3
        self.controllers = Controllers.from_genomes(genome, sizes)

    def play(self) -> tuple[str, StageResult]:
        """The page and the result of the stage."""
        parts, starts = (self.vision, self.memory, self.controllers), self.start_states
        if self.env is DOOM:
            return play(self.env, *parts, starts, DOOM_TEMPERATURE)
        starts = starts and after_zoom(starts, self.env.frame_skip)
        return play(self.env, *parts, starts, 1.3 if starts else 1.0)

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the files that the stage reads; their paths by name."""
        models = {
            "v": Model(self.vision.kind, self.vision.parameters),
            "m": Model(self.memory.kind, self.memory.arrays()),
            "c": Model(self.controllers.kind, self.controllers.arrays(0)),
        }
        if self.start_states:
            models["dream_starts"] = Model(StartStates.KIND, self.start_states.arrays())
        paths = {name: folder / f"{name}.npz" for name in models}
        for name, model in models.items():
            model.write(paths[name])
        return paths

    def recorded_steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Observations in bytes, and actions, of STEPS steps; of fewer if frames are large."""
        count = STEPS if self.env is not COLOURED else STEPS // 4
        actions = np.array(LONGEST["actions"][:count], np.float32)
        if self.env is CARRACING:
            rng = np.random.default_rng(0)
            return rng.integers(256, size=(count, 28, 32, 3)).astype(np.uint8), actions
        view = self.env.view
        env = RacingEnv(view_size=view.size, channels=view.channels)
        observations = [env.reset()[0][0]]
        observations += [env.step(action[None])[0][0] for action in actions[:-1]]
        return to_bytes(np.stack(observations)), actions
