"""All stages one after the other, in memory."""

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn, run_evaluate
from stages.encode import encode
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace


def test_the_reference_recipe_learns_to_stay_on_the_track_for_the_whole_episode(reference):
    _, result = run_evaluate(reference, learn(reference))
    assert set(result.metrics) == {
        *("mean_return", "stderr", "worst_return", "off_track", "baseline_return"),
    }
    controller, baseline = result.details["controller"], result.details["baseline"]
    assert controller["mean_return"] == result.metrics["mean_return"] > 100
    assert controller["off_track"] == result.metrics["off_track"] == 0
    assert controller["mean_length"] == 120
    assert controller["lap_fraction"] > 3
    assert baseline["mean_return"] == result.metrics["baseline_return"] < 10
    names = {"mean_return", "std_return", "stderr", "worst_return"}
    names |= {"mean_length", "off_track", "episodes", "beyond_edge_share"}
    assert set(baseline) == names
    assert set(controller) == names | {"lap_fraction"}


def test_the_same_seed_gives_the_same_numbers_and_another_seed_other_ones(quick):
    first, again = learn(quick), learn(quick)
    other = learn(replace(quick, seed=1))
    for stage, result in first.results.items():
        assert result == again.results[stage]
        numbers = result.metrics, result.details
        assert numbers != (other.results[stage].metrics, other.results[stage].details)
    weights = [agent.controllers.arrays(0)["layer1.weight"] for agent in (first, again)]
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
@pytest.mark.parametrize(
    ("inputs", "hidden", "kind"), [("z", 0, "linear"), ("zh", 5, "hidden"), ("zch", 0, "linear")]
)
def test_every_strategy_finds_a_c_of_every_kind(quick, strategy, inputs, hidden, kind):
    settings = replace(quick.evolve_c, strategy=strategy, inputs=inputs, hidden=hidden)
    params = replace(quick, evolve_c=settings)
    agent = learn(params)
    assert agent.controllers.kind == kind
    assert agent.controllers.features == {"z": 16, "zh": 48, "zch": 80}[inputs]
    assert run_evaluate(params, agent)[1].details["controller"]["episodes"] == 4


def test_c_acts_on_the_state_of_a_mixture(quick):
    params = replace(quick, train_m=replace(quick.train_m, kind="mdn_lstm", num_mixtures=2))
    _, result = run_evaluate(params, learn(params))
    assert result.details["controller"]["episodes"] == 4


def test_generations_of_equal_fitness_are_reported(quick):
    settings = replace(quick.evolve_c, sigma=1e-4, generations=2)
    env = replace(quick.env, max_steps=4)  # too short to move with so little throttle
    result = learn(replace(quick, env=env, evolve_c=settings)).results["evolve_c"]
    assert result.details["flat_generations"] == 2
    assert "in 2 generations all candidates scored alike" in result.summary


def test_collect_holds_out_episodes(rollouts):
    assert len(rollouts.lengths) == 64 + 16
    assert rollouts.held_out.sum() == 16
    assert len(rollouts.observations) == (rollouts.lengths + 1).sum()
    assert set(np.unique(rollouts.observations)) == {0, 255}


def test_encode_does_not_depend_on_the_batch_size(reference, rollouts):
    vision = Autoencoder.initial(256, 8, 4, np.random.default_rng(0))
    whole = encode(reference.encode, rollouts, vision)[0]
    parts = encode(replace(reference.encode, batch_size=100), rollouts, vision)[0]
    np.testing.assert_allclose(whole.mean, parts.mean, atol=1e-5)
