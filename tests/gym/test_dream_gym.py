"""`WorldModels/Dream-v0`: M as an environment, by Gymnasium's rules."""

import shutil

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.wrappers import RecordEpisodeStatistics

import worldmodels.gym  # noqa: F401  (registers the environments)
from tests.support.project import ROOT
from tests.support.small_agents import H, Z, small_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.envs.registry import make_task
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.storage.artifacts import Latents, Model
from worldmodels.pretrained.loading import load_dream_starts

ID = "WorldModels/Dream-v0"
CARRACING = ROOT / "carracing" / "released"
ACTION = np.array([0.3, 0.8], np.float32)


@pytest.fixture
def folder(dream_folder, tmp_path):
    """A copy of the small agent's folder, to be changed."""
    return shutil.copytree(dream_folder, tmp_path / "agent")


def dream(folder, **kwargs):
    return gymnasium.make(ID, folder=folder, **kwargs)


def episode(env, seed=None, steps=10, options=None):
    return [env.reset(seed=seed, options=options), *(env.step(ACTION) for _ in range(steps))]


def test_gymnasiums_checker_finds_nothing(dream_folder, monkeypatch):
    pytest.importorskip("pygame", reason="opens a window")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    for folder in (dream_folder, CARRACING):
        check_env(dream(folder).unwrapped)


def test_observations_are_z_and_h_of_the_dream_environment(dream_folder):
    env = dream(dream_folder)
    (first, _), *steps = episode(env, seed=3, options={"start": 1})
    starts = load_dream_starts(dream_folder / "dream_starts.npz")
    assert first.shape == (Z + H,)
    np.testing.assert_array_equal(first, [*starts.z[1], *np.zeros(H)])
    rng = np.random.default_rng(3)
    rng.integers(3)
    seed = int(rng.integers(2**63))
    members = env.unwrapped.agent.parts.memory.members
    ours = DreamEnv(members, StartStates(starts.z[1:2], None, seed), 1, 120, 1.0)
    for observation, reward, terminated, *_ in steps:
        expected, rewards, done, *_ = ours.step(ACTION[None])
        np.testing.assert_array_equal(observation, expected[0])
        assert (reward, terminated) == (rewards[0], done[0])


def test_the_same_seed_is_the_same_dream_and_none_a_new_one(dream_folder):
    env = dream(dream_folder)
    first, second = episode(env, seed=7), episode(env)
    assert data_equivalence([first, second], [episode(env, seed=7), episode(env)], exact=True)
    assert not data_equivalence(first[1:], second[1:])
    starts = {env.reset()[0][:Z].tobytes() for _ in range(30)}
    assert len(starts) == 3


def test_temperature_is_felt(dream_folder):
    cold, hot = (episode(dream(dream_folder, temperature=t), seed=1) for t in (0.01, 1.0))
    assert not np.allclose(cold[5][0], hot[5][0])


def test_m_is_burnt_in_on_the_recorded_steps_before_the_start(folder):
    rng = np.random.default_rng(0)
    z, actions = rng.normal(size=(2, 3, Z)), rng.normal(size=(2, 3, 2))
    context = Context(z.astype(np.float32), actions.astype(np.float32), np.array([3, 2]))
    starts = StartStates(np.ones((2, Z), np.float32), context)
    Model(StartStates.KIND, starts.arrays()).write(folder / "dream_starts.npz")
    env = dream(folder).unwrapped
    memory, h = env.agent.parts.memory, np.zeros((1, H), np.float32)
    c = h
    for step in (1, 2):
        h, c = memory.step(context.z[1:, step], context.actions[1:, step], h, c)
    np.testing.assert_array_equal(env.reset(options={"start": 1})[0][Z:], h[0])


def test_for_a_c_that_takes_c_the_observations_have_it(folder, quick):
    controllers = small_agent(make_task(quick.env), "zch").controllers
    Model(controllers.kind, controllers.arrays(0)).write(folder / "c.npz")
    env = dream(folder)
    first, _ = env.reset(seed=0)
    assert first.shape == env.observation_space.shape == (Z + 2 * H,)
    after = env.step(ACTION)[0]
    memory = env.unwrapped.agent.parts.memory
    h, c = memory.step(first[None, :Z], ACTION[None], *np.zeros((2, 1, H), np.float32))
    np.testing.assert_allclose(after[Z:], [*c[0], *h[0]], atol=1e-6)
    assert np.isfinite(env.observation_space.high).all()
    assert (env.observation_space.high[-H:] == 1).all()
    assert (env.observation_space.high[:-H] > 1).all()


