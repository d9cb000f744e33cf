"""The architecture: which room may import which; one dictionary, and no way around it."""

import ast
import re
from pathlib import Path

import pytest

from tools.rooms import ON_DEMAND, ROOT, imported_files, room_of

MAX_LINES = 259
EVERY = {  # room -> the rooms that it may import from, by floor; scripts may import all of them
    # 1
    "nn": set(),
    "interfaces.py": set(),
    "policies": set(),
    "pipeline": set(),
    "representation": set(),
    # 2
    "vision": {"nn"},
    "memory": {"nn"},
    "controller": {"nn"},
    "dream": {"interfaces.py", "pipeline"},
    "parallel": {"pipeline"},
    # 3
    "rollout": {"parallel", "pipeline"},
    "training": {"nn", "memory", "pipeline"},
    "open_loop_error.py": {"memory", "nn"},
    "end_forecast.py": {"dream", "interfaces.py", "pipeline"},
    # 4
    "envs/racing": {"policies", "rollout", "pipeline"},
    "envs/carracing": {"policies", "rollout", "pipeline"},
    "envs/doom": {"policies", "rollout", "pipeline"},
    "envs/gymnasium": {"policies", "rollout", "pipeline"},
    "agent": {
        *("vision", "memory", "controller", "interfaces.py", "rollout", "pipeline"),
    },
    # 5
    "envs/registry.py": {
        *("envs/racing", "envs/carracing", "envs/doom", "envs/gymnasium", "rollout", "pipeline"),
    },
    "exploration": {
        *("agent", "controller", "interfaces.py", "nn", "rollout", "pipeline"),
    },
    "evolution": {
        *("agent", "controller", "dream", "interfaces.py", "memory", "nn", "parallel"),
        *("rollout", "pipeline"),
    },
    "figures/common": {"envs/racing"},
    "figures/racing": {"figures/common", "envs/racing"},
    "figures/carracing": {"figures/common"},
    "figures/doom": {"figures/common"},
    "figures/gymnasium": {"figures/common"},
    "figures/dream": {"figures/common", "envs/racing"},
    "figures/docs": {"figures/common", "envs/racing"},
    "figures/page": set(),
    "figures/article": {"figures/page"},
    # 6
    "finetune": {
        *("agent", "controller", "exploration", "interfaces.py", "parallel", "rollout"),
        "pipeline",
    },
    "distillation.py": {"agent", "evolution", "interfaces.py", "memory", "rollout", "pipeline"},
    "pretrained": {
        *("vision", "memory", "controller", "interfaces.py", "dream", "agent", "envs/carracing"),
        "pipeline",
    },
    # 7
    "ppo": {
        *("agent", "controller", "dream", "finetune", "interfaces.py", "memory", "nn"),
        *("parallel", "rollout", "pipeline"),
    },
    "gym": {"dream", "envs/racing", "envs/doom", "pretrained", "pipeline"},
}
# Files of environments that alone may import more than their own room.
FACES = ("task.py", "stored_track.py", "rerender.py")
TRACK = "worldmodels/envs/racing/track.py"  # all that figures may import of the environment
PUBLIC = (ast.FunctionDef, ast.Assign, ast.If)  # `load`, `__all__`, and imports for type checkers
SCRIPTS = sorted((ROOT / "stages").glob("*.py"))
LIBRARY = sorted((ROOT / "worldmodels").rglob("*.py"))
FILES = [path.relative_to(ROOT).as_posix() for path in LIBRARY]


def room(path: str) -> str:
    """`nn` of worldmodels/nn/adam.py, `envs/racing` of worldmodels/envs/racing/env.py."""
    return str(room_of(path)).removeprefix("worldmodels/")


