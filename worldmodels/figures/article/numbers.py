"""The numbers of the article's text: which file each comes from, and how it is written."""

from __future__ import annotations

import html
from typing import NamedTuple

MINUS = "\N{MINUS SIGN}"
DREAM, RACER = "recipes/dream", "carracing"
COLD, WARM = (f"studies/temperature/released/{name}/reports" for name in ("0.01", "2.0"))
COMPARISON = f"{DREAM}/reports/metrics/compare_dream.json"
TRAIN_V = f"{DREAM}/reports/metrics/train_v.json"
INTEGER, SIGNED = ",.0f", "+.1f"


class Number(NamedTuple):
    """A number of the text.

    `key` is a dotted key of a JSON or YAML file; of an npz file, the name of an array, whose size
    is meant, or `*` for the sum of all arrays' sizes.
    """

    file: str  # below the root
    key: str
    form: str = INTEGER  # Python's format specification

    def markup(self, value: float) -> str:
        """The value as HTML, with its source where a mouse points at it."""
        text = format(value, self.form).replace("-", MINUS)
        source = html.escape(f"{self.file}: {self.key}")
        return f'<data value="{value!r}" title="{source}">{text}</data>'


NUMBERS = {  # by the name of their slot in article.html
    "pixels": Number(f"{DREAM}/released/v.npz", "logits.bias"),
    "z_size": Number(f"{DREAM}/released/v.npz", "z.bias"),
    "episodes": Number(f"{DREAM}/params.yaml", "collect.episodes"),
    "v_loss": Number(TRAIN_V, "held_out_loss", ".3f"),
    "v_baseline": Number(TRAIN_V, "baseline_loss", ".3f"),
    "h_size": Number(f"{DREAM}/released/m.npz", "0.reward.weight"),
    "steps": Number(f"{DREAM}/params.yaml", "env.max_steps"),
    "dream_return": Number(COMPARISON, "dream_return", SIGNED),
    "env_return": Number(COMPARISON, "env_return", SIGNED),
    "dream_error": Number(COMPARISON, "dream_error_10", ".1f"),
    "persistence_error": Number(COMPARISON, "persistence_error_10", ".1f"),
    "c_size": Number(f"{DREAM}/released/c.npz", "*"),
    "c_return": Number(f"{DREAM}/released/evaluate.json", "controller.mean_return", SIGNED),
    "c_stderr": Number(f"{DREAM}/released/evaluate.json", "controller.stderr", ".1f"),
    "c_episodes": Number(f"{DREAM}/released/evaluate.json", "controller.episodes"),
    "c_laps": Number(f"{DREAM}/released/evaluate.json", "controller.lap_fraction", ".1f"),
    "c_off_track": Number(f"{DREAM}/released/evaluate.json", "controller.off_track"),
    "random_return": Number(f"{DREAM}/released/evaluate.json", "baseline.mean_return", SIGNED),
    "c_generations": Number(f"{DREAM}/params.yaml", "evolve_c.generations"),
    "c_population": Number(f"{DREAM}/params.yaml", "evolve_c.population"),
    "c_dreams": Number(f"{DREAM}/params.yaml", "evolve_c.episodes"),
    "cold": Number(f"{COLD}/details/evolve_c.json", "temperature", "g"),
    "cold_dream": Number(f"{COLD}/metrics/evolve_c.json", "dream_return", SIGNED),
    "cold_return": Number(f"{COLD}/metrics/evaluate.json", "mean_return", SIGNED),
    "cold_off_track": Number(f"{COLD}/metrics/evaluate.json", "off_track"),
    "cold_episodes": Number(f"{COLD}/details/evaluate.json", "controller.episodes"),
    "warm": Number(f"{WARM}/details/evolve_c.json", "temperature", "g"),
    "warm_dream": Number(f"{WARM}/metrics/evolve_c.json", "dream_return", SIGNED),
    "warm_return": Number(f"{WARM}/metrics/evaluate.json", "mean_return", SIGNED),
    "warm_off_track": Number(f"{WARM}/metrics/evaluate.json", "off_track"),
    "car_h_size": Number(f"{RACER}/released/m.npz", "0.reward.weight"),
    "car_horizon": Number(f"{RACER}/params.yaml", "evolve_c.horizon"),
    "car_return": Number(f"{RACER}/released/evaluate.json", "controller.mean_return", SIGNED),
    "car_stderr": Number(f"{RACER}/released/evaluate.json", "controller.stderr", ".1f"),
    "car_episodes": Number(f"{RACER}/released/evaluate.json", "controller.episodes"),
    "car_random": Number(f"{RACER}/released/evaluate.json", "baseline.mean_return", SIGNED),
}
