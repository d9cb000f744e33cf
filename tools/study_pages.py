"""Writes docs/studies/*.md from the studies' templates and results: python -m tools.study_pages

A template is `studies/<name>/page.md`: Markdown with fields of `str.format`, which `fields` lists.
No number of a result is typed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.markdown_table import markdown_table
from tools.rooms import ROOT
from tools.study_pipelines import RESULTS, STUDIES
from tools.study_results import Results, read_results
from tools.study_statistics import COVERAGE, RESAMPLES, interquartile_mean
from worldmodels.figures.docs.intervals import Interval, intervals_figure
from worldmodels.figures.docs.style import svg
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import system_error
from worldmodels.pipeline.outputs import AtomicOutputs

PAGES = Path("docs/studies")
ACTIONS = 2  # steering and throttle


def _results(name: str) -> Results:
    return read_results(STUDIES[name], ROOT / "studies" / name / RESULTS)


def finding(results: Results) -> str:
    """Which settings are better or worse than the reference, and which cannot be told from it.

    A difference counts if its interval leaves out 0, and that of the probability of improvement
    leaves out one half.
    """
    reference, bootstrap = results.settings[results.study.reference], results.bootstrap
    verbs = ("returns less than", "returns more than", "cannot be told from")
    found: dict[str, list[str]] = {verb: [] for verb in verbs}
    for setting in results.settings.values():
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
            parts.append(f"{_enumeration(labels)} {number} {name}")
            name = "it"
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:]


def _enumeration(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def table(results: Results) -> str:
    """The settings from the best to the worst, as Markdown."""
    study, bootstrap = results.study, results.bootstrap
    reference = results.settings[study.reference]
    ordered = sorted(results.settings.values(), key=lambda each: -interquartile_mean(each.scores))
    tuned = [f"{study.labels.get(study.tuned, study.tuned)} of the seeds"] if study.tuned else []
    head = [
        *("", *tuned, "return", f"more than {reference.label}"),
        *(f"probability of improvement on {reference.label}", "worst episode", "off the track"),
    ]
    rows = [head]
    for each in ordered:
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
            ]
        )
    return markdown_table(rows).rstrip()


def fields(name: str, results: Results) -> dict[str, Any]:
    """What a template may name."""
    bootstrap, settings, study = results.bootstrap, results.settings, results.study
    params = read_params(ROOT / "studies" / name / "params.yaml")
    reference = settings[study.reference].scores
    iqm = {key: bootstrap.iqm(each.scores) for key, each in settings.items()}
    return {
        "params": params,
        "evaluations": params.evolve_c.population * params.evolve_c.generations,
        "weights": (params.train_v.z_size + params.train_m.hidden + 1) * ACTIONS,
        "values": {
            factor: _enumeration(list(map(str, values))) for factor, values in study.factors.items()
        },
        "seeds": len(study.seeds),
        "tracks": reference.shape[1],
        "resamples": RESAMPLES,
        "coverage": f"{COVERAGE:.0%}".replace("%", " %"),
        "commit": results.commit,
        "minutes": study.minutes,
        "command": f"make study-{name}",
        "finding": finding(results),
        "table": table(results),
        "iqm": iqm,
        "difference": {
            key: bootstrap.difference(each.scores, reference) for key, each in settings.items()
        },
        "improvement": {
            key: bootstrap.improvement(each.scores, reference) for key, each in settings.items()
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
    except (KeyError, AttributeError, ValueError) as error:
        raise UserError(f"studies/{name}/page.md: no such field: {error}") from None
    title, rest = text.split("\n", 1)
    return (
        f"{title}\n<!-- Written by `python -m tools.study_pages` from studies/{name}/page.md and "
        f"{RESULTS}. -->\n{rest}"
    )


def study_figure(name: str) -> bytes:
    """The figure of a study: each setting, with each value of the tuned factor."""
    results = _results(name)
    study, bootstrap = results.study, results.bootstrap
    ordered = sorted(results.settings.values(), key=lambda each: -interquartile_mean(each.scores))
    groups = {
        each.label: [
            Interval(
                f"{value}", *bootstrap.iqm(scores), each.chosen.count(value) / len(each.chosen)
            )
            for value, scores in sorted(each.by_value.items(), key=lambda item: float(item[0]))
        ]
        or [Interval("", *bootstrap.iqm(each.scores), 1.0)]
        for each in ordered
    }
    seeds, tracks = ordered[0].scores.shape
    subtitle = (
        f"interquartile mean of the return and interval of {COVERAGE:.0%} over {seeds} seeds and "
        f"{tracks} unseen tracks"
    )
    if study.tuned:
        subtitle += f"; filled: {study.labels.get(study.tuned, study.tuned)} chosen by other seeds"
    return svg(intervals_figure(finding(results), subtitle.replace("%", " %"), groups))


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
