from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypedDict, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer, CapsuleType

__all__ = [
    "ApiError",
    "CompletedTable",
    "EngineError",
    "GapModelTable",
    "ImputedTable",
    "LongTable",
    "PayloadError",
    "PayloadTable",
    "RowError",
    "TooManyRowsError",
    "__version__",
    "build_info",
    "complete_hours",
    "fit_gap_model",
    "impute_missing_values",
    "rows_from_api_payload",
    "transform_wide_to_long",
]

__version__: str

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

_Table: TypeAlias = Buffer | _ArrowStream | _ArrowArray | dict[str, _ArrowStream | _ArrowArray | NDArray[np.float64]]

class _BuildInfo(TypedDict):
    version: str
    debug: bool
    arch: str
    os: str
    threads: int

class _ColumnReport(TypedDict):
    codes: list[int]
    coerced: int
    gap_lengths: dict[int, int]
    clipped: int

class _ModelInputs(TypedDict):
    step: int
    since: str
    until: str
    rows: int

class _LongReport(TypedDict):
    rows_skipped: list[int]
    coerced: int
    missing: int
    totals_checked: int
    total_mismatches: list[tuple[int, float, float]]

class _PageInfo(TypedDict):
    items: int
    page_no: int | None
    rows_per_page: int | None
    total_count: int | None
    last: bool | None

class _PayloadReport(TypedDict):
    pages: list[_PageInfo]
    items: int
    coerced: dict[str, int]
    unknown_fields: dict[str, int]
    vanished_fields: dict[str, int]
    retyped_fields: dict[str, dict[str, int]]

class RowError(ValueError): ...
class TooManyRowsError(ValueError): ...
class PayloadError(ValueError): ...
class ApiError(RuntimeError): ...
class EngineError(RuntimeError): ...

@final
class ImputedTable:
    @property
    def stations(self) -> int: ...
    @property
    def report(self) -> dict[str, _ColumnReport]: ...
    def take_numpy(self) -> dict[str, list[NDArray[Any]]]: ...
    def to_ipc(self) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: CapsuleType | None = None) -> CapsuleType: ...

@final
class GapModelTable:
    def __arrow_c_stream__(self, requested_schema: CapsuleType | None = None) -> CapsuleType: ...

@final
class CompletedTable:
    @property
    def absences(self) -> list[tuple[str, str, str]]: ...
    def to_ipc(self) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: CapsuleType | None = None) -> CapsuleType: ...

@final
class LongTable:
    @property
    def report(self) -> _LongReport: ...
    def take_numpy(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
    def to_ipc(self) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: CapsuleType | None = None) -> CapsuleType: ...

@final
class PayloadTable:
    @property
    def report(self) -> _PayloadReport: ...
    def to_ipc(self) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: CapsuleType | None = None) -> CapsuleType: ...

def build_info() -> _BuildInfo: ...
def impute_missing_values(
    data: _Table,
    *,
    columns: Sequence[str],
    date_col: str,
    station_col: str,
    method: str = "spline_climatology",
    max_spline_gap: int = 3,
    max_gap: int = ...,
    bounds: dict[str, tuple[float, float]] = ...,
    interval: float | None = None,
    neighbours: int = 4,
    model: _Table | None = None,
    step: int | None = None,
    history: _Table | None = None,
    wall_clock_col: str | None = None,
    column_means: dict[str, float] = ...,
    threads: int | None = None,
) -> ImputedTable: ...
def fit_gap_model(
    data: _Table,
    *,
    columns: Sequence[str],
    date_col: str,
    station_col: str,
    neighbours: int = 4,
    history: _Table | None = None,
    wall_clock_col: str | None = None,
    threads: int | None = None,
) -> tuple[GapModelTable, _ModelInputs] | None: ...
def complete_hours(
    data: _Table,
    *,
    date_col: str,
    station_col: str,
    step_seconds: int = 3600,
    max_gap_seconds: int | None = None,
    stamp_form: str | None = None,
    carry: Sequence[str] | None = None,
    wall_clock_col: str | None = None,
    threads: int | None = None,
) -> CompletedTable: ...
def transform_wide_to_long(
    data: _Table,
    *,
    date_col: str,
    hours: Sequence[str],
    plant_col: str | None = None,
    unit_col: str | None = None,
    plant_name: str | None = None,
    scale: tuple[float, float] | None = None,
    energy_unit_col: str | None = None,
    energy_units: Sequence[tuple[str, float, float]] | None = None,
    total_col: str | None = None,
    total_scale: tuple[float, float] | None = None,
    keep: Sequence[str] | None = None,
    label_end: bool = False,
    unique: bool = True,
    text_views: bool = False,
    threads: int | None = None,
) -> LongTable: ...
def rows_from_api_payload(
    pages: Sequence[bytes | bytearray | memoryview | str],
    *,
    envelope: dict[str, str | bool | Sequence[str]],
    fields: Sequence[tuple[str, str, bool, bool, Sequence[str]]],
    threads: int | None = None,
) -> PayloadTable: ...
