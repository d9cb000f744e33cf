"""C trained in dreams, and evaluated in the environment."""

import msgspec

from benchmarks.learning import learn, run_evaluate
from worldmodels.pipeline.config.params import INLINE

replace = msgspec.structs.replace


def test_a_c_that_was_trained_in_dreams_acts_in_the_environment(quick):
    train_m = replace(quick.train_m, predict_reward_done=True, ensemble_size=2, epochs=3)
    settings = replace(quick.evolve_c, train_in="dream", risk_aversion=0.3, episodes=4)
    env = replace(quick.env, tracks="random")
    params = replace(quick, env=env, train_m=train_m, evolve_c=settings)
    agent = learn(params)
    result = agent.results["evolve_c"]
    assert result.metrics["validation_return"] != result.metrics["dream_return"]
    assert "in dreams" in result.summary
    assert run_evaluate(params, agent)[1].details["controller"]["episodes"] == 4
    two_processes = replace(INLINE, executor="processes", workers=2)
    again = learn(replace(params, compute=two_processes))
    for stage in ("train_m", "evolve_c"):
        assert again.results[stage] == agent.results[stage]


def test_without_drawn_ends_all_dreams_last_to_the_horizon(quick):
    train_m = replace(quick.train_m, predict_reward_done=True, ensemble_size=2)
    settings = replace(
        quick.evolve_c, train_in="dream", horizon=9, episodes=4, generations=2, sample_done=False
    )
    drawn, mean = (
        learn(replace(quick, train_m=train_m, evolve_c=each)).results["evolve_c"]
        for each in (replace(settings, sample_done=True), settings)
    )
    assert drawn.details["dream_off_track"] > mean.details["dream_off_track"] == 0
    assert drawn.metrics["dream_return"] != mean.metrics["dream_return"]
