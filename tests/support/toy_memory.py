"""An M that is known, in whose dreams C can learn."""

import numpy as np


class ToyMember:
    """z is a random sign, and not the last step's; the reward of a step is z times the last action,
    and `p_done` is the probability that a step ends the dream if that is negative.
    """

    kind, predicts_reward_done = "toy", True
    z_size, hidden_size, columns = 1, 2, 1

    def __init__(self, action_size=1, p_done=0.0):
        self.action_size, self._p_done = action_size, p_done

    def step(self, z, actions, h, c):
        h = np.concatenate([z, actions[:, -1:]], axis=1)
        return h, 0 * h

    def head_features(self, h, z, actions):
        return h

    def sample(self, head_features, z, uniform, normal, temperature):
        return np.where(uniform < 0.5, -1, 1).astype(np.float32)

    def reward_and_done(self, head_features):
        reward = head_features.prod(axis=1)
        return reward, np.where(reward < 0, self._p_done, 0.0)
