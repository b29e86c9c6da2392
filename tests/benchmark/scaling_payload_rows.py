"""The scaling of `rows_from_api_payload`: pages of the ASOS service, in JSON and in XML."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
from payload_peers import NUMBERS, PEERS, as_asos_table
from payloads import page
from scaling_agreement import Agreement, agreement
from scaling_work import Peer, Work

from energy_data_layer import rows_from_api_payload

TRANSFORMS = {"json": "payload_rows_json", "xml": "payload_rows_xml"}
PEERS_OF_FORM = {"json": ("orjson + pandas", "polars", "DuckDB"), "xml": ("lxml + pandas",)}
ITEMS_PER_PAGE = 1_000
"""About what the service sends at most."""
DIFFERENT_PAGES = 10
"""More are copies, each in its own memory: making up a million items would take longer than all measurements."""


def work(form: str, items: int) -> Work:
    """Return the input and who works on it."""
    pages = _pages(form, items)
    megabytes = sum(map(len, pages)) / 1e6
    peers = {name: Peer(partial(PEERS[name], pages), compare=_compare) for name in PEERS_OF_FORM[form]}
    return Work(
        transform=TRANSFORMS[form],
        size=items,
        unit="items",
        input=f"{items:,} items of ASOS in {form.upper()}, {len(pages):,} pages, {megabytes:,.1f} MB",
        function="rows_from_api_payload",
        public_call=lambda use_rust: rows_from_api_payload(pages, "asos", use_rust=use_rust),
        observed=[],
        peers=peers,
        known_answer=partial(_answer_to_copies, pages) if len(pages) > DIFFERENT_PAGES else None,
    )


def _pages(form: str, items: int) -> list[bytes]:
    if items <= ITEMS_PER_PAGE:
        return [page("asos", form, items)]
    pages = items // ITEMS_PER_PAGE
    different = [page("asos", form, ITEMS_PER_PAGE, seed) for seed in range(min(pages, DIFFERENT_PAGES))]
    return [bytes(bytearray(different[number % DIFFERENT_PAGES])) for number in range(pages)]


def _answer_to_copies(pages: list[bytes]) -> pa.Table:
    """Return the reference's answer, which asks it for the different pages only."""
    answer = rows_from_api_payload(pages[:DIFFERENT_PAGES], "asos", use_rust=False)
    return pa.concat_tables([answer] * (len(pages) // DIFFERENT_PAGES))


def _compare(expected: pa.Table, actual: Any) -> Agreement:
    return agreement(expected, as_asos_table(actual), [expected.select(NUMBERS)])
