"""params.yaml as frozen, typed structs: one section a stage, besides `env` and `compute`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta

from worldmodels.pipeline.config.env_params import DOOM_ACTION_THRESHOLD, DoomParams, EnvParams
from worldmodels.pipeline.config.ppo_params import TrainC
from worldmodels.pipeline.config.section import (
    Count,
    Fraction,
    OptionalUnits,
    Patience,
    Rate,
    Section,
    Units,
)
from worldmodels.pipeline.config.section_checks import COLUMN, check_sections

BatchEpisodes = Annotated[int, Meta(ge=1, le=1000)]  # of one candidate, all in one batch
Epochs = Annotated[int, Meta(ge=0, le=1_000_000)]
Std = Annotated[float, Meta(ge=1e-6, le=1)]  # its square must be a float32
NoiseScale = Annotated[float, Meta(ge=0, le=10)]  # the largest; each episode draws its own


class Collect(Section, frozen=True):
    """Episodes to train V and M on."""

    # the reference stub's, the paper's, Dabney's
    policy: Literal["noise", "random_weights", "ez_greedy"]
    episodes: Count
    held_out_episodes: Count  # besides; V and M are scored on them and never trained on them
    patience: Patience
    shaped_rewards: bool  # record them with the shaping of the task (`Task.shaping`)
    # Of a behaviour policy made of C (--policy), which later rounds collect with:
    deterministic_share: Fraction  # of its episodes that have no noise
    parameter_noise: NoiseScale  # standard deviation on weights and biases
    action_noise: NoiseScale  # standard deviation on actions, before the tanh
    throttle_bias: NoiseScale  # on the pedal, before the tanh


class TrainV(Section, frozen=True):
    """V and its training."""

    kind: Literal["autoencoder", "vae", "conv_vae", "column_vae"]
    z_size: Units
    hidden: Units  # of the hidden layers of autoencoder, vae and column_vae
    width_multiplier: Annotated[float, Meta(gt=0, le=4)]  # of conv_vae's channels
    beta: Annotated[float, Meta(ge=0, le=1000)]  # weight of the KL divergence
    free_bits: Annotated[float, Meta(ge=0, le=100)]  # nats per latent dimension that cost nothing
    bright_weight: Annotated[float, Meta(ge=0.01, le=100)]  # of white, where black has 1
    mirror: bool  # flip each frame left to right with probability 1/2
    epochs: Epochs
    learning_rate: Rate
    lr_end_factor: Fraction  # of the learning rate at the end of a linear decay
    batch_size: Count

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        if self.bright_weight != 1 and self.kind not in ("conv_vae", "column_vae"):
            raise ValueError(
                f"bright_weight: must be 1 for {self.kind}, whose error is no squared error "
                f"(that of conv_vae and column_vae is); found {self.bright_weight:g}"
            )


class Encode(Section, frozen=True):
    """V over all frames."""

    batch_size: Count
    mirror: bool  # add the mirror image of each episode


class TrainM(Section, frozen=True):
    """M and its training."""

    kind: Literal["lstm", "mdn_lstm", "joint_mdn_lstm", "conv_lstm"]
    hidden: Units  # of conv_lstm: of each column
    head_hidden: OptionalUnits  # units of a hidden layer between h and the output heads
    num_mixtures: Annotated[int, Meta(ge=1, le=20)]  # Gaussians of a mixture
    min_std: Std  # of any Gaussian, learned or fitted
    predict_change: bool  # predict z_next - z and not z_next
    predict_reward_done: bool  # predict a step's reward and whether it ends the episode
    reward_weight: Annotated[float, Meta(gt=0, le=1e6)]  # of its error in the loss
    done_weight: Annotated[float, Meta(ge=1e-3, le=1e3)]  # of an end in its cross-entropy
    ensemble_size: Annotated[int, Meta(ge=1, le=16)]
    input_noise: Annotated[float, Meta(ge=0, le=10)]  # on z, in standard deviations of z
    z_noise_factor: Annotated[float, Meta(ge=0, le=10)]  # of V's standard deviation of z
    own_prediction_share: Fraction  # of sequences with steps in which M is given its own z
    epochs: Epochs
    learning_rate: Rate
    lr_end_factor: Fraction  # of the learning rate at the end of a linear decay
    batch_size: Count
    sequence_length: Annotated[int, Meta(ge=4, le=100_000)]
    max_grad_norm: Annotated[float, Meta(gt=0, le=1e9)]

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        if self.kind in ("lstm", "conv_lstm") and self.num_mixtures != 1:
            raise ValueError(
                f"num_mixtures: must be 1 for {self.kind}, which predicts no mixture (mdn_lstm "
                f"does); found {self.num_mixtures}"
            )
        if self.kind == "conv_lstm" and not self.head_hidden:
            raise ValueError(
                "head_hidden: must be above 0 for conv_lstm, whose heads need it; found 0"
            )
        if self.kind != "conv_lstm" and self.own_prediction_share:
            raise ValueError(
                f"own_prediction_share: must be 0 for {self.kind}, which is trained on recorded z "
                f"alone (conv_lstm need not be); found {self.own_prediction_share:g}"
            )


class EvolveC(Section, frozen=True):
    """The search for C."""

    train_in: Literal["env", "dream"]  # the environment itself, or what M imagines of it
    temperature: Annotated[float, Meta(ge=0.01, le=100)]  # of the dream
    sample_done: bool  # draw its end; if not, rewards are weighted by the probability of none yet
    horizon: Annotated[int, Meta(ge=0, le=10_000)]  # steps of a dream; 0: env.max_steps
    burn_in: Annotated[int, Meta(ge=0, le=1000)]  # recorded steps before it; 0: an episode's start
    replay_rounds: Annotated[int, Meta(ge=1, le=1000)]  # last rounds whose episodes are used
    stalled_start_share: Annotated[float, Meta(ge=0, le=0.8)]  # starts after the return's peak
    terminal_value_steps: Annotated[float, Meta(ge=0, le=10_000)]  # after the horizon
    steering_cost: Annotated[float, Meta(ge=0, le=1000)]  # of a step at full lock, in a dream
    risk_aversion: Annotated[float, Meta(ge=0, le=100)]  # fitness: mean - so many std of returns
    inputs: Literal["z", "zh", "zch"]  # of C: z, and M's h, and its c
    pca_components: OptionalUnits  # of h, or of c and h, that C is searched on; 0: h itself
    demo_episodes: Annotated[int, Meta(ge=0, le=1_000_000)]  # that the search is initialised from
    hidden: OptionalUnits  # units of C's hidden layer; 0: linear
    strategy: Literal["rank_mu", "cma_es", "sep_cma_es", "openai_es"]
    population: Annotated[int, Meta(ge=2, le=1_000_000)]
    generations: Annotated[int, Meta(ge=0, le=1_000_000)]  # 0: C stays what it starts as
    runs: Annotated[int, Meta(ge=1, le=1000)]  # independent ones, from the same start
    sigma: Annotated[float, Meta(ge=1e-4, le=5)]
    episodes: BatchEpisodes  # a candidate and generation
    patience: Patience  # of an episode in the environment, see collect.patience
    eval_every: Annotated[int, Meta(ge=0, le=1_000_000)]  # generations; 0: no such evaluations
    validation_episodes: BatchEpisodes  # a candidate for the final choice
    baseline_episodes: BatchEpisodes  # of the random policy

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        if self.stalled_start_share and not self.burn_in:
            raise ValueError(
                "stalled_start_share: must be 0 where dreams start as episodes do; set burn_in "
                f"above 0, or stalled_start_share to 0; found {self.stalled_start_share:g}"
            )
        if self.demo_episodes and self.hidden:
            raise ValueError(
                "demo_episodes: must be 0 for a C with a hidden layer, because behaviour cloning "
                f"fits a linear one; found {self.demo_episodes}"
            )
        if self.pca_components and self.inputs == "z":
            raise ValueError(
                "pca_components: are those of h, which inputs: z leaves out; set inputs to zh or "
                f"zch, or pca_components to 0; found {self.pca_components}"
            )
        if self.strategy == "openai_es" and self.population % 2:
            raise ValueError(
                "population: must be even for openai_es, whose mutations come in pairs; "
                f"found {self.population}"
            )


class FinetuneC(Section, frozen=True):
    """Fine-tuning of C in the environment by a natural actor-critic."""

    iterations: Annotated[int, Meta(ge=0, le=100_000)]
    episodes: Count  # an iteration
    action_std: Annotated[float, Meta(ge=1e-3, le=10)]  # of the noise on actions, before the tanh
    std_end_factor: Annotated[float, Meta(gt=0, le=1)]  # of it, after a linear decay
    noise_correlation: Annotated[float, Meta(ge=0, le=0.99)]  # of one step's noise with the next's
    pca_components: Units  # of C's inputs, that it is fine-tuned on
    step_size: Annotated[float, Meta(gt=0, le=100)]  # along the natural gradient, in action_std
    discount: Fraction  # of a reward, a step
    gae_lambda: Fraction
    patience: Patience  # while collecting, see collect.patience
    eval_every: Count  # iterations
    validation_episodes: Count  # an evaluation


class Evaluate(Section, frozen=True):
    """The final evaluation."""

    episodes: Count
    baseline_episodes: Count  # of the random policy, on the first of the same tracks


class Visualize(Section, frozen=True):
    """The figures."""

    reconstructions: Annotated[int, Meta(ge=1, le=16)]
    frames_per_second: Annotated[int, Meta(ge=1, le=50)]


class Compute(Section, frozen=True):
    """Where the stages run; no stage depends on it, because it changes no result."""

    executor: Literal["inline", "processes", "dask"]  # this process, several, a cluster
    workers: Annotated[int, Meta(ge=0, le=256)]  # processes; 0: one for each core
    scheduler: str  # of the cluster

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        if not re.fullmatch(r"(tcp|tls)://.+:\d+", self.scheduler):
            raise ValueError(
                "scheduler: must be an address, tcp://host:port or tls://host:port; "
                f"found {self.scheduler[:80]!r}"
            )


INLINE = Compute("inline", 1, "tcp://127.0.0.1:8786")


class Params(Section, frozen=True):
    """The whole of params.yaml."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    env: EnvParams
    collect: Collect
    train_v: TrainV
    encode: Encode
    train_m: TrainM
    evolve_c: EvolveC
    evaluate: Evaluate
    visualize: Visualize
    compute: Compute
    finetune_c: FinetuneC | None = None  # only where there is such a stage
    train_c: TrainC | None = None  # likewise

    def __post_init__(self) -> None:
        """Refuse what no section alone shows."""
        check_sections(self)

    @property
    def z_columns(self) -> int:
        """The columns of a picture that z has the numbers of; 1 where z has no places."""
        return self.env.view.shape[1] // COLUMN if self.train_v.kind == "column_vae" else 1

    @property
    def c_stage(self) -> str:
        """The stage that makes C: train_c, where there is its section."""
        return "train_c" if self.train_c else "evolve_c"

    @property
    def dream_temperature(self) -> float:
        """Of the dreams of that stage."""
        return (self.train_c or self.evolve_c).temperature

    @property
    def action_threshold(self) -> float:
        """Of an action of this environment, beyond which its size does not matter; 0: it does."""
        return DOOM_ACTION_THRESHOLD if isinstance(self.env, DoomParams) else 0.0
