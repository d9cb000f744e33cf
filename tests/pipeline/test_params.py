import pytest
import yaml

from tests.support.params_keys import ALL_KEYS, CAR_RACING, DOOM, GOOD, changed, dotted
from tests.support.project import ROOT
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError

PARENTS = {where[:-1] for _, where, _ in ALL_KEYS}
LEAVES = [(good, where) for good, where, _ in ALL_KEYS if where not in PARENTS]
NAMED = [leaf for leaf in LEAVES if leaf[1][-1] not in (0, 1)]


def test_the_params_of_the_root_are_the_reference_stubs():
    params = read_params(ROOT / "params.yaml")
    assert params.seed == 0
    assert params.collect.episodes == 64
    v, m, c = params.train_v, params.train_m, params.evolve_c
    assert (v.z_size, v.hidden, v.epochs, v.learning_rate, v.batch_size) == (16, 64, 4, 2e-3, 64)
    assert (m.hidden, m.epochs, m.learning_rate, m.batch_size) == (32, 4, 5e-3, 16)
    assert (m.sequence_length, m.max_grad_norm) == (30, 5.0)
    assert (m.kind, m.num_mixtures, m.predict_reward_done) == ("lstm", 1, False)
    assert (c.population, c.generations, c.sigma, c.episodes) == (24, 30, 0.5, 1)
    assert params.evaluate.episodes == 8
    assert params.env.max_steps == 120


FILES = [ROOT / "params.yaml", *sorted((ROOT / "tests" / "support").glob("*_quick.yaml"))]
for folder in ("recipes", "studies", "carracing", "doom"):
    FILES += sorted((ROOT / folder).rglob("params.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_params_file_of_the_repository_is_valid(path):
    read_params(path)


@pytest.mark.parametrize("text", ["1e-05", "1e-5", "1E-5", "0.00001"])
def test_numbers_may_be_written_as_dvc_writes_them(read, text):
    params = read(yaml.safe_dump(GOOD).replace("learning_rate: 0.002", f"learning_rate: {text}"))
    assert params.train_v.learning_rate == 1e-5


@pytest.mark.parametrize("text", ["true", "True", "'true'"])
def test_a_bool_may_be_written_as_dvc_writes_it(read, text):
    written = yaml.safe_dump(GOOD).replace(
        "predict_reward_done: false", f"predict_reward_done: {text}"
    )
    assert read(written).train_m.predict_reward_done is True


@pytest.mark.parametrize(("good", "where"), NAMED, ids=[dotted(where) for _, where in NAMED])
def test_a_missing_key_is_named(read, good, where):
    params = changed(where, 0, good)
    section = params
    for step in where[:-1]:
        section = section[step]
    del section[where[-1]]
    with pytest.raises(UserError, match="missing") as error:
        read(yaml.safe_dump(params))
    assert dotted(where) in str(error.value)


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (("evolve_c", "strategy"), "cma", "evolve_c.strategy: expected rank_mu, cma_es, "),
        (("evolve_c", "population"), 1, "evolve_c.population: expected int >= 2; found 1"),
        (("train_v", "epochs"), "four", "train_v.epochs: expected int; found 'four'"),
        (("train_v", "epochs"), 4.5, "train_v.epochs: expected int; found 4.5"),
        (("train_v", "epochs"), True, "train_v.epochs: expected int; found True"),
        (
            ("train_m", "predict_reward_done"),
            2,
            "train_m.predict_reward_done: expected bool; found 2",
        ),
        (
            ("train_m", "kind"),
            "mdn",
            "train_m.kind: expected lstm, mdn_lstm, joint_mdn_lstm or conv_lstm; found 'mdn'",
        ),
        (
            ("train_m", "num_mixtures"),
            5,
            "train_m.num_mixtures: must be 1 for lstm, which predicts",
        ),
        (("train_v", "epoch"), 4, "train_v.epoch: unknown key; did you mean 'epochs'?"),
        (
            ("env", "fixed_track", "harmonics", 0, "ordr"),
            4,
            "env.fixed_track.harmonics[0].ordr: unknown key; did you mean 'order'?",
        ),
        (
            ("env", "random_tracks", "radius"),
            [9, 7],
            "env.random_tracks.radius: must run from the lower to the higher",
        ),
        (
            ("env", "random_tracks", "radius"),
            [9],
            "env.random_tracks.radius: expected array of length 2",
        ),
        (
            ("env", "random_tracks", "harmonics", 0, "amplitude"),
            [2, 1],
            "env.random_tracks.harmonics[0].amplitude: must run from the lower to the higher; "
            "found 2.0",
        ),
        (("env", "view", "size"), 24, "env.view.size: expected 16, 32 or 64; found 24"),
        (("envs",), {}, "envs: unknown key; did you mean 'env'?"),
        (("env",), 3, "env: expected a section with its keys; found 3"),
        (("encode", 7), 1, "encode: a key must be text"),
    ],
)
def test_errors_name_the_key_and_what_would_be_right(read, where, value, words):
    with pytest.raises(UserError) as error:
        read(yaml.safe_dump(changed(where, value)))
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file: expected a section"),
        ("seed: [", "not valid YAML"),
        ("seed: 0\nseed: 1", r'found duplicate key "seed" \(line 2\)'),
        ("seed: !!python/object/apply:os.getcwd []", "not valid YAML"),
        ("? [a]\n: 1", "a key must be text"),
        ("? {a: 1}\n: 1", "not valid YAML"),
    ],
)
def test_a_file_without_params_is_refused(read, text, words):
    with pytest.raises(UserError, match=words):
        read(text)


