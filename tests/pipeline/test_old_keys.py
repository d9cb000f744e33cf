"""Old keys of params.yaml are answered with their new names, or with why they have gone."""

import pytest
import yaml

from tests.support.params_keys import ALL_KEYS, CAR_RACING, GOOD, changed
from worldmodels.pipeline.config.old_keys import REMOVED, RENAMED
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError


@pytest.fixture
def error_of(tmp_path):
    def error(params) -> str:
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        with pytest.raises(UserError) as raised:
            read_params(tmp_path / "params.yaml")
        return str(raised.value).removeprefix(f"{tmp_path}/params.yaml: ")

    return error


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_key_is_answered_with_its_new_name(error_of, old):
    *sections, name = old.split(".")
    good = CAR_RACING if sections == ["finetune_c"] else GOOD
    assert error_of(changed((*sections, name), 0, good)) == f"{old}: is called {RENAMED[old]} now"


@pytest.mark.parametrize("new", RENAMED.values())
def test_the_new_name_of_a_key_exists(new):
    assert tuple(new.split(".")) in {where for _, where, _ in ALL_KEYS}


@pytest.mark.parametrize(("old", "new"), [("world", "env"), ("polish", "finetune_c")])
def test_an_old_section_is_answered_with_its_new_name(error_of, old, new):
    params = {old if name == new else name: section for name, section in CAR_RACING.items()}
    assert error_of(params) == f"{old}: is called {new} now"


@pytest.mark.parametrize("old", REMOVED)
@pytest.mark.parametrize("good", [GOOD, CAR_RACING])
def test_a_key_that_has_gone_is_answered_with_the_reason(error_of, old, good):
    error = error_of(changed(tuple(old.split(".")), "gymnasium", good))
    assert error == f"{old}: this key has gone: {REMOVED[old]}; remove it"
    assert tuple(old.split(".")) not in {where for _, where, _ in ALL_KEYS}
