"""What a study finds: in a sentence, and in tables of Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tools.markdown_table import markdown_table
from tools.study_results import Results, Setting
from tools.study_statistics import MeanStd, interquartile_mean

VERDICTS = ("returns less than", "returns more than", "cannot be told from")


def finding(results: Results) -> str:
    """What is found of each group's settings; groups of which the same is found stand together."""
    return _by_group(results, VERDICTS)


def headline(results: Results) -> str:
    """`finding` for the title of a figure: of groups in which settings differ, those alone."""
    return _by_group(results, VERDICTS[:2])


def _by_group(results: Results, verdicts: Sequence[str]) -> str:
    groups: dict[str, list[str]] = {}
    for group, settings in results.groups.items():
        found = _finding_of(results, settings, verdicts)
        groups.setdefault(found, []).append(results.study.label(group))
    if not results.study.groups:
        return _sentence(next(iter(groups)))
    return ". ".join(f"{_sentence(enumeration(each))}: {found}" for found, each in groups.items())


def _finding_of(results: Results, settings: Mapping[str, Setting], verdicts: Sequence[str]) -> str:
    """Which settings are better or worse than the reference, and which cannot be told from it.

    A difference counts if its interval leaves out 0, and that of the probability of improvement
    leaves out one half. Of the verdicts only these are said, if there are any.
    """
    reference, bootstrap = settings[results.study.reference], results.bootstrap
    found: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for setting in settings.values():
        if setting is not reference:
            difference = bootstrap.difference(setting.scores, reference.scores)
            improvement = bootstrap.improvement(setting.scores, reference.scores)
            worse = difference.high < 0 and improvement.high < 0.5
            better = difference.low > 0 and improvement.low > 0.5
            found[VERDICTS[0 if worse else 1 if better else 2]].append(setting.label)
    said = {verdict: found[verdict] for verdict in verdicts if found[verdict]} or found
    parts, name = [], reference.label
    for verdict, labels in said.items():
        if labels:
            number = verdict if len(labels) == 1 else verdict.replace("returns", "return")
            everyone = 2 < len(labels) == len(settings) - 1
            parts.append(f"{'all others' if everyone else enumeration(labels)} {number} {name}")
            name = "it"
    return "; ".join(parts)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def enumeration(words: Sequence[str]) -> str:
    """The words with commas, and with "and" before the last."""
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
    reference, signed = settings[study.reference], f"+{study.number.lstrip('+')}"
    tuned = [f"{study.label(study.tuned)} of the seeds"] if study.tuned else []
    head = [
        *("", *tuned, study.label("return"), f"more than {reference.label}"),
        *(f"probability of improvement on {reference.label}", "worst episode"),
        study.label("off the track"),
        *map(study.label, study.measures),
    ]
    rows = [head]
    for each in from_best(settings):
        pair = (each.scores, reference.scores)
        compared = [
            f"{bootstrap.difference(*pair):{signed}}",
            f"{bootstrap.improvement(*pair):.2f}",
        ]
        chosen = Counter(each.chosen).most_common()
        rows.append(
            [
                each.label,
                *([", ".join(f"{value} ({seeds})" for value, seeds in chosen)] if chosen else []),
                f"{bootstrap.iqm(each.scores):{study.number}}",
                *(["", ""] if each is reference else compared),
                f"{each.scores.min():{study.number}}",
                f"{each.off_track.sum():.0f} of {each.scores.size}",
                *(f"{MeanStd.of(values)}" for values in each.measures.values()),
            ]
        )
    return markdown_table(rows).rstrip()


def tuned_table(results: Results) -> str:
    """The return with each value of the tuned factor, a row for each setting, as Markdown."""
    study = results.study
    values = [*study.factors[study.tuned]]
    rows = [[study.label(study.tuned), *values]]
    for group, settings in results.groups.items():
        for each in settings.values():
            iqm = {value: interquartile_mean(scores) for value, scores in each.by_value.items()}
            cells = [f"{iqm[value]:+.1f}" if value in iqm else "" for value in values]
            rows.append([f"{study.label(group)}, {each.label}" if group else each.label, *cells])
    return markdown_table(rows).rstrip()


def from_best(settings: Mapping[str, Setting]) -> list[Setting]:
    """The settings from the highest interquartile mean to the lowest."""
    return sorted(settings.values(), key=lambda each: -interquartile_mean(each.scores))
