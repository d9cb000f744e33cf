"""What `WorldModels/Dream-v0` refuses, and the sentences that say so."""

import shutil

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

import worldmodels.gym  # noqa: F401  (registers the environments)
from tests.support.small_agents import H, Z
from worldmodels.dream.starts import StartStates
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Model

ID = "WorldModels/Dream-v0"


@pytest.fixture
def folder(dream_folder, tmp_path):
    """A copy of the small agent's folder, to be changed."""
    return shutil.copytree(dream_folder, tmp_path / "agent")


def dream(folder, **kwargs):
    return gymnasium.make(ID, folder=folder, **kwargs)


def test_an_m_that_predicts_no_rewards_is_refused(folder):
    memory = DeterministicLSTM.initial(Z, 2, H, np.random.default_rng(0))
    Model(memory.kind, memory.arrays()).write(folder / "m.npz")
    with pytest.raises(UserError, match=r"its M predicts neither rewards nor ends.*train_m\.pred"):
        dream(folder)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": 1}, "options of reset must be among 'start'; found 'state'"),
        ({"start": 3}, r"options\['start'\] must be an integer from 0 to 2; found 3"),
        ({"start": "first"}, r"options\['start'\] must be an integer from 0 to 2; found 'first'"),
        ({"start": True}, r"options\['start'\] must be an integer from 0 to 2; found True"),
        (1, "options of reset must be a dictionary; found 1"),
    ],
)
def test_an_option_that_is_unknown_or_wrong_is_refused(dream_folder, options, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        dream(dream_folder).reset(options=options)


@pytest.mark.parametrize("temperature", [0, -1, np.inf, np.nan, True, "1", None, 10**400])
def test_a_temperature_that_is_not_possible_is_refused(dream_folder, temperature):
    with pytest.raises(ValueError, match=r"^temperature must be a number from 1e-09 to 1e[+]09"):
        dream(dream_folder, temperature=temperature)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("temperature", [1e-9, np.float32(0.5), 2, 1e9])
def test_at_any_other_temperature_dreams_are_finite(dream_folder, temperature):
    env = dream(dream_folder, temperature=temperature)
    env.reset(seed=0)
    for _ in range(10):
        assert np.isfinite(env.step(np.zeros(2, np.float32))[0]).all()


@pytest.mark.parametrize("max_steps", [0, -1, 2.5, True, "3"])
def test_a_limit_that_is_not_possible_is_refused(dream_folder, max_steps):
    with pytest.raises(ValueError, match=r"^max_steps must be an integer of at least 1; found"):
        dream(dream_folder, max_steps=max_steps)


@pytest.mark.parametrize("kwargs", [{}, {"folder": None}, {"folder": 3}])
@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec])
def test_without_a_folder_a_sentence_says_which_is_wanted(make, kwargs):
    words = r"^folder must be the path of a trained agent's.*folder='carracing/released'\); found"
    with pytest.raises(ValueError, match=words):
        make(ID, **kwargs)


def test_what_a_folder_lacks_is_said_in_a_sentence(folder):
    starts = np.zeros((1, Z + 1), np.float32)
    Model(StartStates.KIND, StartStates(starts).arrays()).write(folder / "dream_starts.npz")
    with pytest.raises(UserError, match=rf"dream_starts.npz: its z have {Z + 1} numbers, but V's"):
        dream(folder)
    (folder / "dream_starts.npz").unlink()
    with pytest.raises(UserError, match="it has nothing that a dream could start from; should ha"):
        dream(folder)
    with pytest.raises(UserError, match="no such folder"):
        dream(folder / "none")


def test_before_the_first_reset_and_for_a_wrong_action_a_sentence_says_so(dream_folder):
    env = dream(dream_folder, render_mode="rgb_array").unwrapped
    for use in (env.render, lambda: env.step(np.zeros(2, np.float32))):
        with pytest.raises(ResetNeeded, match=r"call reset\(\) first"):
            use()
    env.reset()
    with pytest.raises(
        ValueError, match=r"^an action must be 2 numbers; found shape \(3,\) of flo"
    ):
        env.step(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ([0, np.nan], "actions must be numbers; found NaN in row 0, column 1"),
        (np.array(["a", "b"]), r"an action must be 2 numbers; found shape \(2,\) of str"),
        (np.array([1j, 0]), r"an action must be 2 numbers; found shape \(2,\) of complex128"),
    ],
)
def test_an_action_that_is_no_real_number_is_refused(dream_folder, action, words):
    for make in (gymnasium.make, gymnasium.make_vec):
        env = make(ID, folder=dream_folder)
        env.reset(seed=0)
        with pytest.raises(ValueError, match=f"^{words}"):
            env.step(action if make is gymnasium.make else np.array([action]))
