"""Which C is kept of all that evolution left: a high fitness may be luck, so all drive again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.dream.starts import Night, Nights
from worldmodels.evolution.fitness import Judge, Scores, fitness_of
from worldmodels.pipeline.checkpoints import Scratch
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.seeding import Streams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.rollout.task import Grounds

VALIDATED_AT_ONCE = 64  # candidates between two steps of the progress bar


class History(NamedTuple):
    """What all generations leave: candidates for the final choice, and how it went.

    Several searches, all with the same start, are looked at as one, generation by generation.
    """

    start: NDArray[np.float64]  # (n,), where the searches began
    best: NDArray[np.float64]  # (searches, generations, n), genomes of the best candidates
    mean: NDArray[np.float64]  # (searches, generations, n), where the distribution moved to
    fitness: NDArray[np.float64]  # (searches, generations, population)
    sigma: NDArray[np.float64]  # (searches, generations)

    @property
    def middle(self) -> NDArray[np.float64]:
        """(generations, n): of the means. Of the way that a search goes much is chance; in the
        middle of several less of it is left.
        """
        middle: NDArray[np.float64] = self.mean.mean(axis=0)
        return middle

    @property
    def all_fitness(self) -> NDArray[np.float64]:
        """(generations, searches x population)."""
        return np.concatenate(self.fitness, axis=1)

    @property
    def genomes(self) -> NDArray[np.float64]:
        """(2 generations, n): best of all and middle in turns."""
        generations = self.fitness.shape[1]
        first = self.fitness.max(axis=2).argmax(axis=0)  # of the searches, by generation
        best = self.best[first, np.arange(generations)]
        return np.stack([best, self.middle], axis=1).reshape(2 * generations, -1)


class Choice(NamedTuple):
    """Which candidate it is, and how the best up to each generation did."""

    genome: NDArray[np.float64]  # (n,)
    chosen: str  # `best` of its generation, the distribution's `mean`, or the `start`
    generation: int  # from 1; 0: the start
    champion: NDArray[np.float64]  # (generations,), what the choice went by
    distribution_mean: NDArray[np.float64]  # (generations,), likewise
    real: NDArray[np.float64]  # (generations,), on real roads
    off_track: int  # of the chosen one's drives in the last look at it, and
    real_off_track: int  # on real roads
    real_steps: int  # of all drives on real roads that the choice took


class Places(Protocol):
    """Where candidates are tried: `Grounds` or `Nights`."""

    def draw(self, episodes: int, rng: Generator) -> Sequence[Hashable] | Night:
        """So many of them."""


def places_of(
    settings: EvolveC, grounds: Grounds[Any], latents: Latents, *, held_out: bool
) -> Places:
    """Roads, or dreams that begin in episodes that were, or were not, held out."""
    if settings.world == "real":
        return grounds
    return Nights(
        latents,
        held_out=held_out,
        warm_up=settings.warm_up,
        recent=settings.recent,
        lost=settings.lost,
    )


def validate(
    settings: EvolveC,
    judge: Judge,
    places: Places,
    genomes: NDArray[np.float64],
    drawing: Generator,
    scratch: Scratch,
    name: str,
) -> Scores:
    """Drive candidates (n, genome_size), all on the same validation roads or in the same dreams;
    `name` is that of the state in between.
    """
    drawn = places.draw(settings.validation_episodes, drawing)
    parts = np.split(genomes, range(VALIDATED_AT_ONCE, len(genomes), VALIDATED_AT_ONCE))
    state = scratch.load(name) or {"scores": []}
    scores = [Scores(*entry) for entry in state["scores"]]
    first = len(scores)
    for part in progress(parts[first:], "evolve_c: validation", len(parts), first):
        scores.append(judge.scores(part, drawn, settings.validation_episodes))
        scratch.save(name, lambda: {"scores": [list(entry) for entry in scores]})
    return Scores(*(np.concatenate(entry) for entry in zip(*scores, strict=True)))


def champions(validated: Scores, settings: EvolveC) -> NDArray[np.intp]:
    """(generations,): the number of the candidate that is best up to each generation.

    On real roads who is lost in fewer episodes is better, and among equals whose fitness is higher.
    In dreams fitness alone counts: they end by chance, too, and least for who stands still.
    """
    fitness = fitness_of(validated, settings.caution)
    lost = validated.off_track if settings.world == "real" else np.zeros_like(validated.off_track)
    order = np.lexsort((-fitness, lost))
    rank = np.argsort(order)
    return order[np.minimum.accumulate(rank.reshape(-1, 2).min(axis=1))]


def choose(
    settings: EvolveC,
    judge: Judge,
    grounds: Grounds[Any],
    latents: Latents,
    history: History,
    streams: Streams,
    scratch: Scratch,
) -> Choice:
    """The best of all distribution means and all generations' best.

    Who learned in dreams is chosen in dreams too, those of held-out episodes; how it does on real
    roads is looked at only when all is done.
    """
    dreaming = settings.world == "dream"
    places = places_of(settings, grounds, latents, held_out=True)
    genomes, drawing = history.genomes, streams("validation tracks")
    validated = validate(settings, judge, places, genomes, drawing, scratch, "validation")
    champion = champions(validated, settings)
    tried, candidate = validated, champion
    if dreaming:
        different, candidate = np.unique(champion, return_inverse=True)
        drawing = streams("real tracks")
        tried = validate(settings, judge, grounds, genomes[different], drawing, scratch, "real")
    generation, which = divmod(int(champion[-1]), 2)
    return Choice(
        genome=genomes[champion[-1]],
        chosen="mean" if which else "best",
        generation=generation + 1,
        champion=validated.mean_return[champion],
        distribution_mean=validated.mean_return[1::2],
        real=tried.mean_return[candidate],
        off_track=int(validated.off_track[champion[-1]]),
        real_off_track=int(tried.off_track[candidate[-1]]),
        real_steps=int(tried.steps.sum()),
    )


def choose_by_checks(
    settings: EvolveC,
    judge: Judge,
    grounds: Grounds[Any],
    history: History,
    streams: Streams,
    scratch: Scratch,
) -> Choice:
    """The best of where the search began and the distribution means of every so many generations,
    all driven on the same real validation roads: a dream that goes on too long is cheated, and one
    that knows too little from its first generation.

    Of several searches it is the middle of their means that drives.
    """
    count = history.sigma.shape[1]
    after = np.unique([*range(settings.checked_every, count, settings.checked_every), count])
    genomes = np.concatenate([history.start[None], history.middle[after - 1]])
    drawing = streams("validation tracks")
    tried = validate(settings, judge, grounds, genomes, drawing, scratch, "real")
    best = np.maximum.accumulate(tried.mean_return)
    last_check = np.searchsorted(after, np.arange(1, count + 1), "right")
    chosen = int(tried.mean_return.argmax())
    return Choice(
        genome=genomes[chosen],
        chosen="mean" if chosen else "start",
        generation=int(after[chosen - 1]) if chosen else 0,
        champion=best[last_check],
        distribution_mean=tried.mean_return[last_check],
        real=best[last_check],
        off_track=int(tried.off_track[chosen]),
        real_off_track=int(tried.off_track[chosen]),
        real_steps=int(tried.steps.sum()),
    )