def test_of_an_ensemble_each_member_dreams_but_h_is_the_first_ones(folder):
    rngs = np.random.default_rng(1), np.random.default_rng(2)
    members = [DeterministicLSTM.initial(Z, 2, H, r, predict_reward_done=True) for r in rngs]
    memory = Ensemble(members)
    Model(memory.kind, memory.arrays()).write(folder / "m.npz")
    env = dream(folder).unwrapped
    zeros = np.zeros((1, H), np.float32)
    found = set()
    for _ in range(20):
        observation, _ = env.reset(options={"start": 0})
        after = env.step(ACTION)[0]
        states = [m.step(observation[None, :Z], ACTION[None], zeros, zeros) for m in members]
        np.testing.assert_array_equal(after[Z:], states[0][0][0])
        means = [
            m.predict(m.head_features(h, None, None), observation[None, :Z])[0]
            for m, (h, _) in zip(members, states, strict=True)
        ]
        found.add(int(np.argmin([np.abs(after[:Z] - mean).max() for mean in means])))
    assert found == {0, 1}


def test_dreams_start_at_first_frames_of_training_where_there_is_no_file_of_starts(folder):
    (folder / "dream_starts.npz").unlink()
    (folder / "data").mkdir()
    held_out = np.array([False, True, False])
    lengths, frames = np.array([1, 2, 3]), np.arange(9 * Z, dtype=np.float32).reshape(9, Z)
    Latents(
        lengths=lengths,
        terminated=held_out,
        held_out=held_out,
        round=np.zeros(3, np.int64),
        mean=frames,
        logvar=frames,
        actions=np.zeros((6, 2), np.float32),
        rewards=np.zeros(6),
    ).write(folder / "data" / "latents.h5")
    env = dream(folder)
    starts = [env.reset(options={"start": number})[0][:Z] for number in (0, 1)]
    np.testing.assert_array_equal(starts, frames[[0, 5]])
    with pytest.raises(ValueError, match="from 0 to 1; found 2"):
        env.reset(options={"start": 2})


def test_a_dream_ends_at_its_limit_and_where_m_says_so(dream_folder):
    ends = [step[2:4] for step in episode(dream(dream_folder, max_steps=4), 1, 4)[1:]]
    assert ends[-1][1] or any(terminated for terminated, _ in ends)
    env = RecordEpisodeStatistics(dream(dream_folder))
    env.reset(seed=0)
    over, steps = False, 0
    while not over:
        *_, terminated, truncated, info = env.step(ACTION)
        over, steps = terminated or truncated, steps + 1
    assert info["episode"]["l"] == steps <= 120


def test_actions_are_clipped(dream_folder):
    env = dream(dream_folder).unwrapped
    for action in ([5, -9], [1, -1]):
        env.reset(seed=1)
        steps = env.step(np.array(action, np.float32))
        if action == [5, -9]:
            first = steps
    assert data_equivalence(first, steps, exact=True)


def test_gymnasiums_sync_vector_env_runs_dreams_side_by_side(dream_folder):
    envs = gymnasium.make_vec(ID, num_envs=3, vectorization_mode="sync", folder=dream_folder)
    observations, _ = envs.reset(seed=0)
    alone = dream(dream_folder).reset(seed=2)[0]
    np.testing.assert_array_equal(observations[2], alone)
    assert envs.step(envs.action_space.sample())[0] in envs.observation_space


def test_the_picture_is_vs_of_z(dream_folder):
    env = dream(dream_folder, render_mode="rgb_array")
    episode(env, seed=0, steps=1)
    observation = env.step(ACTION)[0]
    picture = env.render()
    assert (picture.dtype, picture.shape) == (np.uint8, (16, 16, 3))
    decoded = env.unwrapped.agent.vision.decode(observation[:Z])
    np.testing.assert_array_equal(picture, np.repeat(decoded, 3, axis=2))
    assert dream(CARRACING, render_mode="rgb_array").reset()[0].shape == (224,)


def test_the_window_shows_it_enlarged(dream_folder, monkeypatch):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    human = dream(dream_folder, render_mode="human")
    array = dream(dream_folder, render_mode="rgb_array")
    for env in (human, array):
        episode(env, seed=0, steps=2)
    shown = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
    np.testing.assert_array_equal(shown[::32, ::32], array.render())
    assert shown.shape == (512, 512, 3)
    human.close()
    assert not pygame.display.get_init()
