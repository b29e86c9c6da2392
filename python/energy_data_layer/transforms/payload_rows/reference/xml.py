"""An XML text to a tree; a document type declaration, and with it every entity of its own, is refused."""

from __future__ import annotations

import re
from typing import Any, NoReturn
from xml.parsers import expat

from energy_data_layer.errors import PayloadError
from energy_data_layer.transforms.payload_rows.reference.tree import DEEPEST, Element

_HTML = re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+)?html[\s>/]", re.IGNORECASE | re.ASCII)


def parse_xml(text: str) -> Element:
    """Return an element with the root in it; attributes, comments and instructions are left out."""
    if _HTML.match(text):
        raise PayloadError("an HTML page came instead of data")
    tree = _TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        # A str is parsed as UTF-8, whatever encoding it declares.
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise _malformed(str(error)) from None
    return tree.document


class _TreeBuilder:
    """Keeps what stands in each open element: its texts, and its children with their names."""

    def __init__(self) -> None:
        self._open: list[list[Any]] = [[]]

    @property
    def document(self) -> Element:
        return Element(self._open[0], "")

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        if len(self._open) > DEEPEST:
            raise _malformed(f"it is nested more than {DEEPEST} levels deep")
        self._open.append([])

    def end(self, name: str) -> None:
        parts = self._open.pop()
        try:
            value: str | Element = "".join(parts)
        except TypeError:  # there are children: no leaf
            children = [part for part in parts if isinstance(part, tuple)]
            value = Element(children, "".join(part for part in parts if isinstance(part, str)))
        self._open[-1].append((name, value))

    def text(self, text: str) -> None:
        self._open[-1].append(text)


def _refuse_doctype(*_: object) -> NoReturn:
    raise _malformed("it has a document type declaration, which is not accepted")


def _malformed(problem: str) -> PayloadError:
    return PayloadError(f"the body is no well-formed XML: {problem}")
