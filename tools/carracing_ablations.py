"""The ablations of carracing/dvc.yaml: C without h, without dreams, and without fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping

from tools.round_stages import (
    AGENT,
    EVOLVED,
    FINETUNE,
    LEARNING,
    ROLLOUTS,
    C,
    Project,
    RoundSettings,
    Settings,
    later_rounds,
    of_last_round,
    project_copy,
    set_options,
    unplotted,
    with_cost,
)
from tools.stage_copies import Move, Stage, into, not_cached, paths_of

PLOTTED = {"untrained": "C on z and an untrained h", "z": "C on z alone"}  # with their names
CARRACING = Project(
    "carracing", "CarRacing", {f"ablations/{kind}": name for kind, name in PLOTTED.items()}
)
# The noise of fine-tuning that suits each kind, the params' 0.3 or half of it, so that neither has
# a disadvantage: chosen by 60 iterations with training seed 1, on 128 validation tracks. Untrained:
# +851 +- 12 with 0.3, +877 +- 8 with 0.15. z: +693 +- 20 with 0.3, +785 +- 17 with 0.15.
ACTION_STD = {"untrained": 0.15, "z": 0.15}


def ablations(root: Mapping[str, Stage], rounds: int, settings: RoundSettings) -> dict[str, Stage]:
    """The stages of all ablations."""
    last = f"rounds/{rounds}"
    only_evolved = of_last_round("ablations/no_finetuning", last, {C: f"{last}/{C}"})
    return {
        **_without_h(root, rounds, settings),
        "evaluate_no_finetuning": _evaluate(root, only_evolved, "ablations/no_finetuning"),
        **_without_dreams(root, rounds, settings),
    }


def _evaluate(root: Mapping[str, Stage], move: Move, folder: str) -> Stage:
    return project_copy(CARRACING, "evaluate", root["evaluate"], move, f"{folder}/reports")


def _without_h(root: Mapping[str, Stage], rounds: int, settings: RoundSettings) -> dict[str, Stage]:
    """What h is worth: C on z alone, and C on z and the h of an untrained M.

    Both have the same teacher, V and M for dreams and settings as the last round's C, and its
    fine-tuning but for the noise.
    """
    last = f"rounds/{rounds}"
    dreams = set_options("evolve_c", settings(rounds).get("evolve_c", ()))
    teacher = [*map(into(f"rounds/{rounds - 1}"), AGENT), into(last)(ROLLOUTS)]
    untrained_m = "ablations/untrained/models/m.npz"
    memories = {"untrained": {"models/m.npz": untrained_m}, "z": {}}

    def evolve(kind: str, options: str, desc: str) -> Stage:
        folder = f"ablations/{kind}"
        move = of_last_round(folder, last, {C: f"{folder}/{EVOLVED}"})
        stage = project_copy(
            CARRACING, "evolve_c", root["evolve_c"], move, f"{folder}/reports", ("--teacher",)
        )
        stage["cmd"] += f"{options}{dreams} --teacher {' '.join(teacher)}"
        return {**stage, "desc": desc, "deps": [*teacher, *stage["deps"]]}

    def finish(kind: str) -> dict[str, Stage]:
        folder = f"ablations/{kind}"
        move = of_last_round(folder, last, memories[kind])
        copy = project_copy(CARRACING, "finetune_c", FINETUNE, move, f"{folder}/reports")
        finetune = with_cost(copy)
        finetune["cmd"] += set_options("finetune_c", [f"action_std={ACTION_STD[kind]}"])
        return {
            f"finetune_c_{kind}": finetune,
            f"evaluate_{kind}": _evaluate(root, move, folder),
        }

    move = of_last_round("ablations/untrained", last, memories["untrained"])
    reports = "ablations/untrained/reports"
    train_m = project_copy(CARRACING, "train_m", root["train_m"], move, reports)
    # Its curve is one point, which is no plot.
    train_m["outs"] += not_cached(*paths_of(train_m.pop("plots")))
    train_m["cmd"] += " --set train_m.epochs=0 --set train_m.ensemble_size=1"
    with_untrained = evolve(
        "untrained", f" --policy-memory {untrained_m}", "Search for C on z and an untrained h"
    )
    with_untrained["deps"] = [untrained_m, *with_untrained["deps"]]
    on_z = " --set evolve_c.inputs=z --set evolve_c.pca_components=0"
    return {
        "train_m_untrained": {**train_m, "desc": "Make an M that has learned nothing"},
        "evolve_c_untrained": with_untrained,
        "evolve_c_z": evolve("z", on_z, "Search for C on z alone"),
        **finish("untrained"),
        **finish("z"),
    }


def _without_dreams(
    root: Mapping[str, Stage], rounds: int, settings: RoundSettings
) -> dict[str, Stage]:
    """What dreams are worth: the same rounds, with fine-tuning in place of evolution in dreams.

    A round's C starts at behaviour cloning or distillation, as always, and is fine-tuned; the next
    round's V and M learn from what it drives. The first round's episodes, V and M are the same.
    Distillation is to all of h, because fine-tuning uses more of it than evolution in dreams.
    """
    home = "ablations/no_dreams"

    def earlier(path: str) -> str:
        return into(f"{home}/${{item.before}}" if path == C else "${item.folder}")(path)

    def own(number: str, models: str) -> dict[str, Move]:
        """The paths of stages whose V and M are in a folder."""
        folder = f"{home}/{number}"
        move = of_last_round(folder, models, {})
        evolve = of_last_round(folder, models, {C: f"{folder}/{EVOLVED}"})
        return {**dict.fromkeys(templates, move), "evolve_c": evolve}

    def no_search(number: int) -> Settings:
        changed = settings(number)
        evolve = (*changed.get("evolve_c", ()), "generations=0")
        return {**changed, "evolve_c": (*evolve, "pca_components=0") if number else evolve}

    templates = {**{name: root[name] for name in LEARNING}, "finetune_c": FINETUNE}
    templates["evolve_c"] = {**root["evolve_c"], "desc": "C by imitation alone, not evolved"}
    stages = {}
    moves = own("0", "rounds/0")
    for name in ("evolve_c", "finetune_c"):
        reports = f"{home}/0/reports"
        stage = with_cost(project_copy(CARRACING, name, templates[name], moves[name], reports))
        stage["cmd"] += set_options(name, no_search(0).get(name, ()))
        stages[f"{name}_no_dreams0"] = unplotted(stage)
    items = {
        number: {
            "before": number - 1,
            "folder": f"{home}/{number - 1}" if number > 1 else "rounds/0",
        }
        for number in range(1, rounds + 1)
    }
    moves = own("${key}", f"{home}/${{key}}")
    for name, template in templates.items():
        stage = later_rounds(CARRACING, name, template, moves[name], earlier, items, no_search)
        stages[f"{name}_no_dreams"] = {**stage, "do": unplotted(stage["do"])}
    final = of_last_round(home, f"{home}/{rounds}", {C: f"{home}/{rounds}/{C}"})
    return {**stages, "evaluate_no_dreams": _evaluate(root, final, home)}
