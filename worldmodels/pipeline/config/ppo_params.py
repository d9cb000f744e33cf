"""Params of PPO."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from worldmodels.pipeline.config.section import Count, Fraction, OptionalUnits, Rate, Section


class TrainC(Section, frozen=True):
    """C by PPO in M's dreams, or in the environment."""

    train_in: Literal["env", "dream"]  # env leaves out horizon, temperature, sample_done
    inputs: Literal["z", "zh", "zch"]  # of C: z, and M's h, and its c
    hidden: OptionalUnits  # units of C's hidden layer; 0: linear
    iterations: Annotated[int, Meta(ge=0, le=100_000)]
    episodes: Count  # of an iteration
    horizon: Annotated[int, Meta(ge=1, le=10_000)]  # steps of a dream
    replay_rounds: Annotated[
        int, Meta(ge=1, le=1000)
    ]  # last ones that scale C's inputs, and dreams start in
    temperature: Annotated[float, Meta(ge=0.01, le=100)]  # of the dream
    sample_done: bool  # draw its end; if not, steps are weighted by the probability of none yet
    action_std: Annotated[float, Meta(ge=1e-3, le=10)]  # of the noise on actions, before the tanh
    discount: Fraction  # of a reward, a step
    gae_lambda: Fraction
    clip_range: Annotated[float, Meta(gt=0, le=1)]  # of the ratio of probabilities around 1
    epochs: Count  # passes over the steps of an iteration
    batch_size: Count
    learning_rate: Rate
    lr_end_factor: Fraction  # of the learning rate at the end of a linear decay
    eval_every: Annotated[int, Meta(ge=0, le=1_000_000)]  # iterations; 0: the last C is taken
    validation_episodes: Count  # of an evaluation
