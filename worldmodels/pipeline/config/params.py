"""params.yaml as frozen, typed structs; the only reader of params.yaml.

One struct a section, one section a stage (and `world`, which several stages share). Numbers may be
written any way that YAML or `dvc exp run -S` writes them ("1e-05" is text to YAML); everything else
must be as declared here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from worldmodels.pipeline.config.params_errors import explained, misplaced
from worldmodels.pipeline.config.strict_yaml import read_yaml
from worldmodels.pipeline.errors import UserError

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Drives = Annotated[int, Meta(ge=1, le=1000)]  # of one candidate, all in one batch
Width = Annotated[int, Meta(ge=1, le=4096)]  # of a layer
Rate = Annotated[float, Meta(gt=0, le=1)]
Deviation = Annotated[float, Meta(ge=1e-6, le=1)]  # standard; its square is to be a float32
Length = Annotated[float, Meta(gt=0, le=1000)]  # world units
Strength = Annotated[float, Meta(ge=0, le=10)]  # the most of it; each car draws its own
Steps = Annotated[int, Meta(ge=4, le=10_000)]  # of an episode; M learns from no fewer
CAR_RACING_VIEWS = ((28, 32), (64, 64))  # height and width
CONVOLVED = CAR_RACING_VIEWS  # of the pictures that conv_vae is made for
Range = tuple[Annotated[float, Meta(ge=-1000, le=1000)], Annotated[float, Meta(ge=-1000, le=1000)]]
LengthRange = tuple[Length, Length]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of params.yaml: every key is required and no other is allowed.

    Every float needs bounds, for it is their test that refuses NaN.
    """


class Harmonic(Section, frozen=True):
    """One term `amplitude * cos(2 pi order s + phase)` of the centreline's radius."""

    order: Annotated[int, Meta(ge=1, le=64)]
    amplitude: Annotated[float, Meta(ge=-1000, le=1000)]  # world units
    phase: Annotated[float, Meta(ge=-1000, le=1000)]  # radians


class Note(Section, frozen=True):
    """One road."""

    radius: Length
    harmonics: Annotated[tuple[Harmonic, ...], Meta(max_length=64)]
    half_width: Length


class HarmonicRange(Section, frozen=True):
    """A term of the radius whose amplitude is drawn; its phase is any."""

    order: Annotated[int, Meta(ge=1, le=64)]
    amplitude: Range  # world units

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards."""
        _forwards(self, "amplitude")


class Random(Section, frozen=True):
    """Ranges, from and to, that roads are drawn from."""

    radius: LengthRange
    harmonics: Annotated[tuple[HarmonicRange, ...], Meta(max_length=64)]
    half_width: LengthRange

    def __post_init__(self) -> None:
        """Refuse ranges that run backwards."""
        _forwards(self, "radius", "half_width")


class RacingView(Section, frozen=True):
    """What the camera sees."""

    size: Literal[16, 32, 64]  # pixels along one side
    channels: Literal[1, 3]  # road or not; red, green, blue
    reach: Annotated[float, Meta(gt=0, le=24)]  # ahead, behind, left and right; world units

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture: height, width, channels."""
        return self.size, self.size, self.channels


class Racing(Section, frozen=True, tag_field="kind", tag="racing"):
    """The note's world: the roads, the camera and the length of a drive."""

    tracks: Literal["note", "random"]  # one road for all episodes, or a new one for each
    note: Note
    random: Random
    view: RacingView
    max_steps: Steps


