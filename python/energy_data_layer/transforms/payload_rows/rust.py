"""`rows_from_api_payload` in Rust, up to the item table."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from energy_data_layer import errors
from energy_data_layer.datasets.dataset import PageInfo
from energy_data_layer.engine import choice
from energy_data_layer.engine.boundary import defects_as_engine_errors, engine_error
from energy_data_layer.transforms.payload_rows.report import PayloadDrift, PayloadRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from energy_data_layer.datasets.envelope import Envelope
    from energy_data_layer.datasets.payload_fields import PayloadField


@defects_as_engine_errors()
def payload_rows_in_rust(
    payloads: Sequence[bytes | bytearray | memoryview | str],
    envelope: Envelope,
    fields: tuple[PayloadField, ...],
    *,
    alone: bool,
    threads: int | None = None,
) -> PayloadRows:
    """Run `rows_from_api_payload` in Rust, up to the item table."""
    rust = choice.rust()
    try:
        result = rust.rows_from_api_payload(
            payloads, envelope=rust_envelope(envelope), fields=rust_fields(fields), threads=threads
        )
    # The cause would show texts of the body that the translated error leaves out.
    except rust.PayloadError as error:
        problem, place, page = error.args
        raise errors.PayloadError(problem, place, page, alone=alone) from None
    except rust.ApiError as error:
        code, message, page = error.args
        raise errors.ApiError(code, message, page, alone=alone) from None
    except rust.EngineError as error:
        raise engine_error(error) from error
    said = result.report
    table, pages = pa.table(result), tuple(PageInfo(**page) for page in said["pages"])
    return PayloadRows(
        table=table,
        pages=pages,
        coerced=said["coerced"],
        drift=PayloadDrift(said["unknown_fields"], said["vanished_fields"], said["retyped_fields"]),
    )


@cache
def rust_envelope(envelope: Envelope) -> dict[str, Any]:
    """Return what the engine has to know of an envelope: all of it."""
    return asdict(envelope)


@cache
def rust_fields(fields: tuple[PayloadField, ...]) -> list[tuple[str, str, bool, bool, tuple[str, ...]]]:
    """Return what the engine has to know of the fields: name, kind, required, an hour, documented JSON kinds."""
    return [
        (
            field.name,
            f"int{field.arrow_type.bit_width}" if field.kind == "integer" else field.kind,
            field.required,
            field.is_hour,
            field.documented,
        )
        for field in fields
    ]
