"""What the page of the study recurrent_state shows of CarRacing and Doom, and its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.carracing_scores import agents, table
from tools.doom_ablations import ALL, FEATURES, UNTRAINED
from tools.doom_ablations import RESULTS as DOOM_RESULTS
from tools.rooms import ROOT
from tools.studies import Study
from tools.study_reader import load_study
from tools.study_results import Results, Setting, load_results, read_results
from tools.study_statistics import COVERAGE
from tools.study_tables import enumeration, finding, headline, tables
from worldmodels.figures.docs.ablations import Ablation
from worldmodels.figures.docs.intervals import Interval
from worldmodels.figures.docs.panels import Panel, panels_figure
from worldmodels.figures.docs.style import svg

NAME = "recurrent_state"
WITHOUT_H = {"h": "z", "training M": UNTRAINED}  # by the part that an agent of CarRacing lacks
DOOM_COMMAND = "make doom-ablations"
DOOM_LABELS = {"return": "tics alive", "off the track": "games that end in death"}
ERRORS = 2  # standard errors on each side of a mean
NOT_RUN = "It has not been run."


def doom_study(racing: Study) -> Study:
    """What varies in Doom: C's features alone. Its seeds are those of C's training."""
    features = (*FEATURES, UNTRAINED)
    return Study(
        title="",
        factors={"features": {name: {} for name in features}},
        seeds=ALL.seeds,
        minutes=0,
        reference="z",
        pairs=[pair for pair in racing.pairs if {*pair} <= {*features}],
        labels={**{name: racing.label(name) for name in features}, **DOOM_LABELS},
        number=",.0f",
    )


def doom_results(racing: Study) -> Results | None:
    """The tics that each C lives in each test game; None if the ablations have not been run."""
    path = ROOT / "doom" / DOOM_RESULTS
    return read_results(doom_study(racing), path, DOOM_COMMAND) if path.exists() else None


def fields() -> Mapping[str, Any]:
    """What the template may name of CarRacing and Doom."""
    whole, ablations = agents(ROOT / "carracing")
    others = [each for each in ablations if each.part in WITHOUT_H]
    study = load_study(NAME)
    doom = doom_results(study)
    return {
        "carracing_table": table(whole, others).rstrip(),
        "carracing_finding": carracing_finding(study, whole, others),
        "doom_table": tables(doom) if doom else NOT_RUN,
        "doom_finding": finding(doom) if doom else NOT_RUN.rstrip("."),
        "doom_commit": f", with commit {doom.commit} of the code" if doom else "",
        "doom_games": f"; then it plays {doom.tracks} test games" if doom else "",
        "doom_seeds": len(ALL.seeds),
    }


def carracing_finding(racing: Study, whole: Ablation, others: list[Ablation]) -> str:
    """What C returns without h or with an untrained one, and what of that is not in git."""
    label = racing.label
    found = []
    for each in others:
        lost = each.lost(whole)
        points = f"{abs(lost.mean):.1f} ± {lost.stderr:.1f} {'less' if lost.mean > 0 else 'more'}"
        found.append(
            f"{label(WITHOUT_H[each.part])} returns {points} than {label('zh')} ({_seeds(each)})"
        )
    run = {each.part for each in others}
    if missing := [label(name) for part, name in WITHOUT_H.items() if part not in run]:
        verb = "has" if len(missing) == 1 else "have"
        found.append(
            f"{enumeration(missing)} {verb} not been run with as much fine-tuning as {label('zh')}"
        )
    return "; ".join(found)


def carracing_headline(racing: Study, whole: Ablation, others: list[Ablation]) -> str:
    """Which Cs return less than the whole one by more than two standard errors; empty if none."""
    lost = [(each.part, each.lost(whole)) for each in others]
    less = [
        racing.label(WITHOUT_H[part]) for part, each in lost if each.mean > ERRORS * each.stderr
    ]
    verb = "returns" if len(less) == 1 else "return"
    return f"{enumeration(less)} {verb} less than {racing.label('zh')}" if less else ""


def _seeds(agent: Ablation) -> str:
    count = len(agent.scores)
    return f"{count} training seed{'s' if count > 1 else ''}"


def figure() -> bytes:
    """The features of C in each environment."""
    racing = load_results(NAME)
    study = racing.study
    doom = doom_results(study)
    panels = [
        Panel(study.label(group).capitalize(), "return", _estimates(racing, settings))
        for group, settings in racing.groups.items()
    ]
    whole, ablations = agents(ROOT / "carracing")
    others = [each for each in ablations if each.part in WITHOUT_H]
    by_name = {"zh": whole, **{WITHOUT_H[each.part]: each for each in others}}
    means = {_row(study, name): _mean(each) for name, each in by_name.items()}
    panels += [
        Panel("CarRacing", "mean return", means),
        Panel("Doom", "tics alive", _estimates(doom, doom.groups[""]) if doom else {}, ",.0f"),
    ]
    carracing = carracing_headline(study, whole, others)
    findings = [
        headline(racing),
        *([f"CarRacing: {carracing}"] if carracing else []),
        *([f"Doom: {headline(doom)}"] if doom else []),
    ]
    games = f"; Doom: {len(doom.study.seeds)} seeds and {doom.tracks} games" if doom else ""
    subtitle = [
        f"Interquartile mean and interval of {COVERAGE:.0%}. Racing: {len(study.seeds)} seeds and "
        f"{racing.tracks} unseen tracks{games}.",
        "CarRacing: mean and two standard errors, over seeds and tracks",
    ]
    rows = [_row(study, name) for name in ("z", UNTRAINED, "zh", "zch")]
    lines = [line.replace("%", " %") for line in subtitle]
    return svg(panels_figure(". ".join(findings), lines, rows, panels))


def _estimates(results: Results, settings: Mapping[str, Setting]) -> dict[str, Interval]:
    """By row."""
    return {
        _row(results.study, name): Interval("", *results.bootstrap.iqm(each.scores))
        for name, each in settings.items()
    }


def _mean(agent: Ablation) -> Interval:
    mean, stderr = agent.mean()
    return Interval("", mean, mean - ERRORS * stderr, mean + ERRORS * stderr)


def _row(study: Study, name: str) -> str:
    """The label of a row: what C sees."""
    return study.label(name).removeprefix("C on ")
