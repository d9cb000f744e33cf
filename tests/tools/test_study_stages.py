"""Which factors of a study each of its stages depends on."""

import msgspec
import pytest

from tests.support.toy_study import LADDER
from tools import study_reader
from tools.dvc_pipelines import derived
from tools.rooms import ROOT
from tools.studies import Study, StudyError, single_key
from tools.study_stages import StudyStages
from worldmodels.pipeline.errors import UserError

ROOT_PIPELINE = (ROOT / "dvc.yaml").read_text()


@pytest.mark.parametrize(
    ("factor", "found"),
    [
        (single_key("visualize.frames_per_second", [10, 20]), "visualize"),
        (single_key("seed", [10, 20]), "seed"),
        ({"10": {"visualize.x": 1, "seed": 2}, "20": {}}, "seed, visualize"),
        ({"10": {}, "20": {}}, "none"),
    ],
)
def test_a_factor_that_no_stage_reads_is_refused(factor, found):
    study = Study(title="", factors={"f": factor}, seeds=(0, 1), minutes=1, reference="10")
    problem = f"^factors.f: should set params .* reads .collect, .*train_v.; found {found}$"
    with pytest.raises(StudyError, match=problem):
        StudyStages(ROOT_PIPELINE, study)


def test_a_measure_of_no_stage_is_refused():
    study = msgspec.structs.replace(LADDER, measures={"loss": "metrics/train_c.loss"})
    with pytest.raises(StudyError, match=r"^measures.loss: .* .collect, .*; found train_c$"):
        StudyStages(ROOT_PIPELINE, study)


def test_the_command_of_a_stage_sets_the_factors_that_it_depends_on():
    """These alone: `evaluate` has neither what V nor what M varies."""
    assert StudyStages(ROOT_PIPELINE, LADDER).factors_set == {
        "collect": ["tracks"],
        **{name: ["tracks", "v"] for name in ("train_v", "encode")},
        **{name: ["tracks", "v", "m"] for name in ("train_m", "evolve_c", "linear_probe")},
        "evaluate": ["tracks"],
    }


def test_a_command_whose_params_are_refused_is_so_before_any_runs(tmp_path, monkeypatch):
    """The params of every cell are right. But train_m's command sets train_m.predict_reward_done to
    false, and not evolve_c.train_in to env.
    """
    monkeypatch.setattr(study_reader, "ROOT", tmp_path)
    folder = tmp_path / "studies" / "toy"
    folder.mkdir(parents=True)
    params = (ROOT / "recipes" / "dream" / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params)
    (folder / "study.yaml").write_text(
        """
        title: A title.
        seeds: [0, 1]
        minutes: 1
        factors:
          memory: {train_m.predict_reward_done: [true, false]}
          c:
            linear: {evolve_c.train_in: env, evolve_c.hidden: 0}
            hidden: {evolve_c.train_in: env, evolve_c.hidden: 8}
        reference: true-linear
        """
    )
    with pytest.raises(UserError, match=r"study.yaml: factors.memory.false: train_m.predict_"):
        derived(ROOT_PIPELINE)
