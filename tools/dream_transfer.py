"""What the page of the study dream_transfer shows of CarRacing and Doom, and its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.carracing_scores import agents, score_text
from tools.doom_scores import by_temperature, temperature_study
from tools.markdown_table import markdown_table
from tools.rooms import ROOT
from tools.study_results import Results, load_results
from tools.study_statistics import COVERAGE, MeanStd
from tools.study_tables import MORE, headline, verdict
from worldmodels.figures.common.style import Curve
from worldmodels.figures.docs.ablations import Ablation
from worldmodels.figures.docs.intervals import Interval
from worldmodels.figures.docs.style import svg
from worldmodels.figures.docs.transfer import Transfer, transfer_figure

NAME = "dream_transfer"
DREAM = "dream"  # the measure
DOOM = ROOT / "doom"
NOT_RUN = "It has not been run"


def fields() -> Mapping[str, Any]:
    """What the template may name of CarRacing and Doom."""
    results, doom, (dreamt, whole) = load_results(NAME), temperature_study(DOOM), _carracing()
    return {
        "transfer_finding": transfer_finding(results),
        "claims_table": claims_table(results),
        "carracing_table": _carracing_table(dreamt, whole),
        "carracing_finding": carracing_finding(dreamt, whole),
        "doom_table": by_temperature(DOOM).rstrip() or f"{NOT_RUN}.",
        "doom_finding": doom_finding(doom) if doom else NOT_RUN,
    }


def transfer_finding(results: Results) -> str:
    """What the reference returns in dreams and in the environment, by temperature."""
    parts = []
    for group, settings in results.groups.items():
        each = settings[results.study.reference]
        dream = MeanStd.of(each.measures[DREAM])
        real = results.bootstrap.iqm(each.scores)
        parts.append(f"{dream:+.1f} and {real:+.1f} at {results.study.label(group)}")
    return "; ".join(parts)


def claims_table(results: Results) -> str:
    """What an older page said, the difference that this study finds, and whether it confirms it.

    It does where the intervals of the difference and of the probability of improvement say so.
    """
    bootstrap, groups = results.bootstrap, results.groups
    cold, *_, warm = groups
    one = results.study.reference
    pairs = [
        (f"warmer dreams leave more on the road ({results.study.label(one)})", warm, one, cold, one)
    ]
    for words, setting in (("noise on M's input helps", "one_noise"), ("a second M helps", "two")):
        pairs += [
            (f"{words} ({results.study.label(group)})", group, setting, group, one)
            for group in groups
        ]
    rows = [["", "more on the road", "confirmed"]]
    for claim, group, setting, other_group, other in pairs:
        pair = groups[group][setting], groups[other_group][other]
        difference = bootstrap.difference(*(each.scores for each in pair))
        is_confirmed = verdict(results, *pair) == MORE
        rows.append([claim, f"{difference:+.1f}", "yes" if is_confirmed else "no"])
    return markdown_table(rows).rstrip()


def carracing_finding(dreamt: Ablation, whole: Ablation) -> str:
    """What C returns after dreams alone, and what fine-tuning adds."""
    mean, lost = dreamt.mean(), dreamt.lost(whole)
    return (
        f"C that has only dreamt returns {score_text(mean)} over {len(dreamt.scores)} training "
        f"seeds, and fine-tuning in the environment adds {score_text(lost)}"
    )


def doom_finding(study: Curve) -> str:
    """The best temperature, and the lowest."""
    tau, tics, errors = (study[n] for n in ("temperature", "env_return", "env_return_stderr"))
    best = int(tics.argmax())
    most = f"{tics[best]:,.0f} ± {errors[best]:.0f} tics"
    if best == 0:
        return f"C lives longest, {most}, after the coldest of the dreams, those of {tau[0]:g}"
    return (
        f"C lives longest, {most}, after dreams of temperature {tau[best]:g}, and "
        f"{tics[0]:,.0f} ± {errors[0]:.0f} after those of {tau[0]:g}"
    )


def figure() -> bytes:
    """Returns in dreams and in the environment, in three environments."""
    results, (dreamt, whole) = load_results(NAME), _carracing()
    racing = [
        Transfer(
            results.study.label(group),
            float(each.measures[DREAM].mean()),
            Interval(each.label, *results.bootstrap.iqm(each.scores)),
        )
        for group, settings in results.groups.items()
        for each in settings.values()
    ]
    subtitle = (
        f"Blue: in the environment; orange: in dreams. Racing: interquartile mean and interval of "
        f"{COVERAGE:.0%} over {len(results.study.seeds)} seeds and {results.tracks} unseen\n"
        "tracks. Doom and CarRacing: mean and two standard errors; hollow, CarRacing's C that has "
        "only dreamt, and filled, fine-tuned"
    )
    carracing = {seed: (score, whole.scores[seed]) for seed, score in dreamt.scores.items()}
    lines = subtitle.replace("%", " %").split("\n")
    return svg(
        transfer_figure(headline(results), lines, racing, temperature_study(DOOM), carracing)
    )


def _carracing() -> tuple[Ablation, Ablation]:
    """C that has only dreamt, and the same C, fine-tuned."""
    whole, ablations = agents(ROOT / "carracing")
    (dreamt,) = [each for each in ablations if each.part == "fine-tuning"]
    return dreamt, whole


def _carracing_table(dreamt: Ablation, whole: Ablation) -> str:
    rows = [["training seed", "C that has only dreamt", "the same C, fine-tuned"]]
    for seed, score in dreamt.scores.items():
        rows.append([f"{seed}", score_text(score), score_text(whole.scores[seed])])
    rows.append(["mean", score_text(dreamt.mean()), score_text(whole.mean())])
    return markdown_table(rows).rstrip()
