"""The seven stages in any Gymnasium environment with pictures."""

import msgspec
import numpy as np
import pytest

pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")

from benchmarks.learning import learn, run_evaluate
from stages.collect import collect
from stages.visualize_gymnasium import visualize_gymnasium
from tests.support.gymnasium_params import BOX, DISCRETE, gymnasium_params
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import GymnasiumEvaluation, Rollouts
from worldmodels.rollout.seed_tracks import TEST_SEEDS

replace = msgspec.structs.replace


@pytest.fixture(params=[BOX, DISCRETE])
def small(request, quick):
    """The quick recipe in one of the two environments, smaller."""
    return replace(
        quick,
        env=gymnasium_params(request.param),
        collect=replace(quick.collect, policy="random_weights", episodes=24, patience=0),
        train_v=replace(quick.train_v, hidden=16, epochs=2),
        evolve_c=replace(quick.evolve_c, inputs="zh", generations=3, population=6, episodes=2),
        evaluate=replace(quick.evaluate, episodes=10, baseline_episodes=5),
        compute=INLINE,
    )


def curves(agent):
    return {
        stage: {name: np.array([row[name] for row in result.curve]) for name in result.curve[0]}
        for stage, result in agent.results.items()
        if result.curve
    }


def test_the_seven_stages_run(small, tmp_path):
    agent = learn(small)
    episodes, result = run_evaluate(small, agent)
    assert isinstance(episodes, GymnasiumEvaluation)
    assert episodes.track_seeds.tolist() == [*range(10), *range(5)]
    assert set(result.metrics) == {
        *("mean_return", "stderr", "worst_return", "terminated", "baseline_return")
    }
    assert result.metrics["terminated"] == episodes.terminated[episodes.by_controller].sum()
    assert "track" not in result.summary
    assert "laps" not in result.summary
    task = make_task(small.env)
    rollouts, collected = collect(small.collect, task, RandomStreams(small.seed, "collect"))
    assert "car" not in collected.summary
    assert rollouts.track_seeds.min() >= TEST_SEEDS
    rollouts.write(tmp_path / "rollouts.h5")
    assert type(Rollouts.read(tmp_path / "rollouts.h5")) is type(rollouts)
    figure_set, shown = visualize_gymnasium(
        *(small.visualize, task, rollouts, agent.vision, agent.memory.members[0], episodes),
        *(curves(agent), RandomStreams(small.seed, "visualize_gymnasium")),
    )
    assert set(figure_set.figures) == {
        *("training_curves", "evolution_curve", "reconstructions", "returns")
    }
    returns = np.add.reduceat(episodes.rewards, episodes.first_step[:-1])
    assert shown.details["shown_return"] == pytest.approx(np.sort(returns[:10])[4])
    assert len(figure_set.frames) == episodes.lengths[shown.details["shown_seed"]] + 1


def test_the_same_bytes_come_twice_and_on_two_workers(small):
    def columns(compute):
        streams = RandomStreams(3, "collect")
        return collect(small.collect, make_task(small.env), streams, compute=compute)[0]._arrays()

    two = replace(INLINE, executor="processes", workers=2)
    first, *others = columns(INLINE), columns(INLINE), columns(two)
    for other in others:
        assert {name: array.tobytes() for name, array in other.items()} == {
            name: array.tobytes() for name, array in first.items()
        }
    assert len(set(first["track_seeds"])) == len(first["track_seeds"])


def test_an_episode_that_is_not_repeated_is_not_shown(small):
    agent = learn(small)
    episodes, _ = run_evaluate(small, agent)
    task = make_task(small.env)
    rollouts, _ = collect(small.collect, task, RandomStreams(small.seed, "collect"))
    changed = replace_column(episodes, "rewards", episodes.rewards + 0.25)
    with pytest.raises(UserError, match=r"^the episode of seed \d+ cannot be rendered: in step 0"):
        visualize_gymnasium(
            *(small.visualize, task, rollouts, agent.vision, agent.memory.members[0], changed),
            *(curves(agent), RandomStreams(small.seed, "visualize_gymnasium")),
        )


def replace_column(table, name, values):
    return type(table)(**{**table._arrays(), name: values})
