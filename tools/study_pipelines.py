"""The dvc.yaml of studies.

A stage runs once for each seed and each combination of the factors that it depends on. So Vs are
shared where only M differs, and Ms where only C does. Its command sets all params of those factors.
`results.csv` has a line for each C. A study that measures what a linear probe reads off z has that
stage, too.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from tools.stage_copies import Stage, copy_stage, dump, not_cached, paths_of
from tools.studies import Study, text
from tools.study_reader import DESCRIPTION
from tools.study_results import RESULTS
from tools.study_stages import OF_C, StudyStages, reporter


def study_pipeline(pipeline: str, study: Study, derived: str) -> str:
    """The text of a study's dvc.yaml.

    Args:
        pipeline: the root's dvc.yaml.
        study: whose.
        derived: a comment that says who writes the file.

    Raises:
        StudyError: see `StudyStages`.
    """
    return dump(f"{study.title}\n{derived}", {"stages": _StudyPipeline(pipeline, study).stages()})


class _StudyPipeline:
    """The stages of a study, made of the root's."""

    def __init__(self, pipeline: str, study: Study) -> None:
        self._study, self._stages = study, StudyStages(pipeline, study)
        self._root, self._factors = self._stages.root, self._stages.factors
        self._folders = {name: _folder(factors) for name, factors in self._factors.items()}
        apart = [name for name in self._stages.order if name not in study.together]
        self._out = _folder(apart)  # of a stage's Cs
        if self._out == self._folders["train_m"]:  # DVC takes no output inside of another
            self._out += "/c"
        self._folders |= dict.fromkeys(OF_C, "/".join([self._out, *_parts(study.together)]))

    def stages(self) -> dict[str, Stage]:
        """All stages, by name."""
        stages: dict[str, Stage] = {}
        for name in self._stages.before_c:
            stage = _without_seed(self._copy(name, "${item.options}"))
            # Reports are plain outputs: too many for git and for DVC's tables.
            reports = paths_of([*stage.pop("metrics", []), *stage.pop("plots", [])])
            stage["outs"] = [*paths_of(stage["outs"]), *reports]
            stages[name] = {"foreach": self._items(self._factors[name]), "do": stage}
        stages["evolve_and_evaluate"] = self._evolve_and_evaluate()
        stages["study_results"] = self._results()
        return stages

    def _copy(self, name: str, options: str) -> Stage:
        """A stage of the root in the folders of a study."""
        reports = f"--reports {self._folders[name]}/reports"
        return copy_stage(
            name, self._root[name], lambda path: self._move(name, path), f"{reports} {options}"
        )

    def _move(self, name: str, path: str) -> str:
        """The path of a file that the stage `name` reads or writes."""
        if path.startswith("reports/"):
            return f"{self._folders[name]}/{path}"
        for stage, folder in self._folders.items():
            if path in paths_of(self._root[stage]["outs"]):
                return f"{folder}/{path}"
        return path

    def _items(
        self, factors: Sequence[str], evaluated: Sequence[str] = ()
    ) -> dict[str, dict[str, Any]]:
        """What a stage runs for: its seed, its labels and the options of its commands.

        `evaluated` are the factors whose options `evaluate` takes, too.
        """
        items = {}
        for seed, labels in product(self._study.seeds, self._study.combinations(factors)):
            item = {"seed": seed, **labels, "options": self._options(labels, f"--set seed={seed}")}
            if evaluated:
                item["evaluate"] = self._options({name: labels[name] for name in evaluated})
            items["-".join([f"{seed}", *labels.values()])] = item
        return items

    def _options(self, labels: Mapping[str, str], *first: str) -> str:
        """The options of a command that set the params of factors."""
        settings = [
            f"--set {shlex.quote(f'{key}={text(value)}')}"
            for name, label in labels.items()
            for key, value in self._study.factors[name][label].items()
        ]
        return " ".join([*first, *settings])

    def _evolve_and_evaluate(self) -> Stage:
        """One stage of both scripts, whose output is a folder: there are many, and DVC lists each.

        `evaluate` runs with the seed of params.yaml, and with the options of factors that set
        params of sections which it reads.
        """
        factors, together = self._factors["evolve_c"], self._study.together
        evaluated = self._stages.factors_set["evaluate"]
        options = ["${item.options}", "${item.evaluate}" if evaluated else ""]
        items = self._items([name for name in factors if name not in together], evaluated)
        evolve, evaluate = (self._copy(*each) for each in zip(OF_C, options, strict=True))
        commands = [evolve["cmd"], evaluate["cmd"]]
        if together:
            for item in items.values():
                item["cells"] = self._script(commands, item)
            commands = ["sh -ec ${item.cells}"]
        files = dict.fromkeys([*evolve["deps"], *evaluate["deps"]])
        keys = dict.fromkeys([*_without_seed(evolve)["params"], *evaluate["params"]])
        stage = {
            "desc": "Search for C, and run it on the test tracks",
            "cmd": commands if len(commands) > 1 else commands[0],
            "deps": [path for path in files if not path.startswith(f"{self._out}/")],
            "params": [*keys],
            "outs": [self._out],
        }
        return {"foreach": items, "do": stage}

    def _script(self, commands: Sequence[str], item: Mapping[str, Any]) -> str:
        """A script of the shell that makes a C of each combination of `together`, as one word.

        The combinations are those which the labels of the stage leave. It is one line, because DVC
        runs each line by itself.
        """
        together = self._study.together
        evolve, evaluate = (
            _filled(command.replace(self._folders["evolve_c"], "$c"), item) for command in commands
        )
        body = [f"c={_filled(self._out, item)}/$1", "shift", f'{evolve} "$@"', evaluate]
        lines = [f"cell() {{ {'; '.join(body)}; }}"]
        for cell in self._study.combinations(self._factors["evolve_c"]):
            if {name: item.get(name, label) for name, label in cell.items()} == cell:
                inner = {name: cell[name] for name in together}
                folder = _filled("/".join(_parts(together)), inner)
                lines.append(f"cell {folder} {self._options(inner)}")
        return shlex.quote("; ".join(lines))

    def _results(self) -> Stage:
        """The stage that lists what all Cs return."""
        study, factors = self._study, self._factors["evolve_c"]
        reported: dict[str, list[str]] = {}  # files of measures, by stage before C
        for where in study.measures.values():
            file = where.partition(".")[0]
            if (stage := reporter(where)) in self._stages.before_c:
                ending = "csv" if file.startswith("curves/") else "json"
                reported.setdefault(stage, []).append(f"reports/{file}.{ending}")
        cells, folders, reports = [], [], []
        for labels, seed in product(self._study.combinations(factors), study.seeds):
            cell = {"seed": f"{seed}", **labels}
            cells.append(_filled(self._folders["evolve_c"], cell))
            folders.append(_filled(self._out, cell))
            for stage, files in reported.items():
                reports += [_filled(f"{self._folders[stage]}/{file}", cell) for file in files]
        results: Stage = {
            "desc": "List the returns of each C on each test track",
            "cmd": f"python -m stages.study_results {RESULTS} {' '.join(cells)}",
            "deps": [*dict.fromkeys([*folders, *reports])],
            "outs": not_cached(RESULTS),
        }
        if study.measures:
            results["cmd"] += f" --measures {DESCRIPTION}"
            results["params"] = [{DESCRIPTION: ["measures"]}]
        return copy_stage("study_results", results, lambda path: path)


def _folder(factors: Sequence[str]) -> str:
    """The folder of what depends on these factors, with fields of DVC."""
    return "/".join(["cells", *_parts(["seed", *factors])])


def _parts(factors: Sequence[str]) -> list[str]:
    """The parts of a path that name the labels of factors, with fields of DVC."""
    return [f"{name}=${{item.{name}}}" for name in factors]


def _filled(text: str, item: Mapping[str, Any]) -> str:
    """A text whose fields of DVC are replaced by what an item has."""
    for name, value in item.items():
        text = text.replace(f"${{item.{name}}}", str(value))
    return text


def _without_seed(stage: Stage) -> Stage:
    """A stage whose seed the command gives."""
    if "params" not in stage:
        return stage
    return {**stage, "params": [key for key in stage["params"] if key != "seed"]}
