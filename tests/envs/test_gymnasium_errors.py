"""What cannot run as an environment of Gymnasium is told in a line with the key."""

import sys

import msgspec
import pytest

pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")

from tests.support.gymnasium_params import BOX, gymnasium_params
from worldmodels.envs.gymnasium.task import GymnasiumTask
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.errors import ParamsError

replace = msgspec.structs.replace


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Pendulm-v1"}, r"env\.id: Pendulm-v1 cannot be made: .*Did you mean"),
        ({"name": "Pendulum-v0"}, r"env\.id: Pendulum-v0 cannot be made: .*use `Pendulum-v1`"),
        ({"name": "ALE/Pong-v5"}, r"env\.id: ALE/Pong-v5 cannot be made: Namespace ALE not found"),
        ({"name": "no_such:Foo-v0"}, r"env\.id: no_such:Foo-v0 cannot be made: No module named"),
        ({"kwargs": {"gravity": 3}}, r"env\.kwargs: .* does not take {'gravity': 3}: .*unexpected"),
        ({"name": BOX.replace("Point-", "PointMany-")},
         r"env\.id: actions of PointMany-v0 are MultiDiscrete.*should be Discrete, or a Box"),
        ({"name": BOX.replace("Point-", "PointUnbounded-")},
         r"env\.id: actions of PointUnbounded-v0 are Box\(-inf, inf.*of floats with bounds$"),
        ({"name": BOX.replace("Point-", "PointMute-")},
         r"env\.id: .* has no pictures: it observes Box\(.* and renders human; it should observe "),
        ({"name": BOX.replace("Point-", "PointBroken-")},
         r"env\.id: .* renders list of shape \(1,\); a picture is uint8"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_or_shown_is_told_in_a_line_with_the_key(changes, words):
    with pytest.raises(ParamsError, match=words) as error:
        GymnasiumTask(gymnasium_params(**changes))
    assert "\n" not in str(error.value)


def test_without_gymnasium_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    words = r"^env\.kind: gymnasium needs a package .*: run 'make install-carracing'$"
    with pytest.raises(ParamsError, match=words):
        make_task(gymnasium_params())