def names_from_package(path: Path) -> list[str]:
    """What a script or a file of the library imports from `worldmodels` itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [alias.name for node in imports if node.module == "worldmodels" for alias in node.names]


def imported_rooms(path: str) -> set[str]:
    """The rooms that a file imports from, besides its own and the package itself."""
    rooms = {room(file) for file in imported_files(path)}
    return rooms - {room(path), "None"}


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path)])
def test_a_room_imports_only_from_the_rooms_that_it_may(path):
    extra = imported_rooms(path) - EVERY[room(path)]
    assert not extra, f"{path} imports from {', '.join(sorted(extra))}"


def test_the_dictionary_has_every_room_and_no_other():
    assert {room(path) for path in FILES if room_of(path)} == set(EVERY)


def test_no_arrow_points_upwards_and_there_is_no_circle():
    floors: list[str] = []
    for name, imports in EVERY.items():
        assert imports <= set(floors), f"{name} would import from a room on its floor or above"
        floors.append(name)


@pytest.mark.parametrize("path", FILES)
def test_the_library_imports_no_script(path):
    assert not [file for file in imported_files(path) if file.startswith("stages/")]


@pytest.mark.parametrize("path", [path.name for path in SCRIPTS])
def test_a_script_imports_no_other_script(path):
    others = {file for file in imported_files(f"stages/{path}") if file.startswith("stages/")}
    assert others <= {"stages/__init__.py"}


@pytest.mark.parametrize("path", [path for path in FILES if "/envs/" in path])
def test_only_the_face_of_an_environment_knows_params_and_files(path):
    if Path(path).name not in (*FACES, "registry.py", "__init__.py"):
        assert not imported_rooms(path)


@pytest.mark.parametrize("path", [path for path in FILES if "/figures/" in path])
def test_figures_import_of_environments_the_track_alone(path):
    imported = {file for file in imported_files(path) if "/envs/" in file}
    assert {file for file in imported if not file.endswith("__init__.py")} <= {TRACK}


def test_matplotlib_is_imported_in_one_place_which_keeps_a_persons_settings_out():
    folders = ("stages", "worldmodels", "benchmarks", "tools")
    importers = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(from|import) matplotlib\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert importers == {"worldmodels/figures/common/matplotlib_defaults.py"}


def test_dreams_read_files_of_start_states_alone():
    assert imported_rooms("worldmodels/dream/env.py") == {"interfaces.py"}


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) is None])
def test_what_is_in_no_room_has_no_code_that_a_stage_could_depend_on(path):
    docstring, *rest = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    if path == "worldmodels/__init__.py":  # what people import from it, and no script does
        rest = [node for node in rest if not isinstance(node, PUBLIC)]
        assert not [name for script in SCRIPTS for name in names_from_package(script)]
    assert all(isinstance(node, ast.ImportFrom) for node in rest)
    assert imported_files(path, set(ON_DEMAND)) <= {
        *("worldmodels/__init__.py", "worldmodels/pipeline/__init__.py"),
        *("worldmodels/pipeline/reproducible_environment.py", "worldmodels/pipeline/errors.py"),
    }


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_nothing_that_workers_unpickle_is_defined_in_a_script(path):
    """A worker knows a script as another module than `__main__`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def test_stages_holds_scripts_alone():
    for path in (ROOT / "stages").iterdir():
        if path.name not in ("__pycache__", "__init__.py"):
            assert 'if __name__ == "__main__":' in path.read_text(encoding="utf-8"), path


def imported_at_once(path: Path) -> set[str]:
    """The modules that a file imports when it is imported, not within a function."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    whole = {name.name for node in body if isinstance(node, ast.Import) for name in node.names}
    return whole | {node.module or "" for node in body if isinstance(node, ast.ImportFrom)}


def test_tests_import_the_simulator_where_they_are_skipped_without_it():
    """That is by `pytest.importorskip`: at the top, it would stop all tests."""
    extra = {"gymnasium", "Box2D", "pygame"}
    simulator = {
        f"worldmodels.envs.carracing.{path.stem}"
        for path in (ROOT / "worldmodels/envs/carracing").glob("*.py")
        if extra & {name.partition(".")[0] for name in imported_at_once(path)}
    }
    assert "worldmodels.envs.carracing.lazy_render" in simulator
    for path in (ROOT / "tests").rglob("*.py"):
        assert not simulator & imported_at_once(path), path


@pytest.mark.parametrize("folder", ["stages", "worldmodels", "tools", "benchmarks", "tests"])
def test_files_are_short(folder):
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long
