"""What README.md and docs/ name is there: links, files, keys, options and targets of make."""

import json
import re
import shlex
from pathlib import Path, PurePath

import pytest

from tests.support.command_tables import PYTHON
from tests.support.documented_commands import (
    FENCE,
    HEADING,
    PAGES,
    documented_commands,
    fences,
    read,
    spans,
)
from tests.support.project import ROOT
from tools.dvc_pipelines import PROJECTS
from tools.fast_yaml import parse_yaml
from tools.stage_copies import paths_of
from tools.study_reader import study_names

OWN = "docs/own_environment.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"[\w.*-]+(/[\w.*-]*)+|[\w-]+\.(py|md|yaml|lock|txt|toml|csv|json|h5|npz|js)")
SECTIONS = (
    "env|collect|train_v|encode|train_m|evolve_c|train_c|finetune_c|evaluate|visualize|compute"
)
KEY = re.compile(rf"(?<![\w/.])(?:{SECTIONS})(?:\.\w+)+")
INTERNAL = {"all", "repro", "locks", "core", "dev", "dask"}  # what others do first
CODE = ("stages", "worldmodels", "benchmarks", "tools", "tests/support")
FOLDERS = (
    *("stages", "worldmodels", "benchmarks", "tools", "tests", "docs", "recipes", "studies"),
    *("carracing", "doom", "data", "models", "reports"),
)
ENVIRONMENTS = {  # no paths, but Gymnasium's names
    *("WorldModels/Racing-v0", "WorldModels/Dream-v0", "WorldModels/TakeCover-v0"),
}
WRITTEN = (
    *(".dvc/cache/files/md5", ".dvc/tmp/rwlock", ".dvc/plots.html", ".scratch", "data/rollouts.h5"),
    *("reports/article.html", "dvc_plots/index.html", "site"),
)


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    broken = []
    for link in LINK.findall(FENCE.sub("", read(page))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.fixture(scope="module")
def paths():
    """Files and folders of the repository, and what stages and DVC write there."""
    found = [PurePath(path) for path in WRITTEN]
    for name in FOLDERS:
        found += [path.relative_to(ROOT) for path in (ROOT / name).rglob("*")]
    found += [path.relative_to(ROOT) for path in ROOT.iterdir()]
    for pipeline in ("dvc.yaml", *(f"{project}/dvc.yaml" for project in PROJECTS)):
        for stage in parse_yaml(read(pipeline))["stages"].values():
            found += map(PurePath, paths_of(stage.get("do", stage).get("outs", [])))
    return found


@pytest.fixture(scope="module")
def names(paths):
    """What paths without a wildcard can stand for: the ends of all paths, and their folders."""
    ends = {"/".join(path.parts[start:]) for path in paths for start in range(len(path.parts))}
    return ends | {str(folder) for path in paths for folder in path.parents}


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(paths, names, page):
    named = {content for _, content in spans(page) if PATH.fullmatch(content)} - ENVIRONMENTS
    patterns = {name: name.strip("/").replace("../", "").replace("/N/", "/*/") for name in named}
    assert not {
        name
        for name, pattern in patterns.items()
        if pattern not in names and not any(path.match(pattern) for path in paths)
    }


def keys(params: object, prefix: str = "") -> set[str]:
    """The dotted keys of a mapping, each after a dot; an entry of a list is its number."""
    entries = dict(enumerate(params)) if isinstance(params, list) else params
    below = entries.items() if isinstance(entries, dict) else ()
    return {prefix, *(key for name, each in below for key in keys(each, f"{prefix}.{name}"))}


@pytest.fixture(scope="module")
def known_keys():
    """Those of all projects' params."""
    files = [ROOT / project / "params.yaml" for project in (".", *PROJECTS)]
    return set().union(*(keys(parse_yaml(read(file))) for file in files))


@pytest.mark.parametrize("page", PAGES)
def test_keys_of_params_that_are_named_are_there(known_keys, page):
    named = {key for _, content in spans(page) for key in KEY.findall(content)}
    named = {key for key in named if not key.endswith((".py", ".json"))}
    assert not {key for key in named if f".{key}" not in known_keys}


@pytest.fixture(scope="module")
def options():
    """Those of the code, and of the commands of DVC that the pages show."""
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    found = set(re.findall(r'"(--[\w-]+)', "".join(map(read, files))))
    for command in documented_commands():
        found |= set(command.text.split()) if command.text.startswith("dvc ") else set()
    return found


@pytest.mark.parametrize("page", PAGES)
def test_options_that_are_named_are_there(options, page):
    named = [shlex.split(content)[0] for _, content in spans(page) if content.startswith("--")]
    assert not {option for option in named if option not in options}


def test_the_table_of_make_has_every_target_and_no_other():
    makefile = read("Makefile")
    recipes = re.search(r"^RECIPES := (.*)$", makefile, re.M)[1]
    studies = {f"study-{name}" for name in study_names()}  # docs/studies.md lists them
    found = "$(patsubst studies/%/study.yaml,%,$(wildcard studies/*/study.yaml))"
    assert re.search(r"^STUDIES := (.*)$", makefile, re.M)[1] == found
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.M)[1].replace("\\\n", " ")
    targets = set(phony.replace("$(RECIPES)", recipes).split()) - INTERNAL
    shown = [each for each in documented_commands() if each.text.startswith("make ")]
    table = {each.text.removeprefix("make ") for each in shown if each.section == "Make"}
    assert {text for text in table if "=" not in text} == targets
    words = {word for each in shown for word in each.text.split()[1:] if "=" not in word}
    assert words == targets | studies


