"""Agents of random weights, small enough for a test."""

import numpy as np

from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.vision.autoencoder import Autoencoder

Z, H = 4, 5


def agent_of(env, sees_h=True, seed=0):
    """Of random weights."""
    rng = np.random.default_rng(seed)
    pixels = int(np.prod(env.view.shape))
    vision = Autoencoder.initial(pixels, 6, Z, rng)
    memory = Ensemble([DeterministicLSTM.initial(Z, 2, H, rng, predict_reward_done=True)])
    features = Z + H if sees_h else Z
    genomes = rng.normal(size=(1, 2 * (features + 1)))
    return AgentParts(vision, memory, Controllers.from_genomes(genomes, (features, 2)))
