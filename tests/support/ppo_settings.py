"""Settings of PPO that are small enough for a test."""

from worldmodels.pipeline.config.ppo_params import TrainC

SETTINGS = TrainC(
    train_in="dream",
    inputs="zh",
    hidden=3,
    iterations=4,
    episodes=6,
    horizon=5,
    replay_rounds=1,
    temperature=1.0,
    sample_done=False,
    action_std=0.5,
    discount=0.9,
    gae_lambda=0.9,
    clip_range=0.2,
    epochs=2,
    batch_size=16,
    learning_rate=0.01,
    lr_end_factor=0.1,
    eval_every=2,
    validation_episodes=5,
)