@pytest.mark.parametrize("page", PAGES)
def test_blocks_are_of_a_kind_that_a_test_reads(page):
    """Commands and YAML; for examples in Python, a table has the test that runs them."""
    read_by_all = {"", "sh", "bash", "console", "yaml"}
    others = {language for _, language, _ in fences(page)} - read_by_all
    if page in PYTHON:
        assert (ROOT / PYTHON[page]).is_file()
        assert "python" in others <= {"python", "text"}  # what it prints
    else:
        assert not others


@pytest.fixture(scope="module")
def studies():
    return [parse_yaml(read(f"studies/{name}/study.yaml")) for name in study_names()]


@pytest.mark.parametrize("page", PAGES)
def test_yaml_is_that_of_the_repository(studies, page):
    params = "recipes/other/params.yaml" if page == OWN else "params.yaml"
    real = parse_yaml(read(params)) | parse_yaml(read("dvc.yaml"))["stages"]
    for _, language, content in fences(page):
        whole = parse_yaml(content) if language == "yaml" else {}
        for name, shown in {} if whole in studies else whole.items():
            assert shown == {key: real[name][key] for key in shown}


def test_the_tests_that_robustness_names_are_there():
    text = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:\w+/)+test_\w+\.py)", text))
    names = set(re.findall(r"::(test_\w+)", text))
    assert len(files) > 15
    assert len(names) > 30
    sources = {name: (ROOT / "tests" / name).read_text(encoding="utf-8") for name in files}
    known = set(re.findall(r"^def (test_\w+)", "\n".join(sources.values()), re.MULTILINE))
    assert names <= known, names - known


def test_the_losses_of_the_questions_are_those_of_the_metrics_in_git():
    folders = {"the root": ".", "`carracing`": "carracing/rounds/2"}
    rows = re.findall(r"^\| ([^|]+) \| (\d.*) \|$", read("docs/faq.md"), re.M)
    losses = [(name, row.split(" | ")) for name, row in rows if row.count("|") == 3]
    assert len(losses) == 5
    for name, shown in losses:
        metrics = ROOT / folders.get(name, f"recipes/{name.strip('`')}") / "reports" / "metrics"
        for stage, (loss, baseline) in {"train_v": shown[:2], "train_m": shown[2:]}.items():
            real = json.loads(read(metrics / f"{stage}.json"))
            assert loss == f"{real['held_out_loss']:.{len(loss) - 2}f}"
            assert baseline == f"{real['baseline_loss']:.{len(baseline) - 2}f}"
