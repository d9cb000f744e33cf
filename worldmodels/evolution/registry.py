"""The evolution strategies by their names in params.yaml."""

from __future__ import annotations

from worldmodels.evolution.cma_es import CMAES, SepCMAES
from worldmodels.evolution.openai_es import OpenAIES
from worldmodels.evolution.rank_mu import RankMu
from worldmodels.evolution.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {
    "rank_mu": RankMu,
    "cma_es": CMAES,
    "sep_cma_es": SepCMAES,
    "openai_es": OpenAIES,
}
