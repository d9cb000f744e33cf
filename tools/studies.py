"""Studies: what each varies, as the file study.yaml in its folder says.

A study is a DVC project in `studies/<name>`. A *factor* is what it varies: it has values, and each
value is a label and the params that it sets. Each combination of values with each seed of training
is a *cell*, which trains a C. All Cs drive the same test tracks: the seed of `evaluate` is that of
params.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from tools.rooms import ROOT
from worldmodels.pipeline.config.strict_yaml import read_yaml
from worldmodels.pipeline.errors import UserError

DESCRIPTION = "study.yaml"
RESULTS = "results.csv"
Options = Mapping[str, Any]  # values by dotted key of the params
Factor = Mapping[str, Options]  # by label


class Study(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A study.

    Attributes:
        title: of its dvc.yaml.
        factors: what varies, by name. In the file a factor of a single key may be that key and the
            list of its values; these are then its labels.
        seeds: of training.
        minutes: of CPU time that the whole study takes from an empty cache.
        reference: the setting that the others are compared with: its labels, joined by hyphens.
        tuned: the factor that is no setting but chosen for each, if there is one.
        groups: the factor whose values have a table each, if there is one. Settings are compared
            within it.
        exclude: combinations that have no cell, as in a matrix of GitHub Actions: a label, or
            several, of each of some factors.
        together: the last factors, whose combinations one stage of DVC runs one after another.
            Where cells are many and short, that keeps dvc.lock small.
        measures: numbers of the stages' reports that pages show beside the returns: where they
            stand, such as `details/train_m.held_out_nll`, by their column in the results. Of a
            curve, such as `curves/evolve_c.mean`, it is the mean over all points.
        labels: how pages name factors, values and measures; and, where they are others, `return`
            and `off the track`.
        number: the format of a return.
    """

    title: str
    factors: Mapping[str, Factor]
    seeds: Sequence[int]
    minutes: int
    reference: str
    tuned: str = ""
    groups: str = ""
    exclude: Sequence[Mapping[str, Any]] = ()
    together: Sequence[str] = ()
    measures: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    number: str = "+.1f"

    def __post_init__(self) -> None:
        """Refuse what no key alone shows."""
        for name, factor in self.factors.items():
            for label in (name, *factor):
                if not re.fullmatch(r"[\w.]+", label):
                    raise ValueError(
                        f"factors.{name}: names of factors and labels are of letters, digits, _ "
                        f"and .; found {label!r}"
                    )
        for key in ("tuned", "groups"):
            if (name := getattr(self, key)) and name not in self.factors:
                names = ", ".join(self.factors)
                raise ValueError(f"{key}: should be a factor ({names}); found {name!r}")
        last = [*self.factors][len(self.factors) - len(self.together) :]
        if [*self.together] != last:
            raise ValueError(
                f"together: should be the last factors ({', '.join(self.factors)}), in their "
                f"order; found {', '.join(self.together)}"
            )
        self._check_exclude()
        if self.reference not in self.settings:
            raise ValueError(
                f"reference: should be one of {', '.join(self.settings)}; found {self.reference!r}"
            )

    def _check_exclude(self) -> None:
        for number, excluded in enumerate(self.exclude):
            for name, labels in excluded.items():
                known = [*self.factors.get(name, ())]
                if unknown := [label for label in _labels(labels) if label not in known]:
                    raise ValueError(
                        f"exclude[{number}].{name}: should be labels of a factor "
                        f"({', '.join(known)}); found {', '.join(unknown)}"
                    )
        each = [*self.compared, *filter(None, [self.groups])]
        cells = {tuple(cell[name] for name in each) for cell in self.combinations([*self.factors])}
        for labels in product(*(self.factors[name] for name in each)):
            if labels not in cells:
                raise ValueError(f"exclude: should leave a cell of {', '.join(labels)}; found none")

    @property
    def compared(self) -> list[str]:
        """The factors whose combinations are the settings of a table."""
        return [name for name in self.factors if name not in (self.tuned, self.groups)]

    @property
    def settings(self) -> list[str]:
        """The settings of a table: labels of those factors, joined by hyphens."""
        return ["-".join(labels) for labels in product(*(self.factors[f] for f in self.compared))]

    def combinations(self, factors: Sequence[str]) -> Iterator[dict[str, str]]:
        """All combinations of the labels of these factors, but for those that are excluded."""
        for labels in product(*(self.factors[name] for name in factors)):
            combination = dict(zip(factors, labels, strict=True))
            if not any(_is_part(excluded, combination) for excluded in self.exclude):
                yield combination

    def label(self, name: str) -> str:
        """How a page names it."""
        return self.labels.get(name, name)


def _labels(found: Any) -> list[str]:
    """A label, or several, as `exclude` has them."""
    return [text(label) for label in (found if isinstance(found, list) else [found])]


def _is_part(excluded: Mapping[str, Any], combination: Mapping[str, str]) -> bool:
    """Whether a combination has the labels of an entry of `exclude`."""
    return all(combination.get(name) in _labels(labels) for name, labels in excluded.items())


def single_key(key: str, values: Sequence[Any]) -> Factor:
    """The factor that sets one key of the params, labelled by its values."""
    return {text(value): {key: value} for value in values}


def text(value: Any) -> str:
    """A value of the params as a command line has it, which is YAML."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def read_study(path: Path) -> Study:
    """The study that a file describes.

    Raises:
        UserError: it cannot be read, or does not describe a study; the message says what is wrong.
    """
    found = read_yaml(path)
    try:
        if isinstance(found, dict) and isinstance(found.get("factors"), dict):
            found["factors"] = {name: _factor(each) for name, each in found["factors"].items()}
        return msgspec.convert(found, Study)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {error}") from None


def _factor(found: Any) -> Any:
    """A factor with its labels; what is none stays as it is."""
    match list(found.items()) if isinstance(found, dict) else ():
        case [(key, list(values))]:
            return single_key(key, values)
    return found


STUDIES: Mapping[str, Study] = {  # by the folder below studies/
    path.parent.name: read_study(path) for path in sorted(ROOT.glob(f"studies/*/{DESCRIPTION}"))
}
