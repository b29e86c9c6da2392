"""Envelopes of any names, and documents in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.datasets.envelope import Envelope

from .payload_mutations import NAMES

if TYPE_CHECKING:
    from numpy.random import Generator

CODES = ["00", "0", "3", "03", "800", "ok", "가"]
MESSAGES = ["", "NORMAL", "OK", "정상"]


def any_envelope(random: Generator) -> Envelope:
    """Return an envelope of names that stand in bodies and in their mutations, in any role."""

    def names(count: int) -> list[str]:
        return list(random.choice(NAMES, count, replace=False).tolist())

    def codes() -> tuple[str, ...]:
        return tuple(random.choice(CODES, int(random.integers(3))).tolist())

    header, body = names(2)
    code, message = names(2)
    items, page_no, rows_per_page, last, *total_count = names(4 + int(random.integers(3)))
    header_required, items_required, xml, in_items = (random.random(4) < 0.5).tolist()
    return Envelope(
        roots=tuple(names(int(random.integers(1, 4)))),
        header=header,
        code=code,
        message=message,
        header_required=header_required,
        success=codes(),
        success_message=str(random.choice(MESSAGES)),
        no_data=codes(),
        body=body,
        items=items,
        items_required=items_required,
        item="" if in_items else names(1)[0],
        page_no=page_no,
        rows_per_page=rows_per_page,
        last=last,
        total_count=tuple(total_count),
        xml=xml,
    )


def in_envelope(items: list[dict[str, Any]], envelope: Envelope, random: Generator) -> dict[str, Any]:
    """Return the document of a page, most often of one with data."""
    codes = [*envelope.success, *envelope.success, *envelope.no_data, *CODES]
    header = {
        envelope.code: str(random.choice(codes)),
        envelope.message: f"{envelope.success_message or 'NORMAL'}_SERVICE",
    }
    numbers = dict.fromkeys(envelope.total_count, len(items)) | {envelope.page_no: 1, envelope.last: "true"}
    listed = {envelope.item: items} if envelope.item and random.random() < 0.8 else items
    body = {envelope.items: listed, **numbers}
    return {str(random.choice(envelope.roots)): {envelope.header: header, envelope.body: body}}
