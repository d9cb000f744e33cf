import resource

import numpy as np
import pytest

from worldmodels.pipeline import memory_limit as limits


def test_what_is_not_there_cannot_be_asked_for(monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory_limit():
        free = limits.free_memory()
        with pytest.raises(MemoryError):
            np.zeros(2 * free, np.uint8)  # Linux would grant it
        monkeypatch.setattr(limits, "free_memory", lambda: 10 * free)
        inside = resource.getrlimit(resource.RLIMIT_DATA)
        with limits.memory_limit():
            assert resource.getrlimit(resource.RLIMIT_DATA) == inside
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_where_nobody_says_what_is_free_there_is_no_limit(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: None)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory_limit():
        assert resource.getrlimit(resource.RLIMIT_DATA) == before
