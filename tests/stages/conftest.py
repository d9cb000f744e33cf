import pytest

from stages.collect import collect
from stages.encode import encode
from stages.train_v import train_v
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.seeding import RandomStreams


@pytest.fixture(scope="session")
def rollouts(reference):
    """The training episodes of the reference recipe."""
    task = make_task(reference.env)
    return collect(reference.collect, task, RandomStreams(0, "collect"))[0]


@pytest.fixture(scope="session")
def latents(reference, rollouts):
    """The same as its V encodes them."""
    vision, _ = train_v(reference.train_v, rollouts, RandomStreams(0, "train_v"))
    return encode(reference.encode, rollouts, vision)[0]
