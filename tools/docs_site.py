"""Hooks of MkDocs: the article is the home page, README.md the first page of the documentation, and
links work as they do on GitHub.

Pages link to each other, to pictures and to code by paths of the repository. Here pictures outside
of docs/ are copied into the site, and links to other files lead to the repository on GitHub.
Without reports/article.html, README.md is the home page.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
from pathlib import Path, PurePosixPath

from markdown import Extension, Markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Link, Navigation
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
ARTICLE = ROOT / "reports" / "article.html"
OVERVIEW = "overview.html"  # README.md, where the article is the home page
# Of the article: empty and hidden where it is opened from disk, because it knows of no site there.
LINKS = '<nav class="site" aria-label="Site" hidden></nav>'
PICTURES = (".gif", ".jpg", ".png", ".svg", ".webp")
UNKNOWN = "https://github.com/OWNER/REPOSITORY"
# Code, in which there are no links; or what comes before a link's path, and the path.
LINK = re.compile(
    r"^```.*?^```$|`[^`]+`|(?P<before>\]\(|\b(?:src|srcset|href)=\")(?P<path>[^)\s\"]+)",
    re.M | re.S,
)
log = logging.getLogger("mkdocs.hooks.docs_site")


class TwoSpaces(Extension):  # type: ignore[misc]
    """Lists within lists are indented by two spaces, as on GitHub; Python-Markdown has four."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Set the indentation, and make the parser again, without extensions: this is the first."""
        md.tab_length = 2
        md.build_parser()


def origin() -> str:
    """The address on GitHub that git calls origin, or one that shows that it is not known."""
    command = ("git", "config", "remote.origin.url")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    match = re.search(r"github\.com[:/](.+?)(?:\.git)?/?$", found.strip())
    return f"https://github.com/{match[1]}" if match else UNKNOWN


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Without REPO_URL, take git's origin; the site's name leads to the article, if it is there."""
    if not config.repo_url:
        config.repo_url, config.repo_name = origin(), "GitHub"
    if ARTICLE.exists():
        config.extra["homepage"] = "index.html"
    config.markdown_extensions.insert(0, TwoSpaces())
    return config


def source(src_uri: str) -> PurePosixPath:
    """The path in the repository of a page of the site."""
    return PurePosixPath("README.md") if src_uri == "index.md" else PurePosixPath("docs", src_uri)


def target(page: str, link: str) -> str | None:
    """The path in the repository that a link of a page leads to; None if it leads elsewhere."""
    if re.match(r"\w+:|//|#", link):
        return None
    return os.path.normpath(source(page).parent / link.partition("#")[0])


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add README.md, the pictures outside of docs/, and the article."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = File.generated(config, "index.md", content=readme)
    files.append(first)
    for page in list(files.documentation_pages()):
        for match in LINK.finditer(page.content_string):
            path = target(page.src_uri, match["path"]) if match["path"] else None
            if path is None or path.startswith("docs/") or not path.endswith(PICTURES):
                continue
            if path not in files.src_uris and (ROOT / path).is_file():
                files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    if ARTICLE.exists():
        first.dest_uri = OVERVIEW
        files.append(File.generated(config, "index.html", content=article(config)))
    return files


def article(config: MkDocsConfig) -> str:
    """The article with links to the documentation and to the code."""
    text = ARTICLE.read_text(encoding="utf-8")
    if LINKS not in text:
        log.warning("reports/article.html has no place for links: write it anew, `make article`")
    links = f'<a href="{OVERVIEW}">Documentation</a> <a href="{config.repo_url}">Code</a>'
    return text.replace(LINKS, LINKS.replace(" hidden></nav>", f">{links}</nav>"))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Name the article first."""
    if ARTICLE.exists():
        nav.items.insert(0, Link("The article", "index.html"))
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to pages and pictures of the site, and to everything else on GitHub."""

    def replace(match: re.Match[str]) -> str:
        link = match["path"]
        path = link and target(page.file.src_uri, link)
        if not path:
            return match[0]
        if not (ROOT / path).exists():
            log.warning("%s: %s is not there", source(page.file.src_uri), link)
        inside = "index.md" if path == "README.md" else path.removeprefix("docs/")
        if inside in files.src_uris:
            to = os.path.relpath(inside, PurePosixPath(page.file.src_uri).parent)
        else:
            to = f"{config.repo_url}/{'tree' if (ROOT / path).is_dir() else 'blob'}/main/{path}"
        return f"{match['before']}{to}{''.join(link.partition('#')[1:])}"

    return LINK.sub(replace, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Material would ask api.github.com for stars and forks each time a page is looked at."""
    return output.replace(' data-md-component="source"', "")
