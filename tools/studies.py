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
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from worldmodels.pipeline.reports import CURVES

Options = Mapping[str, Any]  # values by dotted key of the params
Factor = Mapping[str, Options]  # by label
RESERVED = (  # names of columns of the results, and of what a stage of dvc.yaml runs for
    *("commit", "seed", "off_track", "options", "evaluate", "cells"),
)
COLUMNS = ("return", "off the track")  # of tables, that `labels` may name otherwise


class StudyError(ValueError):
    """What is wrong with a study; the message begins with the dotted key."""


class Study(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A study.

    Attributes:
        title: of its dvc.yaml.
        factors: what varies, by name. In the file a factor of a single key may be that key and the
            list of its values; these are then its labels.
        seeds: of training.
        minutes: of CPU time that the whole study takes from an empty cache.
        reference: the setting that the others are compared with: its labels, joined by hyphens.
        pairs: what else is compared within each table: a setting, and another one.
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
    seeds: Sequence[Annotated[int, Meta(ge=0)]]
    minutes: Annotated[int, Meta(ge=0)]
    reference: str
    pairs: Sequence[tuple[str, str]] = ()
    tuned: str = ""
    groups: str = ""
    exclude: Sequence[Mapping[str, Any]] = ()
    together: Sequence[str] = ()
    measures: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    number: str = "+.1f"

    def __post_init__(self) -> None:
        """Raise an error if a value, or several together, make no study."""
        if len({*self.seeds}) < max(2, len(self.seeds)):
            raise StudyError(
                "seeds: should be two or more different numbers, so that there is an interval; "
                f"found {[*self.seeds]}"
            )
        try:
            format(0.0, self.number)
        except ValueError:
            raise StudyError(
                f"number: should be the format of a number, such as '+.1f'; found {self.number!r}"
            ) from None
        self._check_names()
        self._check_params()
        for key in ("tuned", "groups"):
            if (name := getattr(self, key)) and name not in self.factors:
                names = ", ".join(self.factors)
                raise StudyError(f"{key}: should be a factor ({names}); found {name!r}")
        if self.tuned and self.tuned == self.groups:
            raise StudyError(f"groups: should be another factor than tuned; found {self.groups!r}")
        last = [*self.factors][len(self.factors) - len(self.together) :]
        if [*self.together] != last:
            raise StudyError(
                f"together: should be the last factors ({', '.join(self.factors)}), in their "
                f"order; found {', '.join(self.together)}"
            )
        self._check_exclude()
        self._check_comparisons()

    def _check_comparisons(self) -> None:
        if len(self.settings) < 2:
            found = ", ".join(filter(None, self.settings)) or "none"
            raise StudyError(f"factors: should give two settings or more to compare; found {found}")
        if self.reference not in self.settings:
            raise StudyError(
                f"reference: should be one of {', '.join(self.settings)}; found {self.reference!r}"
            )
        for number, pair in enumerate(self.pairs):
            if len({*pair} & {*self.settings}) < 2:
                raise StudyError(
                    f"pairs[{number}]: should be two of {', '.join(self.settings)}; found "
                    f"{', '.join(pair)}"
                )
            if self.reference in pair or {*pair} in [{*each} for each in self.pairs[:number]]:
                raise StudyError(
                    f"pairs[{number}]: should be two settings that are not compared yet; found "
                    f"{', '.join(pair)}"
                )

    def _check_names(self) -> None:
        for factor, labels in self.factors.items():
            # DVC splits ${item.FACTOR} at its dots.
            patterns = {**dict.fromkeys(labels, r"[\w.]+"), factor: r"\w+"}
            for name, pattern in patterns.items():
                if not re.fullmatch(pattern, name):
                    raise StudyError(
                        f"factors.{factor}: a name is of letters, digits and _, a label of these "
                        f"and .; found {name!r}"
                    )
        for key, names in (("factors", self.factors), ("measures", self.measures)):
            taken = [*RESERVED, *(self.factors if key == "measures" else ())]
            for name in names:
                if name in taken or name.startswith("track_"):
                    raise StudyError(
                        f"{key}.{name}: should have another name than {', '.join(taken)} or "
                        f"track_...; found {name!r}"
                    )
        for name, where in self.measures.items():
            _check_measure(f"measures.{name}", where)
        known = {*COLUMNS, *self.factors, *self.measures}.union(*self.factors.values())
        for name in self.labels:
            if name not in known:
                raise StudyError(
                    f"labels.{name}: should name a factor, one of its labels, a measure, "
                    f"{' or '.join(COLUMNS)}; found {name!r}"
                )

    def _check_params(self) -> None:
        setters: dict[str, str] = {}  # factors by the param, or the section, that they set
        for factor, labels in self.factors.items():
            for key in dict.fromkeys(key for options in labels.values() for key in options):
                for other, setter in setters.items():
                    if setter != factor and overlap(key, other):
                        raise StudyError(
                            f"factors.{factor}: should set params that no other factor sets; found "
                            f"{key}, and factors.{setter} sets {other}"
                        )
                setters[key] = factor

    def _check_exclude(self) -> None:
        for number, excluded in enumerate(self.exclude):
            for name, labels in excluded.items():
                if name not in self.factors:
                    raise StudyError(
                        f"exclude[{number}].{name}: should be a factor ({', '.join(self.factors)});"
                        f" found {name!r}"
                    )
                known = [*self.factors[name]]
                if unknown := [label for label in _labels(labels) if label not in known]:
                    raise StudyError(
                        f"exclude[{number}].{name}: should be labels of a factor "
                        f"({', '.join(known)}); found {', '.join(unknown)}"
                    )
        each = [*self.compared, *filter(None, [self.groups])]
        cells = {tuple(cell[name] for name in each) for cell in self.combinations([*self.factors])}
        for labels in product(*(self.factors[name] for name in each)):
            if labels not in cells:
                raise StudyError(f"exclude: should leave a cell of {', '.join(labels)}; found none")

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

    def options(self, labels: Mapping[str, str]) -> Options:
        """The params that labels of factors set."""
        return {
            key: value
            for name, label in labels.items()
            for key, value in self.factors[name][label].items()
        }

    def label(self, name: str) -> str:
        """How a page names it."""
        return self.labels.get(name, name)


def _check_measure(key: str, where: str) -> None:
    """Raise an error if a measure names no number of a report.

    Raises:
        StudyError: it names none.
    """
    if not (parts := re.fullmatch(r"(metrics|details|curves)/(\w+)\.([\w.]+)", where)):
        raise StudyError(
            f"{key}: should be a number of a report, such as details/train_m.held_out_nll, or a "
            f"column of a curve, such as curves/evolve_c.mean; found {where!r}"
        )
    kind, stage, column = parts.groups()
    if kind == "curves" and column not in CURVES.get(stage, ()):
        curve = f"a column of {stage}" if stage in CURVES else "of a stage with a curve"
        known = ", ".join(CURVES.get(stage, CURVES))
        raise StudyError(f"{key}: should be {curve} ({known}); found {where!r}")


def overlap(key: str, other: str) -> bool:
    """Whether two keys of the params are the same, or one is that of a section around the other."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def _labels(found: Any) -> list[str]:
    """The labels in an entry of `exclude`, which may be one or a list."""
    return [text(label) for label in (found if isinstance(found, list) else [found])]


def _is_part(excluded: Mapping[str, Any], combination: Mapping[str, str]) -> bool:
    """Whether a combination has the labels of an entry of `exclude`."""
    return all(combination.get(name) in _labels(labels) for name, labels in excluded.items())


def single_key(key: str, values: Sequence[Any]) -> Factor:
    """The factor that sets one key of the params, labelled by its values."""
    return {text(value): {key: value} for value in values}


def text(value: Any) -> str:
    """A value of the params as a command line has it, which is YAML."""
    if isinstance(value, str):
        return value
    # YAML reads 2026-11-29 as a date, which JSON lacks.
    return json.dumps(value, separators=(",", ":"), default=str)
