import resource

import numpy as np
import pytest

from worldmodels.pipeline import memory_limit as limits


def test_more_memory_than_is_free_cannot_be_allocated(monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory_limit():
        free = limits.free_memory()
        with pytest.raises(MemoryError):
            np.zeros(2 * free, np.uint8)  # Linux alone would grant it
        monkeypatch.setattr(limits, "free_memory", lambda: 10 * free)
        inside = resource.getrlimit(resource.RLIMIT_DATA)
        with limits.memory_limit():
            assert resource.getrlimit(resource.RLIMIT_DATA) == inside
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_there_is_no_limit_where_the_free_memory_is_unknown(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: None)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory_limit():
        assert resource.getrlimit(resource.RLIMIT_DATA) == before
