"""What is done with a code block of each kind; a block that does not hold is an `AssertionError`."""

from __future__ import annotations

import doctest
import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING

from .pages import ROOT, blocks_of

if TYPE_CHECKING:
    from pathlib import Path

    from .pages import Block
    from .reader import Reader


def check_examples(block: Block, reader: Reader) -> None:
    """Run examples; the page's earlier names are known."""
    test = doctest.DocTestParser().get_doctest(block.text, reader.names, str(block), block.page, block.line)
    assert test.examples, f"{block}: there is no example in it"
    skipped = [example.source for example in test.examples if doctest.SKIP in example.options]
    assert not skipped, f"{block}: not run: {skipped}"
    told: list[str] = []
    failed = doctest.DocTestRunner().run(test, out=told.append, clear_globs=False).failed
    assert not failed, f"{block}\n{''.join(told)}"
    reader.names.update(test.globs)


def check_commands(block: Block, reader: Reader) -> None:
    """Run commands; each ends with exit code 0."""
    assert block.lines, f"{block}: there is no command in it"
    reader.run(block.lines)


def check_output(block: Block, reader: Reader) -> None:
    """Compare with what the last commands printed; a line `…` stands for any lines that are left out."""
    printed = list(map(_without_what_varies, reader.printed.splitlines()))
    position = 0
    for part in _parts(block.lines):
        shown = list(map(_without_what_varies, part))
        found = [at for at in range(position, len(printed)) if printed[at : at + len(shown)] == shown]
        assert found, "\n".join([f"{block}: the commands before it do not print", *part, "but", reader.printed])
        position = found[0] + len(shown)


def check_signatures(block: Block, reader: Reader) -> None:
    """Compare with the functions of these names: all of them public ones, or all of them the binding's."""
    text = re.sub(r"\n(?=\w)", ": ...\ndef ", f"def {block.text.rstrip()}") + ": ..."
    written: dict[str, object] = {}
    exec(f"from __future__ import annotations\n{text}", written)
    shown = {name: _parameters(value) for name, value in written.items() if inspect.isfunction(value)}
    module = import_module("rust_data_layer" if "build_info" in shown else "energy_data_layer")
    assert shown == {name: _parameters(getattr(module, name)) for name in shown}, str(block)


def check_tree(block: Block, reader: Reader) -> None:
    """Compare with the folders there are; where a folder's own folders are listed, all of them are."""
    listed: dict[str, set[str]] = {}
    parent = ""
    for line in block.lines:
        names = {name.rstrip("/") for name in re.split(" {2,}", line.strip())[0].split()}
        if line.startswith(" "):
            listed[parent] |= names
        else:
            (parent,) = names
            listed[parent] = set()
    for folder, names in listed.items():
        there = {path.name for path in (ROOT / folder).iterdir() if path.is_dir() and path.name != "__pycache__"}
        assert not names or names == there, f"{block}: in {folder} are {sorted(there)}, listed are {sorted(names)}"


def check_formulas(block: Block, reader: Reader) -> None:
    """Typeset every cell of the formulas."""
    from matplotlib.mathtext import MathTextParser

    body = re.sub(r"\\(begin|end)\{aligned\}", "", block.text)
    cells = [cell.strip() for cell in re.split(r"\\\\|&", body) if cell.strip()]
    assert cells, f"{block}: there is no formula in it"
    for cell in cells:
        try:
            MathTextParser("path").parse(f"${cell}$")
        except ValueError as error:
            raise AssertionError(f"{block}: {error}") from error


def check_query(block: Block, reader: Reader) -> None:
    """Run a query on the tables of a database, without rows."""
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.migrations import migrate

    with Database.connect("duckdb:///:memory:") as database:
        migrate(database)
        database.query(block.text)


def check_directive(block: Block, reader: Reader) -> None:
    """Leave it to `make docs`, which follows the directives of the site's pages and fails on a warning."""
    assert block.page.startswith("docs/"), f"{block}: it means nothing outside of the site"


CHECKS = {
    "examples": check_examples,
    "commands": check_commands,
    "output": check_output,
    "signatures": check_signatures,
    "tree": check_tree,
    "formulas": check_formulas,
    "query": check_query,
    "directive": check_directive,
}


def work_through(page: Path, reader: Reader) -> None:
    """Check all blocks of a page in its order."""
    for block in blocks_of(page):
        CHECKS[block.kind](block, reader)


def _without_what_varies(line: str) -> str:
    """Return a line without its times, the engine, and the width that a table takes from these."""
    line = re.sub(r"\d+\.\d+ s\b", "<time>", line)
    line = re.sub(r"(│ engine +│ ).* │", r"\1<engine> │", line)
    return re.sub(r" +", " ", re.sub(r"─+", "─", line))


def _parts(lines: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == "…":
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _parameters(function: object) -> list[tuple[str, object, object]]:
    parameters = inspect.signature(function).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in parameters]
