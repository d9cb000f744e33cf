"""Writes docs/studies/*.md from the studies' templates and results: python -m tools.study_pages

A template is `studies/<name>/page.md`: Markdown with fields of `str.format`, which `fields` lists.
No number of a result is typed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.markdown_table import markdown_table
from tools.rooms import ROOT
from tools.studies import RESULTS, STUDIES
from tools.study_results import Results, Setting, read_results
from tools.study_statistics import COVERAGE, RESAMPLES, MeanStd, interquartile_mean
from worldmodels.figures.docs.intervals import Interval, intervals_figure
from worldmodels.figures.docs.style import svg
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import system_error
from worldmodels.pipeline.outputs import AtomicOutputs

PAGES = Path("docs/studies")
ACTIONS = 2  # steering and throttle
FIELDS = (  # of a template, that stand for each group
    *("iqm", "difference", "improvement", "worst", "off_track", "measures"),
    *("spread", "spread_of_tuned"),
)


def _results(name: str) -> Results:
    return read_results(STUDIES[name], ROOT / "studies" / name / RESULTS)


def finding(results: Results) -> str:
    """What is found of each group's settings; groups of which the same is found stand together."""
    groups: dict[str, list[str]] = {}
    for group, settings in results.groups.items():
        groups.setdefault(finding_of(results, settings), []).append(results.study.label(group))
    if not results.study.groups:
        return next(iter(groups))
    return ". ".join(f"{_sentence(_enumeration(each))}: {found}" for found, each in groups.items())


