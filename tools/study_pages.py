"""Writes docs/studies/*.md from the studies' templates and results: python -m tools.study_pages

A template is `studies/<name>/page.md`: Markdown with fields of `str.format`, which `fields` lists.
No number of a result is typed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tools import dream_transfer, recurrent_state, strategies
from tools.command_errors import errors_in_a_line
from tools.rooms import ROOT
from tools.study_reader import PARAMS, study_folder, study_names
from tools.study_results import RESULTS, Results, Setting, UnfinishedError, load_results
from tools.study_statistics import COVERAGE, RESAMPLES, MeanStd, interquartile_mean
from tools.study_tables import enumeration, finding, from_best, headline, tables, tuned_table
from worldmodels.figures.docs.intervals import Interval, intervals_figure
from worldmodels.figures.docs.style import svg
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.outputs import AtomicOutputs

PAGES = Path("docs/studies")
FIELDS = (  # of a template, that stand for each group
    *("iqm", "difference", "improvement", "worst", "off_track", "measures"),
    *("spread", "spread_of_tuned"),
)
# By study, what its template may name of other environments.
ELSEWHERE: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    dream_transfer.NAME: dream_transfer.fields,
    recurrent_state.NAME: recurrent_state.fields,
    strategies.NAME: strategies.fields,
}


def fields(name: str, results: Results) -> dict[str, Any]:
    """What a template may name.

    What stands for each setting does so in its group, if the study has groups:
    `{iqm[narrow][z]:+.1f}`.
    """
    study = results.study
    params = read_params(study_folder(name) / PARAMS)
    of_groups = {group: _group_fields(results, each) for group, each in results.groups.items()}
    by_name = {key: {group: each[key] for group, each in of_groups.items()} for key in FIELDS}
    return {
        "params": params,
        "evaluations": params.evolve_c.population * params.evolve_c.generations,
        "factors": study.factors,
        "values": {name: enumeration([*factor]) for name, factor in study.factors.items()},
        "seeds": len(study.seeds),
        "tracks": results.tracks,
        "episodes": len(study.seeds) * results.tracks,
        "resamples": RESAMPLES,
        "coverage": f"{COVERAGE:.0%}".replace("%", " %"),
        "commit": results.commit,
        "labels": study.labels,
        "minutes": study.minutes,
        "command": f"make study-{name}",
        "table": tables(results),
        **({"tuned_table": tuned_table(results)} if study.tuned else {}),
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
        UnfinishedError: its results or its template are missing.
        UserError: they are damaged.
    """
    path = study_folder(name) / "page.md"
    results = load_results(name)
    if not path.exists():
        raise UnfinishedError(f"{path}: no such file", "docs/studies.md says what it has to have")
    named = {**fields(name, results), **(ELSEWHERE[name]() if name in ELSEWHERE else {})}
    try:
        text = path.read_text(encoding="utf-8").format_map(named)
    except (LookupError, AttributeError, ValueError, TypeError) as error:
        raise UserError(
            f"{path}: a field is wrong: {error}", "'fields' in tools/study_pages.py lists them"
        ) from None
    title, _, rest = text.partition("\n")
    return (
        f"{title}\n<!-- Written by `python -m tools.study_pages` from studies/{name}/page.md and "
        f"{RESULTS}. -->\n{rest}"
    )


def study_figure(name: str) -> bytes:
    """The figure of a study: each setting, in its group or with each value of the tuned factor."""
    results = load_results(name)
    study = results.study
    rows: dict[str, list[Interval]] = {}
    for group, settings in results.groups.items():
        for each in from_best(settings):
            label = study.label(group) if study.groups else each.label
            rows.setdefault(label, []).extend(_intervals(results, each))
    subtitle = (
        f"interquartile mean of the return and interval of {COVERAGE:.0%} over {len(study.seeds)} "
        f"seeds and {results.tracks} unseen tracks"
    )
    if study.tuned:
        tuned = study.label(study.tuned)
        chosen = f"filled: {tuned} chosen by other seeds"
        subtitle += f"; {f'bars: other {tuned}s' if study.groups else chosen}"
    subtitle = subtitle.replace("%", " %")
    label = study.label("return")
    return svg(intervals_figure(headline(results), subtitle, rows, label, study.number))


def _intervals(results: Results, setting: Setting) -> list[Interval]:
    """A setting with each value of the tuned factor; in a group or without one, as it is.

    In a group, bars across a row are what the other values of the tuned factor return.
    """
    bootstrap, chosen = results.bootstrap, Counter(setting.chosen)
    iqm = {value: bootstrap.iqm(scores) for value, scores in setting.by_value.items()}
    if results.study.groups or not iqm:
        label = setting.label if results.study.groups else ""
        others = [each.value for value, each in iqm.items() if value not in chosen]
        return [Interval(label, *bootstrap.iqm(setting.scores), others=others)]
    return [Interval(value, *each, chosen[value] / chosen.total()) for value, each in iqm.items()]


def main() -> None:
    """Write the pages of all studies, but for those that are unfinished."""
    argparse.ArgumentParser(prog="python -m tools.study_pages", description=__doc__).parse_args()
    written = []
    with errors_in_a_line("study_pages"), AtomicOutputs() as outputs:
        for name in study_names():
            try:
                text = page(name)
            except UnfinishedError as error:
                print(f"study_pages: left out: {error}", file=sys.stderr)
                continue
            with outputs.writing(ROOT / PAGES / f"{name}.md") as path:
                path.write_text(text, encoding="utf-8")
            written.append(name)
    print(f"{PAGES}: {', '.join(written)}")


if __name__ == "__main__":
    main()
