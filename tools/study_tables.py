"""What a study finds: in a sentence, and in tables of Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

from tools.markdown_table import markdown_table
from tools.study_results import Results, Setting
from tools.study_statistics import MeanStd, interquartile_mean

LESS, MORE, UNCLEAR = "returns less than", "returns more than", "cannot be told from"


def finding(results: Results) -> str:
    """What is found of each group's settings; groups of which the same is found stand together."""
    return _by_group(results, (LESS, MORE, UNCLEAR))


def headline(results: Results) -> str:
    """`finding` for the title of a figure: of groups in which settings differ, those alone."""
    return _by_group(results, (LESS, MORE))


def _by_group(results: Results, verdicts: Sequence[str]) -> str:
    groups: dict[str, list[str]] = {}
    for group, settings in results.groups.items():
        found = _finding_of(results, settings, verdicts)
        groups.setdefault(found, []).append(results.study.label(group))
    if not results.study.groups:
        return _sentence(next(iter(groups)))
    return ". ".join(f"{_sentence(enumeration(each))}: {found}" for found, each in groups.items())


def _finding_of(results: Results, settings: Mapping[str, Setting], verdicts: Sequence[str]) -> str:
    """Which settings are better or worse than another one, and which cannot be told from it.

    Others are the reference, and those of the study's pairs. Of the verdicts only these are said,
    if there are any.
    """
    reference = results.study.reference
    pairs = [(name, reference) for name in settings if name != reference]
    pairs += results.study.pairs
    others = dict.fromkeys(settings[other].label for _, other in pairs)
    found: dict[tuple[str, str], list[str]] = {
        key: [] for key in product(others, (LESS, MORE, UNCLEAR))
    }
    for name, other in pairs:
        setting, beside = settings[name], settings[other]
        found[beside.label, verdict(results, setting, beside)].append(setting.label)
    found = {key: labels for key, labels in found.items() if labels}
    said = {key: labels for key, labels in found.items() if key[1] in verdicts} or found
    parts, last = [], ""
    for (other, verb), labels in said.items():
        everyone = 2 < len(labels) == len(settings) - 1
        who = "all others" if everyone else enumeration(labels)
        does = verb if len(labels) == 1 else verb.replace("returns", "return")
        parts.append(f"{who} {does} {'it' if other == last else other}")
        last = other
    return "; ".join(parts)


def verdict(results: Results, setting: Setting, other: Setting) -> str:
    """What is found of a setting beside another one: LESS, MORE or UNCLEAR.

    A difference counts if its interval leaves out 0, and that of the probability of improvement
    leaves out one half.
    """
    difference = results.bootstrap.difference(setting.scores, other.scores)
    improvement = results.bootstrap.improvement(setting.scores, other.scores)
    worse = difference.high < 0 and improvement.high < 0.5
    better = difference.low > 0 and improvement.low > 0.5
    return LESS if worse else MORE if better else UNCLEAR


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def enumeration(words: Sequence[str]) -> str:
    """The words with commas, and with "and" before the last."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def tables(results: Results) -> str:
    """A table of each group, below its name, and one of the study's pairs, as Markdown."""
    parts = []
    for group, settings in results.groups.items():
        head = f"**{_sentence(results.study.label(group))}**\n\n" if group else ""
        parts.append(f"{head}{table(results, settings)}")
    if results.study.pairs:
        parts.append(pairs_table(results))
    return "\n\n".join(parts)


def table(results: Results, settings: Mapping[str, Setting]) -> str:
    """The settings of a group from the best to the worst, as Markdown."""
    study, bootstrap = results.study, results.bootstrap
    reference = settings[study.reference]
    tuned = [f"{study.label(study.tuned)} of the seeds"] if study.tuned else []
    head = [
        *("", *tuned, study.label("return"), f"more than {reference.label}"),
        *(f"probability of improvement on {reference.label}", "worst episode"),
        study.label("off the track"),
        *map(study.label, study.measures),
    ]
    rows = [head]
    for each in from_best(settings):
        chosen = Counter(each.chosen).most_common()
        rows.append(
            [
                each.label,
                *([", ".join(f"{value} ({seeds})" for value, seeds in chosen)] if chosen else []),
                f"{bootstrap.iqm(each.scores):{study.number}}",
                *(["", ""] if each is reference else _comparison(results, each, reference)),
                f"{each.scores.min():{study.number}}",
                f"{each.off_track.sum():.0f} of {each.scores.size}",
                *(f"{MeanStd.of(values)}" for values in each.measures.values()),
            ]
        )
    return markdown_table(rows).rstrip()


def pairs_table(results: Results) -> str:
    """The study's pairs in each group, as Markdown."""
    rows = [["", "compared with", "difference", "probability of improvement"]]
    for group, settings in results.groups.items():
        for name, other in results.study.pairs:
            pair = settings[name], settings[other]
            first, second = (each.label for each in pair)
            rows.append([_in_group(results, group, first), second, *_comparison(results, *pair)])
    return markdown_table(rows).rstrip()


def _comparison(results: Results, setting: Setting, other: Setting) -> list[str]:
    """The difference of a setting from another one, and its probability of improvement on it."""
    bootstrap, signed = results.bootstrap, f"+{results.study.number.lstrip('+')}"
    return [
        f"{bootstrap.difference(setting.scores, other.scores):{signed}}",
        f"{bootstrap.improvement(setting.scores, other.scores):.2f}",
    ]


def _in_group(results: Results, group: str, label: str) -> str:
    """A label in a table of several groups."""
    return f"{results.study.label(group)}, {label}" if group else label


def tuned_table(results: Results) -> str:
    """The return with each value of the tuned factor, a row for each setting, as Markdown."""
    study = results.study
    values = [*study.factors[study.tuned]]
    rows = [[study.label(study.tuned), *values]]
    for group, settings in results.groups.items():
        for each in settings.values():
            iqm = {value: interquartile_mean(scores) for value, scores in each.by_value.items()}
            cells = [f"{iqm[value]:{study.number}}" if value in iqm else "" for value in values]
            rows.append([_in_group(results, group, each.label), *cells])
    return markdown_table(rows).rstrip()


def from_best(settings: Mapping[str, Setting]) -> list[Setting]:
    """The settings from the highest interquartile mean to the lowest."""
    return sorted(settings.values(), key=lambda each: -interquartile_mean(each.scores))