@pytest.mark.parametrize(
    ("good", "where", "value", "words"),
    [
        (
            GOOD,
            ("kind",),
            "cars",
            "env.kind: expected racing, carracing, doom or gymnasium; found 'cars'",
        ),
        (GOOD, ("kind",), 3, "env.kind: expected racing, carracing, doom or gymnasium; found 3"),
        (
            GOOD,
            ("kind",),
            "carracing",
            "env.fixed_track: unknown key; it is a key of kind: racing, and this is kind: carrac",
        ),
        (CAR_RACING, ("kind",), "racing", "env.frame_skip: unknown key; it is a key of kind: carr"),
        (GOOD, ("frame_skip",), 4, "env.frame_skip: unknown key; it is a key of kind: carracing"),
        (CAR_RACING, ("frame_skp",), 4, "env.frame_skp: unknown key; did you mean 'frame_skip'?"),
        (CAR_RACING, ("frame_skip",), 17, "env.frame_skip: expected int <= 16; found 17"),
        (CAR_RACING, ("view", "width"), 64, "view.width: must be 32 for a height of 28; found 64"),
        (CAR_RACING, ("view", "height"), 96, "env.view.height: expected 28 or 64; found 96"),
        (DOOM, ("view", "width"), 64, "view.width: must be 80 for a height of 28; found 64"),
        (DOOM, ("view", "width"), 32, "env.view.width: expected 80 or 64; found 32"),
        (DOOM, ("id",), "Doom-v0", "env.id: unknown key; it is a key of kind: gymnasium, and this"),
    ],
)
def test_an_environment_has_the_keys_of_its_kind(read, good, where, value, words):
    with pytest.raises(UserError) as error:
        read(yaml.safe_dump(changed(("env", *where), value, good)))
    assert words in str(error.value)


def test_keys_that_contradict_each_other_are_refused_by_name(read):
    params = changed(("evolve_c", "strategy"), "openai_es")
    params["evolve_c"]["population"] = 7
    with pytest.raises(UserError, match=r"evolve_c\.population: must be even for openai_es"):
        read(yaml.safe_dump(params))


def test_pca_components_of_h_need_a_c_that_takes_h(read):
    params = changed(("evolve_c", "pca_components"), 8)
    assert read(yaml.safe_dump(params)).evolve_c.pca_components == 8
    params["evolve_c"]["inputs"] = "z"
    words = r"evolve_c\.pca_components: are those of h, which inputs: z leaves out; .*found 8$"
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))
    params["evolve_c"]["pca_components"] = 0
    assert read(yaml.safe_dump(params)).evolve_c.inputs == "z"


@pytest.mark.parametrize("kind", ["autoencoder", "vae"])
def test_bright_pixels_are_weighted_in_a_squared_error_alone(read, kind):
    params = changed(("env", "view", "size"), 64)
    params["train_v"] |= {"kind": "conv_vae", "bright_weight": 7}
    assert read(yaml.safe_dump(params)).train_v.bright_weight == 7
    params["train_v"]["kind"] = kind
    words = rf"train_v\.bright_weight: must be 1 for {kind}, whose error is no squared .*found 7$"
    with pytest.raises(UserError, match=words):
        read(yaml.safe_dump(params))


def test_training_in_dreams_needs_an_m_that_predicts_reward_and_done(read):
    params = changed(("evolve_c", "train_in"), "dream")
    with pytest.raises(UserError, match=r"train_m\.predict_reward_done: must be true for evolve_c"):
        read(yaml.safe_dump(params))
    params["train_m"]["predict_reward_done"] = True
    assert read(yaml.safe_dump(params)).evolve_c.train_in == "dream"


def test_values_set_by_dotted_key_obey_the_same_rules():
    path = ROOT / "params.yaml"
    params = read_params(path, {"seed": 3, "evolve_c.sigma": "1e-2", "env.view.size": 32})
    assert (params.seed, params.evolve_c.sigma, params.env.view.size) == (3, 0.01, 32)
    for key, words in (
        ("evolve_c.sigmas", r"evolve_c\.sigmas: unknown key; did you mean 'sigma'"),
        ("evolve.sigma", r"evolve\.sigma: cannot be set to 'x': there is no such section"),
        ("seed.sigma", r"seed\.sigma: cannot be set to 'x'"),
        ("evolve_c.sigma", r"evolve_c\.sigma: expected float"),
    ):
        with pytest.raises(UserError, match=words):
            read_params(path, {key: "x"})


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_params(tmp_path / "params.yaml")
