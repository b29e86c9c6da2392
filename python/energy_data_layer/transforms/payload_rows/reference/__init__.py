"""The bodies of an API's answers to one typed table, in the standard library, pandas and pyarrow."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from energy_data_layer.errors import ApiError, PayloadError
from energy_data_layer.transforms.payload_rows.reference.columns import FieldColumn, read_column
from energy_data_layer.transforms.payload_rows.reference.envelope import Page, read_page
from energy_data_layer.transforms.payload_rows.reference.tree import Element, first_repeated, is_blank, kind_of
from energy_data_layer.transforms.payload_rows.report import PayloadDrift, PayloadRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from energy_data_layer.datasets.envelope import Envelope
    from energy_data_layer.datasets.payload_fields import PayloadField

Item = dict[str, Any]


def payload_rows(
    payloads: Sequence[bytes | bytearray | memoryview | str],
    envelope: Envelope,
    fields: tuple[PayloadField, ...],
    *,
    alone: bool,
) -> PayloadRows:
    """Return the items of all pages; the public function has the full description.

    The first error in document order is raised. Whole columns are converted, so what stands before an error of
    structure is converted first.
    """
    pages: list[Page] = []
    items: list[Item] = []
    error_behind: PayloadError | ApiError | None = None
    try:
        for payload in payloads:
            page = read_page(payload, envelope)
            pages.append(page)
            for item in page.items:
                items.append(_fields(item))  # noqa: PERF401 - what stands before a bad item is kept
    except _ItemError as error:
        error_behind = _located(error, len(items), pages, alone=alone)
    except PayloadError as error:
        error_behind = PayloadError(error.problem, error.place, len(pages) + 1, alone=alone)
    except ApiError as error:
        error_behind = ApiError(error.code, error.message, len(pages) + 1, alone=alone)

    if error_behind is not None and not items:
        raise error_behind
    stored = [field for field in fields if field.stored]
    columns = {field.name: read_column(field, [item.get(field.name) for item in items]) for field in stored}
    layouts = Counter(map(tuple, items))
    first_error = _first_item_error(items, stored, columns, layouts)
    if first_error is not None:
        row, problem = first_error
        raise _located(problem, row, pages, alone=alone)
    if error_behind is not None:
        raise error_behind
    return PayloadRows(
        table=pa.table({name: column.values for name, column in columns.items()}),
        pages=tuple(page.info for page in pages),
        coerced={name: column.coerced for name, column in columns.items() if column.coerced},
        drift=_drift(fields, layouts, columns),
    )


class _ItemError(Exception):
    """A problem of an item, or of one of its fields."""

    def __init__(self, problem: str, field: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.field = field


def _fields(item: Any) -> Item:
    """Return the fields of an item, or raise what is wrong with its structure."""
    if isinstance(item, dict):
        return item
    if not isinstance(item, Element):
        raise _ItemError(f"{kind_of(item)} where an object is expected")
    if not is_blank(item.text):
        raise _ItemError("text between the elements")
    fields = dict(item.children)
    if len(fields) < len(item.children):
        raise _ItemError("occurs more than once", first_repeated(name for name, _ in item.children))
    return fields


def _first_item_error(
    items: list[Item], fields: list[PayloadField], columns: dict[str, FieldColumn], layouts: Counter[tuple[str, ...]]
) -> tuple[int, _ItemError] | None:
    """Return the first error of values and required fields, with its row.

    Within an item, wrong values come first, in document order, then the required fields, in table order.
    """
    found: list[tuple[int, int, int, _ItemError]] = []
    for position, field in enumerate(fields):
        column = columns[field.name]
        for row, problem in column.wrong:
            found.append((row, 0, list(items[row]).index(field.name), _ItemError(problem, field.name)))
        if column.absent is not None:
            is_blank_there = items[column.absent].get(field.name) is not None
            problem = "is blank" if is_blank_there else "is missing"
            found.append((column.absent, 1, position, _ItemError(problem, field.name)))
    hours = [field.name for field in fields if field.is_hour]
    without_hours = {layout for layout in layouts if hours and not set(hours) & set(layout)}
    if without_hours:
        row = next(row for row, item in enumerate(items) if tuple(item) in without_hours)
        found.append((row, 2, 0, _ItemError(f"has none of the fields {hours[0]} to {hours[-1]}")))
    if not found:
        return None
    row, _, _, error = min(found, key=lambda each: each[:3])
    return row, error


def _located(error: _ItemError, row: int, pages: list[Page], *, alone: bool) -> PayloadError:
    """Return the error of an item, given its position among the items of all pages."""
    number = 0
    while row >= len(pages[number].items):
        row -= len(pages[number].items)
        number += 1
    place = pages[number].place.replace("{}", str(row)) + ("" if error.field is None else f".{error.field}")
    return PayloadError(error.problem, place, number + 1, alone=alone)


def _drift(
    fields: tuple[PayloadField, ...], layouts: Counter[tuple[str, ...]], columns: dict[str, FieldColumn]
) -> PayloadDrift:
    known = {field.name for field in fields}
    unknown: Counter[str] = Counter()
    for layout, items in layouts.items():
        unknown.update({name: items for name in layout if name not in known})
    vanished, retyped = {}, {}
    for field in fields:
        if not field.stored:
            continue
        absent = sum(items for layout, items in layouts.items() if field.name not in layout)
        if absent:
            vanished[field.name] = absent
        kinds = columns[field.name].kinds
        kinds = kinds | {"null": kinds["null"] - absent}
        changed = {kind: count for kind, count in kinds.items() if count and kind not in field.documented}
        if changed:
            retyped[field.name] = changed
    return PayloadDrift(dict(unknown), vanished, retyped)
