"""TODO."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers
from worldmodels.finetune.actor_critic import ActorCritic
from worldmodels.finetune.collector import Experience, Explorer, Shake, Tries
from worldmodels.parallel.workers import Workers
from worldmodels.pipeline.checkpoints import NoScratch, Scratch, State
from worldmodels.pipeline.config.params import ALONE, Compute, Polish
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.seeding import Streams
from worldmodels.rollout.task import Grounds

JUDGED = 3  # times the components on which C learns: those that its critic sees
LAST = 3  # steps are noisy: what is checked is the mean of where the last third of them led


class Check(NamedTuple):
    """How a C drives without noise, on validation roads."""

    iteration: int
    genome: NDArray[np.float64]
    mean_return: float
    stderr: float


def polish(
    settings: Polish,
    grounds: Grounds[Any],
    agent: AgentParts,
    streams: Streams,
    scratch: Scratch | None = None,
    compute: Compute = ALONE,
) -> tuple[Controllers, Report]:
    """Let C learn on; the best of where it began and of all checks is chosen.

    Raises:
        UserError: C has a hidden layer.
        ParamsError: what it sees varies in too few directions, or learning went wrong.
    """
    scratch = scratch or NoScratch()
    sizes = agent.controllers.features, agent.controllers.actions
    learner = ActorCritic(
        genome_of(agent.controllers),
        min(settings.components, sizes[0]),
        min(settings.components * JUDGED, sizes[0]),
        settings.discount,
        settings.trace,
        streams("critic"),
    )
    drawing, noise = streams("tracks"), streams("noise")
    roads = grounds.draw(settings.validation_episodes, streams("validation tracks"))
    checks, ways, curve = list[Check](), list[NDArray[np.float64]](), list[dict[str, float]]()
    tried = checked = 0  # steps on the road
    if left := scratch.load("polish"):
        learner.restore(left["learner"])
        drawing.bit_generator.state, noise.bit_generator.state = left["drawing"], left["noise"]
        checks, ways, curve = [Check(*each) for each in left["checks"]], left["ways"], left["curve"]
        tried, checked = left["steps"]

    def state() -> State:
        return {
            "learner": learner.state(),
            "drawing": drawing.bit_generator.state,
            "noise": noise.bit_generator.state,
            "checks": [list(check) for check in checks],
            "ways": ways,
            "curve": curve,
            "steps": [tried, checked],
        }

    shake = Shake(settings.noise, settings.smoothing)
    explorer = Explorer(grounds, agent.vision, agent.memory)
    with Workers(explorer, compute) as workers:
        tries = Tries(workers, grounds.episodes_at_once)

        def check(iteration: int, genome: NDArray[np.float64]) -> int:
            """Drive one, and how many steps it took."""
            driver = Controllers.from_genomes(genome[None], sizes)
            outcome = tries(driver, roads, settings.validation_episodes, streams("none")).outcome
            figures = outcome.figures()
            checks.append(Check(iteration, genome, figures["mean_return"], figures["stderr"]))
            return int(outcome.lengths.sum())

        if not checks:
            checked += check(0, learner.genome)
            scratch.save("polish", state, now=True)
        done = len(ways)
        for number in progress(
            range(done + 1, settings.iterations + 1), "polish", settings.iterations, done
        ):
            driver = Controllers.from_genomes(learner.genome[None], sizes)
            places = grounds.draw(settings.episodes, drawing)
            came = tries(driver, places, settings.episodes, noise, shake, settings.patience)
            learn(learner, settings, came)
            ways.append(learner.genome)
            tried += int(came.outcome.lengths.sum())
            if number % settings.checked_every == 0 or number == settings.iterations:
                checked += check(number, np.mean(ways[-max(1, number // LAST) :], axis=0))
            curve.append(
                {
                    "iteration": number,
                    "tried": float(came.outcome.returns.mean()),
                    "laps": float(came.outcome.laps.mean()),
                    "real": max(each.mean_return for each in checks),
                }
            )
            scratch.save("polish", state, now=number == settings.iterations)
    start, best = checks[0], max(checks, key=lambda each: each.mean_return)
    metrics = {
        "chosen_iteration": best.iteration,
        "real_return": best.mean_return,
        "real_stderr": best.stderr,
        "start_return": start.mean_return,
        "episodes": settings.iterations * settings.episodes,
        "tried_steps": tried,
        "checked_steps": checked,
    }
    summary = (
        f"return {best.mean_return:+.2f} +- {best.stderr:.2f} after {best.iteration} of "
        f"{settings.iterations} steps (before the first: {start.mean_return:+.2f}), in "
        f"{metrics['episodes']} tries"
    )
    return Controllers.from_genomes(best.genome[None], sizes), Report(summary, metrics, curve)


def genome_of(controllers: Controllers) -> NDArray[np.float64]:
    """The numbers of a linear C.

    Raises:
        UserError: it has a hidden layer.
    """
    if controllers.kind != "linear":
        raise UserError(
            "a C with a hidden layer cannot be polished, only a linear one; set evolve_c.hidden "
            "to 0, or leave this stage out"
        )
    arrays = controllers.arrays(0).values()
    return np.concatenate([array.ravel() for array in arrays]).astype(np.float64)


def learn(learner: ActorCritic, settings: Polish, came: Experience) -> None:
    """One step, from what came of tries.

    Raises:
        ParamsError: what C sees varies in too few directions, or C grew beyond all numbers.
    """
    step, lengths = settings.step * settings.noise, came.lengths
    try:
        learner.learn(came.features, came.drawn, came.worth, lengths, settings.smoothing, step)
    except ValueError as error:
        raise ParamsError(f"polish.components: {error}") from None
    if not (abs(learner.genome) < np.finfo(np.float32).max).all():
        raise ParamsError(
            f"polish.step: C has grown beyond all numbers with {settings.step:g}; try a smaller one"
        )
