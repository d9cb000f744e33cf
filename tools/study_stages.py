"""The stages of a study, and the factors that each depends on.

A stage depends on the factors that set a param of a section that it reads, or that a stage before
it reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.stage_copies import Stage, not_cached, read_stages
from tools.studies import Study, StudyError

SHARED = ("collect", "train_v", "encode", "train_m")  # before C, each of which reads the last's
OF_C = ("evolve_c", "evaluate")
LINEAR_PROBE: Stage = {
    "desc": "Read the car's place and speed off z, and off z and h",
    "cmd": "python -m stages.linear_probe data/rollouts.h5 data/latents.h5 models/m.npz",
    "deps": ["data/rollouts.h5", "data/latents.h5", "models/m.npz"],
    "outs": ["reports/details/linear_probe.json"],
    "metrics": not_cached("reports/metrics/linear_probe.json"),
}


class StudyStages:
    """Which stages a study has, and which factors each depends on.

    Args:
        pipeline: the root's dvc.yaml.
        study: whose.

    Attributes:
        root: the stages as the root has them, by name.
        before_c: the names of those before C's.
        order: the factors, those that an earlier stage depends on first.
        factors: by stage, those that it depends on.
        factors_set: by stage, those whose params its command sets.

    Raises:
        StudyError: no stage of a study reads what it varies, or reports what it measures.
    """

    def __init__(self, pipeline: str, study: Study) -> None:
        self.root: Mapping[str, Stage] = {**read_stages(pipeline), "linear_probe": LINEAR_PROBE}
        measured = _measured(study)
        self.before_c = [*SHARED, *(["linear_probe"] if "linear_probe" in measured else [])]
        first = {name: self._first(study, name) for name in study.factors}
        if others := [name for name in study.together if first[name] < len(SHARED)]:
            raise StudyError(f"together: should be factors of C alone; found {', '.join(others)}")
        self.order = sorted(first, key=lambda name: first[name])
        self.factors = {  # each stage has those of the stage before it
            name: [factor for factor in self.order if first[factor] <= number]
            for number, name in enumerate((*SHARED, "evolve_c"))
        }
        self.factors["evaluate"] = self.factors["evolve_c"]
        self.factors["linear_probe"] = self.factors["train_m"]
        evaluated = [
            name for name in self.order if _sections_set(study, name) & self._sections("evaluate")
        ]
        self.factors_set = {**self.factors, "evaluate": evaluated}

    def _first(self, study: Study, factor: str) -> int:
        """The number of the first stage that depends on a factor.

        Raises:
            StudyError: it sets no params, or params of a section that no stage reads.
        """
        read = [self._sections(name) for name in SHARED]
        read.append(self._sections("evolve_c") | self._sections("evaluate"))
        sections, known = _sections_set(study, factor), set().union(*read) - {"seed"}
        unknown = sorted(sections - known)
        if not sections or unknown:
            raise StudyError(
                f"factors.{factor}: should set params of sections that a stage of a study reads "
                f"({', '.join(sorted(known))}); found {', '.join(unknown) or 'none'}"
            )
        return min(number for number, own in enumerate(read) if own & sections)

    def _sections(self, name: str) -> set[str]:
        """The sections of the params that a stage reads."""
        return {key.split(".")[0] for key in self.root[name]["params"]}


def reporter(where: str) -> str:
    """The stage whose report a measure stands in."""
    return where.partition(".")[0].rpartition("/")[2]


def _measured(study: Study) -> list[str]:
    """The stages whose reports the measures stand in.

    Raises:
        StudyError: one is no stage of a study.
    """
    known = (*SHARED, "linear_probe", *OF_C)
    for name, where in study.measures.items():
        if (stage := reporter(where)) not in known:
            raise StudyError(
                f"measures.{name}: should be of a stage of a study ({', '.join(known)}); found "
                f"{stage}"
            )
    return [reporter(where) for where in study.measures.values()]


def _sections_set(study: Study, factor: str) -> set[str]:
    """The sections that a factor sets params of."""
    return {key.split(".")[0] for options in study.factors[factor].values() for key in options}
