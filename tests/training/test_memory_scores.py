import numpy as np
import pytest

from tests.support.memories import (
    EVERY_MEMORY,
    memory_id,
    random_memory,
    random_sequences,
    single_sequence,
)
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.training.memory_scores import memory_scores, step_moments

rng = np.random.default_rng(0)


@pytest.fixture(params=EVERY_MEMORY, ids=memory_id)
def memory(request) -> RecurrentMemory:
    return random_memory(*request.param, rng=rng)


def test_scores_do_not_depend_on_the_chunks(memory):
    batch, other = random_sequences(6, 5, rng), random_sequences(6, 3, rng)
    chunks = [single_sequence(batch, number) for number in range(5)]
    train = step_moments(memory, [other])
    whole, in_chunks = (
        memory_scores(memory, train, step_moments(memory, held_out), 0.01)
        for held_out in ([batch], chunks)
    )
    assert whole == pytest.approx(in_chunks)


def test_the_baselines_agree_with_their_definitions(memory):
    train, held_out = random_sequences(6, 5, rng), random_sequences(6, 3, rng)
    moments = (step_moments(memory, [part]) for part in (train, held_out))
    scores = memory_scores(memory, *moments, 0.01)
    x, fitted = held_out.z_next, train.z_next

    def nll(error, sigma):
        return (0.5 * np.log(2 * np.pi * sigma**2) + error**2 / (2 * sigma**2)).mean()

    change, train_change = x - held_out.z, fitted - train.z
    assert scores["persistence_mse"] == pytest.approx(np.square(change).mean())
    assert scores["marginal_gaussian_nll"] == pytest.approx(
        nll(x - fitted.mean(axis=0), fitted.std(axis=0))
    )
    assert scores["persistence_nll"] == pytest.approx(
        nll(change, np.sqrt(np.square(train_change).mean(axis=0)))
    )
    assert ("done_base_rate_nll" in scores) == memory.predicts_reward_done
    if memory.predicts_reward_done:
        rate, share = train.dones.mean(), held_out.dones.mean()
        mean = train.rewards.mean()
        assert scores["mean_reward_mse"] == pytest.approx(np.square(held_out.rewards - mean).mean())
        assert scores["done_base_rate_nll"] == pytest.approx(
            -share * np.log(rate) - (1 - share) * np.log(1 - rate)
        )


@pytest.mark.parametrize("weight", [10.0, 0.5])
def test_the_weight_of_ends_counts_in_losses_and_not_in_scores(weight):
    memory = random_memory("lstm", predict_reward_done=True, rng=rng)
    train, held_out = random_sequences(6, 5, rng), random_sequences(6, 3, rng)

    def scores_with(weight):
        memory.set_loss_weights(1.0, weight)
        moments = [step_moments(memory, [part]) for part in (train, held_out)]
        return memory_scores(memory, *moments, 0.01), float(moments[1].losses.sum())

    (before, _), (scores, loss) = scores_with(1.0), scores_with(weight)
    odds = weight * train.dones.mean() / (1 - train.dones.mean())
    base = np.where(held_out.dones > 0, weight * np.log1p(1 / odds), np.log1p(odds)).mean()
    assert scores.pop("done_base_rate_weighting") == pytest.approx(
        base - before["done_base_rate_nll"]
    )
    assert scores == before
    assert loss == pytest.approx(memory.loss(held_out))


def test_no_fitted_gaussian_is_narrower_than_min_std():
    memory, batch = random_memory("lstm", rng=rng), random_sequences(6, 5, rng)
    constant = step_moments(memory, [batch._replace(z_next=batch.z)])
    scores = memory_scores(memory, constant, constant, 0.01)
    assert scores["persistence_nll"] == pytest.approx(0.5 * np.log(2 * np.pi * 0.01**2))
