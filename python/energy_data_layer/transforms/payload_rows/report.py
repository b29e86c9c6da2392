"""What was found in the answers of a service, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from energy_data_layer.datasets.dataset import PageInfo
    from energy_data_layer.transforms.wide_to_long.report import TotalMismatch


@dataclass(frozen=True)
class PayloadDrift:
    """Where the items differ from what the service documents; nothing of it is an error.

    Attributes
    ----------
    unknown_fields : dict of str to int
        Items that have a field which is not documented.
    vanished_fields : dict of str to int
        Items that lack a field which is documented.
    retyped_fields : dict of str to dict of str to int
        Values per field that came as another kind than documented: ``text``, ``number`` or ``null``.
    """

    unknown_fields: dict[str, int]
    vanished_fields: dict[str, int]
    retyped_fields: dict[str, dict[str, int]]

    @property
    def is_empty(self) -> bool:
        """Whether all items are as documented."""
        return not (self.unknown_fields or self.vanished_fields or self.retyped_fields)


@dataclass(frozen=True)
class PayloadReport:
    """What `rows_from_api_payload` found.

    Attributes
    ----------
    pages : tuple of PageInfo
        One entry per page.
    items : int
        Items of all pages.
    coerced : dict of str to int
        Texts per field that could not be read and were therefore taken as missing; blank ones do not count.
    drift : PayloadDrift
        Where the items differ from what the service documents.
    total_mismatches : list of TotalMismatch
        Items of a generator whose hours do not add up to their daily total, beyond rounding.
    engine : str
        ``"rust"`` or ``"reference"``: the engine whose answer this is.
    engine_reason : str
        Why that engine ran.
    seconds : float
        Wall time of the engine.
    """

    pages: tuple[PageInfo, ...]
    items: int
    coerced: dict[str, int]
    drift: PayloadDrift
    total_mismatches: list[TotalMismatch]
    engine: str
    engine_reason: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self) | {"pages": [asdict(page) for page in self.pages]}


@dataclass(frozen=True)
class PayloadRows:
    """The items of all pages.

    Attributes
    ----------
    table : pyarrow.Table
        One row per item.
    pages : tuple of PageInfo
        What each page says of itself.
    coerced : dict of str to int
        Texts per field that could not be read.
    drift : PayloadDrift
        Where the items differ from what the service documents.
    """

    table: pa.Table
    pages: tuple[PageInfo, ...]
    coerced: dict[str, int]
    drift: PayloadDrift
