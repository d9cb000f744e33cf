"""Pages of `dvc plots` that need no network, after `python -m tools.offline_plots`."""

import re
import shutil
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.project import Project
from tools import offline_plots
from tools.dvc_pipelines import PROJECTS

# In place of Vega, which is not here: the title of a plot instead of its picture.
SCRIPTS = {
    "vega.min.js": "function text(spec) { return spec.title.text; }\n",
    "vega-lite.min.js": "const ended = '</script>';\n",
    "vega-embed.min.js": "function vegaEmbed(id, spec) {"
    " const title = document.createElement('h2'); title.textContent = text(spec);"
    " document.querySelector(id).append(title); }\n",
}
TITLES = "[...document.querySelectorAll('h2')].map((title) => title.textContent)"
ADDRESS = re.compile(r"<script[^>]*\bsrc=")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def served(scripts):
    """The address of a server that has the scripts."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=scripts)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def show(project: Project) -> str:
    project.run("dvc", "plots", "show")
    return project.read("dvc_plots/index.html").decode()


@pytest.fixture(scope="module")
def offline(project, scripts) -> Project:
    """A project that has made its page with scripts that were given as files."""
    assert ADDRESS.search(show(project))
    project.commit("run")
    for name in SCRIPTS:
        shutil.copy(scripts / name, project.folder.parent)
    files = [f"../{name}" for name in SCRIPTS]
    project.run("python", "-m", "tools.offline_plots", *files)
    show(project)
    return project


def test_scripts_that_are_given_as_files_are_in_the_page(offline):
    page = offline.read("dvc_plots/index.html").decode()
    assert not ADDRESS.search(page)
    assert SCRIPTS["vega-embed.min.js"] in page
    assert offline.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("folder", PROJECTS)
def test_every_project_uses_them(offline, folder):
    settings = (offline.folder / folder / ".dvc" / "config.local").read_text()
    template = re.search(r"html_template = (\S+)", settings)[1]
    used = offline.folder / folder / ".dvc" / template
    assert used.resolve() == offline.folder / ".dvc" / "plots.html"


def test_the_setting_is_taken_back_and_made_again(offline):
    offline.run("dvc", "config", "--local", "--unset", "plots.html_template")
    assert ADDRESS.search(show(offline))
    offline.run("dvc", "config", "--local", "plots.html_template", "plots.html")
    assert not ADDRESS.search(show(offline))


def test_a_browser_opens_the_page_without_a_request(offline, browser):
    browser.open(offline.folder / "dvc_plots" / "index.html")
    assert "reference: held-out loss of V" in browser.evaluate(TITLES)
    assert browser.errors == []


def test_the_scripts_that_dvc_names_are_fetched(served, tmp_path, monkeypatch, capsys):
    (tmp_path / ".dvc").mkdir()
    monkeypatch.setattr(offline_plots, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["offline_plots"])
    monkeypatch.setattr(offline_plots, "use_template", lambda _: None)
    tags = "\n".join(f'<script src="{served}/{name}"></script>' for name in SCRIPTS)
    monkeypatch.setattr(offline_plots.VegaRenderer, "SCRIPTS", tags)
    offline_plots.main()
    template = (tmp_path / ".dvc" / "plots.html").read_text()
    assert SCRIPTS["vega-embed.min.js"] in template
    assert not ADDRESS.search(template)
    assert "dvc plots show" in capsys.readouterr().out


def test_the_help_names_the_versions(project):
    shown = project.run("python", "-m", "tools.offline_plots", "--help").stdout
    assert len(re.findall(r"/(?:vega|vega-lite|vega-embed)@[\d.]+", shown)) == 3


def test_dvcs_page_has_three_scripts_which_are_all_replaced():
    assert [re.sub("@.*", "", address.split("/")[-1]) for address in offline_plots.addresses()] == [
        *("vega", "vega-lite", "vega-embed"),
    ]
    template = offline_plots.page_template(["a", "b", "c"])
    assert "{scripts}" not in template
    assert {"{plot_divs}", "{refresh_tag}"} <= set(re.findall(r"\{\w+\}", template))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vega.min.js"], "DVC's page has 3 scripts"),
        (["vega.min.js", "none.js", "vega-embed.min.js"], "none.js: No such file"),
        (["vega.min.js", "page.html", "vega-embed.min.js"], "page.html: it is HTML"),
        (
            ["http://127.0.0.1:9/vega.min.js", "a", "b"],
            "Connection refused; the scripts can be given",
        ),
    ],
)
def test_what_is_no_script_is_named_in_one_sentence(
    arguments, words, scripts, tmp_path, monkeypatch
):
    (scripts / "page.html").write_text("<!DOCTYPE html>")
    monkeypatch.chdir(scripts)
    monkeypatch.setattr(offline_plots, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["offline_plots", *arguments])
    with pytest.raises(SystemExit, match=re.escape(words)) as caught:
        offline_plots.main()
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / ".dvc").exists()