def finding_of(results: Results, settings: Mapping[str, Setting]) -> str:
    """Which settings are better or worse than the reference, and which cannot be told from it.

    A difference counts if its interval leaves out 0, and that of the probability of improvement
    leaves out one half.
    """
    reference, bootstrap = settings[results.study.reference], results.bootstrap
    verbs = ("returns less than", "returns more than", "cannot be told from")
    found: dict[str, list[str]] = {verb: [] for verb in verbs}
    for setting in settings.values():
        if setting is not reference:
            difference = bootstrap.difference(setting.scores, reference.scores)
            improvement = bootstrap.improvement(setting.scores, reference.scores)
            worse = difference.high < 0 and improvement.high < 0.5
            better = difference.low > 0 and improvement.low > 0.5
            found[verbs[0] if worse else verbs[1] if better else verbs[2]].append(setting.label)
    parts, name = [], reference.label
    for verb, labels in found.items():
        if labels:
            number = verb if len(labels) == 1 else verb.replace("returns", "return")
            everyone = 1 < len(labels) == len(settings) - 1
            parts.append(f"{'all others' if everyone else _enumeration(labels)} {number} {name}")
            name = "it"
    text = "; ".join(parts)
    return text if results.study.groups else _sentence(text)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _enumeration(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def tables(results: Results) -> str:
    """A table of each group, below its name, as Markdown."""
    if not results.study.groups:
        return table(results, results.groups[""])
    return "\n\n".join(
        f"**{_sentence(results.study.label(group))}**\n\n{table(results, settings)}"
        for group, settings in results.groups.items()
    )


def table(results: Results, settings: Mapping[str, Setting]) -> str:
    """The settings of a group from the best to the worst, as Markdown."""
    study, bootstrap = results.study, results.bootstrap
    reference = settings[study.reference]
    tuned = [f"{study.label(study.tuned)} of the seeds"] if study.tuned else []
    head = [
        *("", *tuned, "return", f"more than {reference.label}"),
        *(f"probability of improvement on {reference.label}", "worst episode", "off the track"),
        *map(study.label, study.measures),
    ]
    rows = [head]
    for each in _from_best(settings):
        pair = (each.scores, reference.scores)
        compared = [
            f"{bootstrap.difference(*pair):+.1f}",
            f"{bootstrap.improvement(*pair):.2f}",
        ]
        chosen = Counter(each.chosen).most_common()
        rows.append(
            [
                each.label,
                *([", ".join(f"{value} ({seeds})" for value, seeds in chosen)] if chosen else []),
                f"{bootstrap.iqm(each.scores):+.1f}",
                *(["", ""] if each is reference else compared),
                f"{each.scores.min():+.1f}",
                f"{each.off_track.sum():.0f} of {each.scores.size}",
                *(f"{MeanStd.of(values)}" for values in each.measures.values()),
            ]
        )
    return markdown_table(rows).rstrip()


def _from_best(settings: Mapping[str, Setting]) -> list[Setting]:
    return sorted(settings.values(), key=lambda each: -interquartile_mean(each.scores))


def fields(name: str, results: Results) -> dict[str, Any]:
    """What a template may name.

    What stands for each setting does so in its group, if the study has groups:
    `{iqm[narrow][z]:+.1f}`.
    """
    study = results.study
    params = read_params(ROOT / "studies" / name / "params.yaml")
    of_groups = {group: _group_fields(results, each) for group, each in results.groups.items()}
    by_name = {key: {group: each[key] for group, each in of_groups.items()} for key in FIELDS}
    return {
        "params": params,
        "evaluations": params.evolve_c.population * params.evolve_c.generations,
        "weights": (params.train_v.z_size + params.train_m.hidden + 1) * ACTIONS,
        "factors": study.factors,
        "values": {name: _enumeration([*factor]) for name, factor in study.factors.items()},
        "seeds": len(study.seeds),
        "tracks": results.tracks,
        "episodes": len(study.seeds) * results.tracks,
        "resamples": RESAMPLES,
        "coverage": f"{COVERAGE:.0%}".replace("%", " %"),
        "commit": results.commit,
        "minutes": study.minutes,
        "command": f"make study-{name}",
        "table": tables(results),
        **(by_name if study.groups else of_groups[""]),
        "finding": finding(results),
    }


def _group_fields(results: Results, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """What a template may name of the settings of a group, by the names in FIELDS."""
    bootstrap, reference = results.bootstrap, settings[results.study.reference].scores
    iqm = {key: bootstrap.iqm(each.scores) for key, each in settings.items()}
    return {
        "iqm": iqm,
        "difference": {
            key: bootstrap.difference(each.scores, reference) for key, each in settings.items()
        },
        "improvement": {
            key: bootstrap.improvement(each.scores, reference) for key, each in settings.items()
        },
        "worst": {key: each.scores.min() for key, each in settings.items()},
        "off_track": {key: int(each.off_track.sum()) for key, each in settings.items()},
        "measures": {
            key: {measure: MeanStd.of(values) for measure, values in each.measures.items()}
            for key, each in settings.items()
        },
        "spread": np.ptp([each.value for each in iqm.values()]),
        "spread_of_tuned": {  # what its best value is better than the worst
            key: np.ptp([interquartile_mean(scores) for scores in each.by_value.values()])
            for key, each in settings.items()
            if each.by_value
        },
    }


def page(name: str) -> str:
    """The page of a study.

    Raises:
        UserError: its results or its template are missing or damaged.
    """
    path = ROOT / "studies" / name / "page.md"
    results = _results(name)
    try:
        text = path.read_text(encoding="utf-8").format_map(fields(name, results))
    except (KeyError, AttributeError, ValueError, TypeError) as error:
        raise UserError(f"studies/{name}/page.md: no such field: {error}") from None
    title, rest = text.split("\n", 1)
    return (
        f"{title}\n<!-- Written by `python -m tools.study_pages` from studies/{name}/page.md and "
        f"{RESULTS}. -->\n{rest}"
    )


def study_figure(name: str) -> bytes:
    """The figure of a study: each setting, in its group or with each value of the tuned factor."""
    results = _results(name)
    study = results.study
    rows: dict[str, list[Interval]] = {}
    for group, settings in results.groups.items():
        for each in _from_best(settings):
            label = study.label(group) if study.groups else each.label
            rows.setdefault(label, []).extend(_intervals(results, each))
    subtitle = (
        f"interquartile mean of the return and interval of {COVERAGE:.0%} over {len(study.seeds)} "
        f"seeds and {results.tracks} unseen tracks"
    )
    if study.tuned and not study.groups:
        subtitle += f"; filled: {study.label(study.tuned)} chosen by other seeds"
    return svg(intervals_figure(finding(results), subtitle.replace("%", " %"), rows))


def _intervals(results: Results, setting: Setting) -> list[Interval]:
    """A setting with each value of the tuned factor; in a group or without one, as it is."""
    bootstrap = results.bootstrap
    if results.study.groups or not setting.by_value:
        label = setting.label if results.study.groups else ""
        return [Interval(label, *bootstrap.iqm(setting.scores))]
    return [
        Interval(value, *bootstrap.iqm(scores), setting.chosen.count(value) / len(setting.chosen))
        for value, scores in setting.by_value.items()
    ]


def main() -> None:
    """Write the pages of all studies."""
    try:
        with AtomicOutputs() as outputs:
            for name in STUDIES:
                with outputs.writing(ROOT / PAGES / f"{name}.md") as path:
                    path.write_text(page(name), encoding="utf-8")
    except UserError as error:
        sys.exit(f"study_pages: {error}")
    except OSError as error:
        sys.exit(f"study_pages: {system_error(error)}")
    print(f"{PAGES}: {', '.join(STUDIES)}")


if __name__ == "__main__":
    main()
