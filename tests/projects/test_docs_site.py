"""The site of `make docs`: every page and picture of README.md and docs/, without the network."""

import html.parser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documented_commands import FENCE, PAGES, read
from tests.support.project import ROOT
from tools.article import make_article

pytest.importorskip("material", reason="needs requirements-docs.txt")

REPOSITORY = "https://github.com/someone/fork"
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout as `make docs` does."""
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(site))
    env = {**os.environ, "REPO_URL": REPOSITORY, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


class Addresses(html.parser.HTMLParser):
    """What a page loads and where its links lead."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.pictures.append(values["src"])
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in ("script", "link") and values.get("rel") not in ("canonical", "next", "prev"):
            self.loaded += [values[name] for name in ("src", "href") if name in values]


def copy_checkout(folder: Path) -> Path:
    """Copy the files that the site is made of, to be changed, without an article."""
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copy(ROOT / "README.md", folder)
    for path in ("docs", "tools"):
        shutil.copytree(ROOT / path, folder / path)
    for path in ROOT.iterdir():
        if not (folder / path.name).exists() and path.name not in ("site", "reports", ".git"):
            (folder / path.name).symlink_to(path)
    leave_out = shutil.ignore_patterns("article.html")
    shutil.copytree(ROOT / "reports", folder / "reports", ignore=leave_out)
    return folder


@pytest.fixture
def checkout(tmp_path):
    return copy_checkout(tmp_path)


@pytest.fixture(scope="module")
def article():
    return make_article()


@pytest.fixture(scope="module")
def site(article, tmp_path_factory):
    """The site with the article."""
    folder = copy_checkout(tmp_path_factory.mktemp("checkout"))
    (folder / "reports" / "article.html").write_text(article, encoding="utf-8")
    result = build(folder, folder / "site")
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "site"


def test_every_page_is_there_with_its_pictures(site):
    for page in PAGES:
        name = "overview" if page == "README.md" else Path(page).stem
        pictures = Addresses(site / f"{name}.html").pictures
        assert len(pictures) >= len(PICTURE.findall(FENCE.sub("", read(page))))
        assert not [each for each in pictures if not (site / each).is_file()]


def test_lists_are_lists(site):
    """Python-Markdown begins none after a paragraph; GitHub does. A blank line between helps."""
    for page in set(site.glob("*.html")) - {site / "index.html"}:
        text = re.sub(r"<pre>.*?</pre>", "", page.read_text(encoding="utf-8"), flags=re.S)
        assert not re.findall(r"^(?:[-*]|\d\.) .*", text, re.M), page.name


def test_links_to_code_lead_to_the_repository_and_links_to_pages_stay(site):
    links = Addresses(site / "results.html").links
    assert f"{REPOSITORY}/blob/main/benchmarks/planner.py" in links
    assert "carracing.html" in links
    links = Addresses(site / "overview.html").links
    assert f"{REPOSITORY}/tree/main/recipes/paper" in links
    assert "dvc.html#released-agents" in links


def test_a_page_loads_nothing_from_elsewhere(site):
    for page in site.glob("*.html"):
        assert not [each for each in Addresses(page).loaded if "//" in each]


def test_in_a_browser_the_search_finds_pages_from_disk(site, browser):
    browser.open(site / "overview.html")
    browser.evaluate("document.querySelector('[data-md-toggle=search]').click()")
    found = browser.evaluate(
        """new Promise((done) => {
            const query = document.querySelector("[data-md-component=search-query]");
            query.value = "temperature";
            const wait = setInterval(() => {
                query.dispatchEvent(new Event("keyup"));
                const links = [...document.querySelectorAll("a.md-search-result__link")];
                if (links.length) {
                    clearInterval(wait);
                    done(links.map((link) => link.getAttribute("href")));
                }
            }, 100);
        })"""
    )
    assert any("dreams.html" in link for link in found)
    assert not browser.errors


def test_what_leads_nowhere_and_pages_without_a_title_fail(checkout):
    faults = {
        "README.md": ("[here](docs/nowhere.md)", "docs/nowhere.md is not there"),
        "docs/play.md": ("[here](../stages/nowhere.py)", "../stages/nowhere.py is not there"),
        "docs/speed.md": ('<img src="../nowhere.png">', "../nowhere.png is not there"),
        "docs/dreams.md": ("[here](dvc.md#nowhere)", "does not contain an anchor '#nowhere'"),
        "docs/other.md": ("# Other", "other.md"),
        "reports/article.html": ("<p>A car dreams.</p>", "article.html has no place for links"),
    }
    for path, (text, _) in faults.items():
        with (checkout / path).open("a", encoding="utf-8") as page:
            page.write(f"\n{text}\n")
    result = build(checkout, checkout / "site")
    assert result.returncode != 0
    assert result.stderr.count("WARNING") == len(faults)
    assert not [message for _, message in faults.values() if message not in result.stderr]


def test_lists_within_lists_are_indented_as_on_github():
    markdown = pytest.importorskip("markdown")
    docs_site = pytest.importorskip("tools.docs_site")
    convert = markdown.Markdown(extensions=[docs_site.TwoSpaces()]).convert
    assert "".join(convert("- a\n  - b").split()) == "<ul><li>a<ul><li>b</li></ul></li></ul>"


def test_the_article_is_the_home_page_and_leads_to_the_documentation_and_the_code(site):
    assert Addresses(site / "index.html").links == ["overview.html", REPOSITORY] * 2
    for page in ("overview.html", "dvc.html"):
        assert "index.html" in Addresses(site / page).links


def test_the_article_of_the_site_is_that_from_disk_but_for_its_links(site, article):
    links = f'<a href="overview.html">Documentation</a> <a href="{REPOSITORY}">Code</a>'
    text = (site / "index.html").read_text(encoding="utf-8")
    assert text.replace(f">{links}</nav>", " hidden></nav>") == article != text


def test_in_a_browser_the_first_tab_stop_leads_to_the_documentation_and_its_name_back(
    site, browser
):
    browser.open(site / "index.html", prefers_reduced_motion="reduce")
    browser.key("Tab")
    assert browser.evaluate("document.activeElement.href") == (site / "overview.html").as_uri()
    assert not browser.errors
    browser.open(site / "overview.html")
    back = browser.evaluate("document.querySelector('.md-header .md-logo').href")
    assert back == (site / "index.html").as_uri()
    assert not browser.errors


def test_without_the_article_readme_is_the_home_page(checkout):
    assert build(checkout, checkout / "site").returncode == 0
    assert not (checkout / "site" / "overview.html").exists()
    links = Addresses(checkout / "site" / "index.html").links
    assert "dvc.html#released-agents" in links
    assert "index.html" in Addresses(checkout / "site" / "dvc.html").links
