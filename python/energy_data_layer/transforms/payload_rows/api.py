"""The body of an API's answer to a typed table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow.compute as pc

from energy_data_layer.core.frames import wrap
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.comparer import shadowed
from energy_data_layer.engine.traced import traced
from energy_data_layer.errors import InfiniteValueError, OptionError, PayloadError
from energy_data_layer.transforms.payload_rows.report import PayloadReport
from energy_data_layer.transforms.payload_rows.rust import payload_rows_in_rust
from energy_data_layer.transforms.wide_to_long.api import lengthen, long_frame
from energy_data_layer.transforms.wide_to_long.columns import read_wide_columns
from energy_data_layer.transforms.wide_to_long.report import TotalMismatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from energy_data_layer.datasets.dataset import PageInfo, Service
    from energy_data_layer.datasets.envelope import Envelope
    from energy_data_layer.datasets.payload_fields import PayloadField
    from energy_data_layer.transforms.payload_rows.report import PayloadRows

    Page = bytes | bytearray | memoryview | str


@overload
def rows_from_api_payload(
    payload: Page | Sequence[Page],
    source: str,
    *,
    report: Literal[False] = ...,
    use_rust: bool | None = ...,
    threads: int | None = ...,
) -> pa.Table: ...


@overload
def rows_from_api_payload(
    payload: Page | Sequence[Page],
    source: str,
    *,
    report: Literal[True],
    use_rust: bool | None = ...,
    threads: int | None = ...,
) -> tuple[pa.Table, PayloadReport]: ...


@traced
@shadowed
def rows_from_api_payload(
    payload: Page | Sequence[Page],
    source: str,
    *,
    report: bool = False,
    use_rust: bool | None = None,
    threads: int | None = None,
) -> Any:
    """Turn the body of a public service's answer into a typed table.

    The body may be JSON or XML, whichever the service sent; an answer of the gateway, which speaks XML even
    where JSON was asked for, is understood for every source. Values come as texts or as numbers; blank texts and
    nulls are missing. "No data" is a table without rows.

    Parameters
    ----------
    payload : bytes, bytearray, memoryview or str, or a list or tuple of these
        The body of one page, or the bodies of several, whose rows are put one behind the other.
    source : str
        ``"asos"`` (hourly observations), ``"namdong_wind"`` or ``"nambu_solar"`` (generation by plant).
    report : bool, default False
        Return ``(table, PayloadReport)``.
    use_rust : bool, optional
        True demands the Rust engine, False the reference; by default the environment variable ``USE_RUST``
        decides (``0``, ``1``, ``auto``, ``shadow``).
    threads : int, optional
        As in `impute_missing_values`.

    Returns
    -------
    pyarrow.Table or (pyarrow.Table, PayloadReport)
        For ``"asos"`` one row per observation, in the order of the document, columns and types as in
        `energy_data_layer.datasets.asos`. For the generators one row per plant and hour:
        ``timestamp`` (wind: end of the hour; solar: its start), ``plant_name``, ``generation`` (kWh), then
        for wind ``ippt`` and ``hogi``, for solar ``gencd``, ``hogi``, ``daily_total``, ``daily_avg``,
        ``daily_max`` and ``daily_min``.

    Raises
    ------
    ApiError
        If the service or its gateway answered with an error of its own (a `RuntimeError`); it says whether
        asking again can help.
    PayloadError
        If the body is not what the service documents (a `ValueError`); it names the place.
    OptionError
        If `payload` or `source` is something else than listed above (a `ValueError`).
    EngineUnavailable
        If `use_rust` is True and the Rust engine is not installed.

    Examples
    --------
    >>> body = '''{"response": {
    ...     "header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"},
    ...     "body": {"items": {"item": [
    ...         {"tm": "2024-01-01 01:00", "stnId": "108", "stnNm": "Seoul", "ta": "-1.5", "rn": ""},
    ...         {"tm": "2024-01-01 02:00", "stnId": "108", "stnNm": "Seoul", "ta": "-2.0", "rn": "0.3"}]}}}}'''
    >>> rows_from_api_payload(body, "asos").select(["stnId", "ta", "rn"]).to_pylist()
    [{'stnId': 108, 'ta': -1.5, 'rn': None}, {'stnId': 108, 'ta': -2.0, 'rn': 0.3}]
    """
    known = fetched_datasets()
    if source not in known:
        raise OptionError(f"source is {source!r}; it can be {', '.join(known)}")
    service = known[source].service
    alone = not isinstance(payload, list | tuple)
    pages = [_checked_page(page) for page in ([payload] if alone else payload)]
    chosen = choice.choose(use_rust, threads)

    begin = time.perf_counter()
    if chosen.engine == "rust":
        rows = payload_rows_in_rust(pages, service.envelope, service.fields, alone=alone, threads=chosen.threads)
    else:
        rows = _rows_in_reference(pages, service.envelope, service.fields, alone=alone)
    try:
        table, mismatches = _to_long(rows.table, service, chosen)
    except InfiniteValueError as error:
        raise _too_large(error, rows.pages, alone=alone) from None
    seconds = time.perf_counter() - begin

    if not report:
        return table
    items = sum(page.items for page in rows.pages)
    return table, PayloadReport(
        rows.pages, items, rows.coerced, rows.drift, mismatches, chosen.engine, chosen.reason, seconds
    )


def _checked_page(page: Any) -> Page:
    if isinstance(page, memoryview):
        return page if page.c_contiguous and page.format == "B" else page.tobytes()
    if isinstance(page, bytes | bytearray | str):
        return page
    raise OptionError(
        f"the payload is, or holds, a {type(page).__module__}.{type(page).__qualname__}; accepted are bytes, "
        "bytearray, memoryview and str, or a list or tuple of these"
    )


def _to_long(items: pa.Table, service: Service, chosen: choice.Choice) -> tuple[pa.Table, list[TotalMismatch]]:
    """Return the items of a generator, days of plants, with one row per hour."""
    layout = service.layout
    if layout is None:
        return items, []
    if service.plant_fallback is not None and layout.plant is not None:
        named = pc.coalesce(items.column(layout.plant), items.column(service.plant_fallback))
        items = items.set_column(items.schema.get_field_index(layout.plant), layout.plant, named)
    frame = wrap(items)
    columns = read_wide_columns(frame, layout)
    # Pages overlap when items arrive between two requests: what is there twice is for the storage to judge.
    long = lengthen(columns, frame, chosen, unique=False)
    table: pa.Table = long_frame(columns, frame, long)
    names = [service.renamed.get(name, name) for name in table.column_names]
    return table.rename_columns(names), [TotalMismatch(*found) for found in long.total_mismatches]


def _too_large(error: InfiniteValueError, pages: Sequence[PageInfo], *, alone: bool) -> PayloadError:
    """Return the error about a value that is a number, but too large for sums, with its place in the pages."""
    item, page = error.rows[0], 0
    while item >= pages[page].items:
        item -= pages[page].items
        page += 1
    problem = f'"{error.values[0]}" is too large for a number'
    return PayloadError(problem, f"item[{item}].{error.column}", page + 1, alone=alone)


def _rows_in_reference(
    pages: Sequence[Page], envelope: Envelope, fields: tuple[PayloadField, ...], *, alone: bool
) -> PayloadRows:
    from energy_data_layer.transforms.payload_rows.reference import payload_rows

    return payload_rows(pages, envelope, fields, alone=alone)
