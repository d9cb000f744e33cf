"""Hostile params of every kind, key by key, and the answer of `read_params`.

`python -m tests.support.hostile_params` prints the counts as Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import yaml

from tests.support.params_keys import ALL_KEYS, GOOD, OPTIONAL, changed, dotted, out_of_bounds
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError

MARK = "a_value_goes_here"

WRONG_TYPES = (
    *("", "~", "null", "many", "[]", "{}", "[1]", "[[[1]]]", "{a: 1}", "true", "no", "'3 cars'"),
    *("2001-01-01", "2001-01-01 12:00:00", "|\n  text", "0x", "1.5.2", "--1", "1,000", "1 2", "="),
)
NOT_NUMBERS = (".nan", ".NaN", "nan", "'NaN'", ".inf", "-.inf", "inf", "'-Infinity'", "1e999")
HUGE = (
    *("1e308", "-1e308", "1e-320", "9223372036854775807", "9223372036854775808", "1" * 30),
    *("-" + "9" * 400, "1" * 5000, "0x" + "f" * 5000, "0b" + "1" * 9000, "1e" + "9" * 500),
    *("1:" * 2000 + "1", "1:" * 2000 + "1.5", "0" * 5000 + "1", "3" + ".0" * 1 + "0" * 9000),
)
UNICODE = (
    *("'\uff13'", "٣", "'½'", "é", "'\\u2028'", '"\\u2028"', '"a\\u0085b\\nc"', '"\\ud800"', "😀"),
    *('"\\x00"', '"\\x1b[31m"', "\u202e3", "\ufeff3", "'" + "x" * 20000 + "'", "Ⅷ", "\uff13.0"),
)
TAGS = (
    *("!!python/object/apply:os.getcwd []", "!!python/name:os.system", "!!int '3'", '!!int ""'),
    *("!!float x", "!!bool maybe", "!!binary aGk=", "!!timestamp x", "!!set {3}", "!local 3"),
    *("!!null 3", "!!omap [a: 1]", "! 3", "!<tag:yaml.org,2002:str> 3", "!!merge 3", "!!value 3"),
)
ALIASES = (
    *("&a 3", "*a", "&a [*a]", "&a {b: *a}", "[&a 1, *a]", "{<<: {a: 1}}", "{<<: [1]}", "<<"),
    *("&a [x, x]\nb: &b [*a, *a]", "{<<: *nobody}"),
)
DIALECTS = (  # what YAML 1.1, YAML 1.2 and Python read in different ways, or not at all
    *("010", "0o17", "0b101", "1_0", "1:30", "1:30:05.5", "08", "yes", "off", "0o8", "0x_", "-_"),
)


class Hostile(NamedTuple):
    """A params file, and what is wrong with it."""

    kind: str
    where: str  # the dotted key; empty if it is the whole file
    text: str


def yaml_text(params: Any, **options: Any) -> str:
    """These params as YAML, by LibYAML: thousands of such files take seconds less."""
    return yaml.dump(params, Dumper=yaml.CSafeDumper, **options)


def hostile_values() -> Iterator[Hostile]:
    """Every key with every hostile value."""
    kinds = {
        "wrong type": WRONG_TYPES,
        "NaN, infinity": NOT_NUMBERS,
        "huge number": HUGE,
        "unicode": UNICODE,
        "tag": TAGS,
        "anchor, alias, merge key": ALIASES,
        "two dialects": DIALECTS,
    }
    for good, where, kind in ALL_KEYS:
        params = changed(where, MARK, good)
        before, _, after = yaml_text(params, width=10**6).partition(MARK)
        values = [(name, value) for name, values in kinds.items() for value in values]
        values += [("out of bounds", value) for value in out_of_bounds(kind)]
        for name, value in values:
            yield Hostile(name, dotted(where), f"{before}{value}{after}")


def hostile_sections() -> Iterator[Hostile]:
    """Keys that are missing, unknown, given twice, or not text."""
    for good, where, _ in ALL_KEYS:
        *outer, name = where
        if isinstance(name, int):
            continue
        params = changed(where, None, good)
        section: Any = params
        for step in outer:
            section = section[step]
        del section[name]
        if where not in OPTIONAL:
            yield Hostile("missing key", dotted(where), yaml_text(params))
        value = good if not outer else None
        for odd in (f"{name}x", f"{name} - at `$.{name}`", f"{name}\n", "x\u2028y", "", "x" * 9999):
            text = yaml_text(changed((*outer, odd), value, good), allow_unicode=True)
            yield Hostile("unknown key", dotted(tuple(outer)), text)
        for odd in (7, None, True, 0.5):
            text = yaml_text(changed((*outer, odd), 1, good))  # type: ignore[arg-type]
            yield Hostile("key that is no text", dotted(tuple(outer)), text)
        flow = yaml_text(good, default_flow_style=True, width=10**6)
        at = flow.index(f"{name}: ")
        yield Hostile("key given twice", "", f"{flow[:at]}{name}: 1, {flow[at:]}")


def hostile_files() -> Iterator[Hostile]:
    """Files that would cost a naive reader memory, stack or an hour; files without params."""
    good = yaml.safe_dump(GOOD)
    laughs = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
    )
    merges = "a: &a {x: 1}\n" + "".join(
        f"{b}: &{b} {{<<: [*{a}, *{a}, *{a}]}}\n"
        for a, b in zip("abcdefghijklmnopqrstu", "bcdefghijklmnopqrstuv", strict=True)
    )
    for text in (laughs, merges, good + laughs, good + merges, laughs + good):
        yield Hostile("bomb of aliases", "", text)
    for opening in ("[", "{a: ", "- ", "? ", "[[{a: "):
        for times in (20, 999, 5000, 10**5):
            yield Hostile("nested deeply", "", "seed: " + opening * times)
            yield Hostile("nested deeply", "", opening * times)
    for count in (500, 4000, 10**6):
        yield Hostile("long", "", good + "".join(f"k{number}: 1\n" for number in range(count)))
        yield Hostile("long", "", good + "seed: 1\n" * count)
        yield Hostile("long", "", good.replace("seed: 0", "seed: " + "9" * count))
        yield Hostile("long", "", good.replace("seed: 0", "seed: [" + "1," * count + "]"))
    odd = (
        *("", "\n", "# nothing", "---\n", "--- 1\n--- 2\n", "text", "3", "[]", "{}", "- seed: 0"),
        *("%YAML 9.9\n---\n", "%TAG ! x:\n---\n!a 1", "seed: 'open", "\tseed: 0", "a: b: c"),
        *(good + "...\n" + good, "{" + good, good.replace(":", "\uff1a"), "\ufeff\ufeff" + good),
    )
    for text in odd:
        yield Hostile("no params", "", text)


def hostile() -> Iterator[Hostile]:
    """All hostile params."""
    yield from hostile_values()
    yield from hostile_sections()
    yield from hostile_files()


def verdict(file: Hostile, path: Path) -> str:
    """The error of `read_params`; empty if it accepts the file."""
    path.unlink(missing_ok=True)  # overwriting a file takes ten times as long
    path.write_text(file.text, encoding="utf-8")
    try:
        read_params(path)
    except UserError as error:
        return str(error)
    return ""


def main() -> None:
    """Print the counts."""
    tried: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    keyed: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        path = Path(folder, "params.yaml")
        for file in hostile():
            error = verdict(file, path)
            tried[file.kind] += 1
            accepted[file.kind] += not error
            keyed[file.kind] += bool(error) and "not valid YAML" not in error
    print("| hostile params | files | a run | a line with the key | a line: no plain YAML |")
    print("|---|---:|---:|---:|---:|")
    for kind in tried:
        rest = tried[kind] - accepted[kind] - keyed[kind]
        print(f"| {kind} | {tried[kind]:,} | {accepted[kind]} | {keyed[kind]:,} | {rest:,} |")
    rest = tried.total() - accepted.total() - keyed.total()
    print(f"| all | {tried.total():,} | {accepted.total()} | {keyed.total():,} | {rest:,} |")


if __name__ == "__main__":
    main()
