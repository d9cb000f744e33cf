"""Makes the pages of `dvc plots` work without a network: python -m tools.offline_plots

A page of `dvc plots show` or `diff` takes three scripts, Vega's, from the network whenever it is
opened. They are fetched once, and written into a template of the page, .dvc/plots.html, which
every project's config (.dvc/config.local) then names.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from urllib.request import urlopen

from dvc.config import Config
from dvc_render.html import PAGE_HTML
from dvc_render.vega import VegaRenderer

from tools.command_errors import errors_in_a_line
from tools.rooms import ROOT
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import system_error
from worldmodels.pipeline.outputs import AtomicOutputs

TEMPLATE = Path(".dvc/plots.html")
TIMEOUT = 60.0  # seconds without an answer


def addresses() -> list[str]:
    """Where DVC's page takes its scripts from, in their order."""
    return re.findall(r'src="([^"]+)"', VegaRenderer.SCRIPTS)


def read_script(source: str) -> str:
    """The text of a script: a file, or an address.

    Raises:
        UserError: it cannot be had, or is a page of HTML (a network's log-in, for example).
    """
    try:
        if "://" in source:
            with urlopen(source, timeout=TIMEOUT) as answer:
                text = str(answer.read(), "utf-8")
        else:
            text = Path(source).read_text(encoding="utf-8")
    except OSError as error:
        reason = getattr(error, "reason", error)
        reason = f"{source}: {reason}" if "://" in source else system_error(error)
        raise UserError(reason, "the scripts can be given as files, see --help") from None
    except UnicodeDecodeError:
        raise UserError(f"{source}: it is no text") from None
    if text.lstrip().startswith("<"):
        raise UserError(f"{source}: it is HTML, not a script")
    return text


def page_template(scripts: list[str]) -> str:
    """DVC's page, with scripts inside in place of their addresses."""
    # In a string of JavaScript "<\/" is "</", but ends no element of HTML.
    texts = [text.replace("</script", r"<\/script") for text in scripts]
    inside = "\n".join(f"<script>{text}</script>" for text in texts)
    return str(PAGE_HTML.replace("{scripts}", inside))


def use_template(path: Path) -> None:
    """Let the projects of this repository make their pages from a template."""
    for pattern in (".dvc", "*/.dvc", "*/*/.dvc"):
        for folder in ROOT.glob(pattern):
            with Config(str(folder)).edit("local") as config:
                config["plots"]["html_template"] = os.path.relpath(path, folder)


def main() -> None:
    """Write the template, and set it."""
    parser = argparse.ArgumentParser(prog="python -m tools.offline_plots", description=__doc__)
    expected = addresses()
    parser.add_argument(
        "scripts",
        nargs="*",
        default=expected,
        help="files, in place of a download; by default, in this order: " + " ".join(expected),
    )
    sources = parser.parse_args().scripts
    with errors_in_a_line("offline_plots"):
        if len(sources) != len(expected):
            raise UserError(f"DVC's page has {len(expected)} scripts: {' '.join(expected)}")
        content = page_template([read_script(source) for source in sources]).encode()
        path = ROOT / TEMPLATE
        with AtomicOutputs() as outputs, outputs.writing(path) as temporary:
            temporary.write_bytes(content)
        use_template(path)
    print(f"{TEMPLATE}, {len(content) / 1e6:.1f} MB: dvc plots show and diff use it from now on")


if __name__ == "__main__":
    main()