class CarRacingView(Section, frozen=True):
    """What is made of the game's pictures, which have three colours."""

    height: Literal[28, 64]  # pixels; 28 x 32 or 64 x 64
    width: Literal[32, 64]

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        if (self.height, self.width) not in CAR_RACING_VIEWS:
            raise ValueError(
                f"width: must be {dict(CAR_RACING_VIEWS)[self.height]} for a height of "
                f"{self.height}; found {self.width}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture: height, width, channels."""
        return self.height, self.width, 3


class CarRacing(Section, frozen=True, tag_field="kind", tag="carracing"):
    """Gymnasium's CarRacing-v3: who simulates it, what is seen of it, and the length of a drive."""

    simulator: Literal["gymnasium", "envpool"]
    view: CarRacingView
    frame_skip: Annotated[int, Meta(ge=1, le=16)]  # frames that an action is held for
    max_steps: Steps  # actions, not frames


World = Racing | CarRacing  # told apart by `kind`


class Collect(Section, frozen=True):
    """Episodes to learn V and M from."""

    policy: Literal["noise", "random_weights"]  # the note's, the paper's
    episodes: Count
    held_out_episodes: Count  # more of them, which V and M are scored on and never trained on
    patience: Annotated[int, Meta(ge=0, le=1_000_000)]  # steps without a new high; 0: never cut
    # Of a C that drives again (--driver): how many cars are without noise, and what the others have
    noiseless: Annotated[float, Meta(ge=0, le=1)]  # share
    weight_noise: Strength  # on weights and biases
    action_noise: Strength  # on actions, before the tanh
    push: Strength  # on the pedal, before the tanh


class TrainV(Section, frozen=True):
    """V and how it is trained."""

    kind: Literal["autoencoder", "vae", "conv_vae"]
    z_size: Width
    hidden: Width  # of the hidden layers of autoencoder and vae
    width: Annotated[float, Meta(gt=0, le=4)]  # of conv_vae, as a share of the paper's channels
    beta: Annotated[float, Meta(ge=0, le=1000)]  # what a nat of KL costs the VAEs
    free_bits: Annotated[float, Meta(ge=0, le=100)]  # nats a number of z that cost nothing
    epochs: Annotated[int, Meta(ge=0, le=1_000_000)]
    learning_rate: Rate
    final_rate: Annotated[float, Meta(ge=0, le=1)]  # share of it that is left in the end
    batch_size: Count


class Encode(Section, frozen=True):
    """How V is run over all frames."""

    batch_size: Count


class TrainM(Section, frozen=True):
    """M and how it is trained."""

    kind: Literal["lstm", "mdn_lstm", "joint_mdn_lstm"]
    hidden: Width
    readout: Annotated[int, Meta(ge=0, le=4096)]  # units between h and all that M says; 0: none
    mixtures: Annotated[int, Meta(ge=1, le=20)]  # Gaussians of a mixture
    sigma_floor: Deviation  # the least of any Gaussian, learned or fitted
    members: Annotated[int, Meta(ge=1, le=16)]  # Ms, trained apart
    noise: Annotated[float, Meta(ge=0, le=10)]  # on the z that M is shown, by their spread
    predict_outcome: bool  # say a step's reward, and whether the episode ends with it, too
    reward_weight: Annotated[float, Meta(gt=0, le=1e6)]  # of its squared error, beside z's error
    epochs: Annotated[int, Meta(ge=0, le=1_000_000)]
    learning_rate: Rate
    final_rate: Annotated[float, Meta(ge=0, le=1)]  # share of it that is left in the end
    batch_size: Count
    sequence_length: Annotated[int, Meta(ge=4, le=100_000)]
    clip_norm: Annotated[float, Meta(gt=0, le=1e9)]

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        if self.kind == "lstm" and self.mixtures != 1:
            raise ValueError(
                f"mixtures: must be 1 for lstm, which says one next z and no more (mdn_lstm says "
                f"mixtures); found {self.mixtures}"
            )


class EvolveC(Section, frozen=True):
    """The search for C."""

    world: Literal["real", "dream"]  # where it drives: on roads, or in what M imagines
    temperature: Annotated[float, Meta(ge=0.01, le=100)]  # of the dream
    horizon: Annotated[int, Meta(ge=0, le=10_000)]  # steps of a dream; 0: as long as an episode
    warm_up: Annotated[int, Meta(ge=0, le=1000)]  # recorded steps before it; 0: an episode's start
    recent: Annotated[int, Meta(ge=1, le=1000)]  # last rounds, for dreams and a teacher
    lost: Annotated[float, Meta(ge=0, le=0.8)]  # share of dreams that begin where all was lost
    onward: Annotated[float, Meta(ge=0, le=10_000)]  # steps after a dream, at the pace of its end
    effort: Annotated[float, Meta(ge=0, le=1000)]  # of a dreamt step: what the most steering costs
    caution: Annotated[float, Meta(ge=0, le=100)]  # fitness: mean return less so many std
    inputs: Literal["z", "zh"]  # what C sees: V's code alone, or M's state too
    components: Annotated[int, Meta(ge=0, le=4096)]  # of h that C learns on; 0: h itself
    imitated: Annotated[int, Meta(ge=0, le=1_000_000)]  # episodes that the search starts from
    hidden: Annotated[int, Meta(ge=0, le=4096)]  # width of C's hidden layer; 0 for none: linear
    strategy: Literal["rank_mu", "cma_es", "sep_cma_es", "openai_es"]
    population: Annotated[int, Meta(ge=2, le=1_000_000)]
    generations: Count
    searches: Annotated[int, Meta(ge=1, le=1000)]  # so often, from the same start
    sigma: Annotated[float, Meta(ge=1e-4, le=5)]
    episodes: Drives  # a candidate and generation
    patience: Annotated[int, Meta(ge=0, le=1_000_000)]  # of a real drive, see collect.patience
    checked_every: Annotated[int, Meta(ge=0, le=1_000_000)]  # generations; 0: chosen as learned
    validation_episodes: Drives  # a candidate for the final choice
    random_episodes: Drives  # of the baseline, the random policy

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        if self.lost and not self.warm_up:
            raise ValueError(
                "lost: must be 0 where dreams begin as episodes do; set warm_up above 0, or lost "
                f"to 0; found {self.lost:g}"
            )
        if self.imitated and self.hidden:
            raise ValueError(
                "imitated: must be 0 for a C with a hidden layer, for it is a linear one that "
                f"imitates; found {self.imitated}"
            )
        if self.components and self.inputs != "zh":
            raise ValueError(
                "components: are those of h, which inputs: z leaves out; set inputs to zh, or "
                f"components to 0; found {self.components}"
            )
        if self.strategy == "openai_es" and self.population % 2:
            raise ValueError(
                f"population: must be even for openai_es, whose mutations come in pairs; "
                f"found {self.population}"
            )


class Polish(Section, frozen=True):
    """How C learns on by trying, on roads, what no dream shows."""

    iterations: Annotated[int, Meta(ge=0, le=100_000)]
    episodes: Count  # an iteration
    noise: Annotated[float, Meta(ge=1e-3, le=10)]  # standard deviation on actions, before the tanh
    smoothing: Annotated[float, Meta(ge=0, le=0.99)]  # share of the last step's noise that is kept
    components: Width  # of what C sees, the leading ones, on which it learns
    step: Annotated[float, Meta(gt=0, le=100)]  # along the natural gradient, in units of the noise
    discount: Annotated[float, Meta(ge=0, le=1)]  # of a reward, a step
    trace: Annotated[float, Meta(ge=0, le=1)]  # lambda of the advantages
    patience: Annotated[int, Meta(ge=0, le=1_000_000)]  # while trying, see collect.patience
    checked_every: Count  # iterations
    validation_episodes: Count  # a check


class Evaluate(Section, frozen=True):
    """The final drives."""

    episodes: Count
    random_episodes: Count  # of the random policy, on the first of the same roads


class Visualize(Section, frozen=True):
    """The pictures."""

    reconstructions: Annotated[int, Meta(ge=1, le=16)]
    frames_per_second: Annotated[int, Meta(ge=1, le=50)]


class Compute(Section, frozen=True):
    """Where the stages run; no stage depends on it, for it changes no figure."""

    executor: Literal["inline", "processes", "dask"]  # this process, more of them, a cluster
    workers: Annotated[int, Meta(ge=0, le=256)]  # processes; 0: one for each core
    scheduler: str  # of the cluster

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        if not re.fullmatch(r"\w+://.+:\d+", self.scheduler):
            raise ValueError(
                f"scheduler: must be an address, tcp://host:port; found {self.scheduler[:80]!r}"
            )


ALONE = Compute("inline", 1, "tcp://127.0.0.1:8786")


class Params(Section, frozen=True):
    """The whole of params.yaml."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    world: World
    collect: Collect
    train_v: TrainV
    encode: Encode
    train_m: TrainM
    evolve_c: EvolveC
    evaluate: Evaluate
    visualize: Visualize
    compute: Compute
    polish: Polish | None = None  # only where there is such a stage

    def __post_init__(self) -> None:
        """Refuse what no section alone shows."""
        if self.evolve_c.world == "dream" and not self.train_m.predict_outcome:
            raise ValueError(
                "train_m.predict_outcome: must be true for evolve_c.world: dream, whose rewards "
                "and ends are what M predicts; found False"
            )
        height, width, _ = self.world.view.shape
        if self.train_v.kind == "conv_vae" and (height, width) not in CONVOLVED:
            raise ValueError(
                "train_v.kind: conv_vae is made for views of 64 x 64 pixels, or 28 x 32; found "
                f"{height} x {width}: set world.view.size to 64, or take vae"
            )


def read_params(path: Path, changes: Mapping[str, Any] | None = None) -> Params:
    """The params in a YAML file, with other values for some dotted keys.

    Raises:
        UserError: the file cannot be read, or a key is missing, unknown, of the wrong type or out
            of bounds; the message names the file and the dotted key, what was found and what would
            be right.
    """
    found = read_yaml(path)
    for key, value in (changes or {}).items():
        *sections, name = key.split(".")
        section = found
        for step in sections:
            section = section.get(step) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            raise UserError(f"{path}: {key}: cannot be set to {value!r}: there is no such section")
        section[name] = value
    if problem := misplaced(found, Params):
        raise UserError(f"{path}: {problem}")
    try:
        return msgspec.convert(found, Params, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {explained(str(error), found, Params)}") from None


def _forwards(section: Section, *keys: str) -> None:
    for key in keys:
        start, end = getattr(section, key)
        if start > end:
            raise ValueError(f"{key}: must run from the lower to the higher; found {start}, {end}")
