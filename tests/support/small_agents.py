"""Agents with random weights, small enough for a test."""

import numpy as np

from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.vision.autoencoder import Autoencoder

Z, H = 4, 5
FEATURES = {"z": Z, "zh": Z + H, "zch": Z + 2 * H}


def small_agent(task, inputs="zh", seed=0):
    """An untrained agent for the observations of a task, with a linear C."""
    rng = np.random.default_rng(seed)
    pixels = int(np.prod(task.observation_shape))
    vision = Autoencoder.initial(pixels, 6, Z, rng)
    memory = Ensemble([DeterministicLSTM.initial(Z, 2, H, rng, predict_reward_done=True)])
    features = FEATURES[inputs]
    genomes = rng.normal(size=(1, 2 * (features + 1)))
    return AgentParts(vision, memory, Controllers.from_genomes(genomes, (features, 2)))
