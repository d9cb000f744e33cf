"""The strategies by the names that params.yaml knows them by."""

from __future__ import annotations

from stages.control.cma_es import CMAES, SepCMAES
from stages.control.openai_es import OpenAIES
from stages.control.rank_mu import RankMu
from stages.control.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {
    "rank_mu": RankMu,
    "cma_es": CMAES,
    "sep_cma_es": SepCMAES,
    "openai_es": OpenAIES,
}
