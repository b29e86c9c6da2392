"""Which answers are kept as snapshots: a fixture, the options, and the answer's file name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from energy_data_layer import (
    ImputationReport,
    PayloadReport,
    WideLayout,
    WideReport,
    complete_hours,
    impute_missing_values,
    rows_from_api_payload,
    transform_wide_to_long,
)

from . import payload_samples
from .frame_kinds import as_batch, as_kind

FIXTURES = Path(__file__).parent / "fixtures"
SNAPSHOTS = Path(__file__).parent / "snapshots"
REPORT = b"report"


DEFAULT_LABELS = ("spline", "linear", "nearest", "climatology", "station_mean", "global_mean", "unfilled")


@dataclass(frozen=True)
class ImputeCase:
    """One call of `impute_missing_values`, with provenance and report."""

    fixture: str
    columns: tuple[str, ...] = ("ta", "hm")
    history: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        options = [f"{key}_{value}" for key, value in self.options.items() if key != "bounds"]
        return "-".join(["impute", self.fixture, *([f"with_{self.history}"] if self.history else []), *options])

    def answer(self, kind: str, *, use_rust: bool) -> tuple[Any, dict[str, Any]]:
        """Return the filled frame and what the report says of it."""
        history = None if self.history is None else as_kind(read_fixture(self.history), kind)
        frame, report = impute_missing_values(
            as_kind(read_fixture(self.fixture), kind),
            self.columns,
            history=history,
            provenance=True,
            report=True,
            use_rust=use_rust,
            **self.options,
        )
        said = facts(report)
        if "method" in self.options:
            return frame, said
        # The default method's snapshots are older than the other methods and the bounds.
        for option in ("method", "model"):
            del said[option]
        for column in said["columns"].values():
            assert column.pop("clipped") == 0
            column["filled"] = {label: count for label, count in column["filled"].items() if label in DEFAULT_LABELS}
        return frame, said

    def observed(self) -> list[pa.Table]:
        """Return the frames whose values set the tolerance."""
        return [read_fixture(name) for name in (self.fixture, self.history) if name]


@dataclass(frozen=True)
class CompleteCase:
    """One call of `complete_hours`."""

    fixture: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        options = [f"{key}_{'_'.join(value) or 'nothing'}" if key == "carry" else f"{key}_{value}"
                   for key, value in self.options.items()]  # fmt: skip
        return "-".join(["complete_hours", self.fixture, *options])

    def answer(self, kind: str, *, use_rust: bool) -> tuple[Any, dict[str, Any]]:
        """Return the completed frame; there is no report."""
        return complete_hours(as_kind(read_fixture(self.fixture), kind), use_rust=use_rust, **self.options), {}

    def observed(self) -> list[pa.Table]:
        return [read_fixture(self.fixture)]


@dataclass(frozen=True)
class WideCase:
    """One call of `transform_wide_to_long`, with report; without a layout the headings have to tell it."""

    fixture: str
    layout: WideLayout | str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        options = [f"{key}_{value}" for key, value in self.options.items()]
        return "-".join(["wide_to_long", self.fixture.removeprefix("wide_"), *options])

    def answer(self, kind: str, *, use_rust: bool) -> tuple[Any, dict[str, Any]]:
        """Return the long frame and what the report says of it."""
        frame, report = transform_wide_to_long(
            as_kind(read_fixture(self.fixture), kind), self.layout, report=True, use_rust=use_rust, **self.options
        )
        said = facts(report)
        # Not in the snapshots, which 0.1 wrote.
        assert said.pop("blank_hours") == []
        return frame, said


@dataclass(frozen=True)
class PayloadCase:
    """One call of `rows_from_api_payload` with a made-up body, with its report."""

    source: str
    form: str
    odd: bool = False

    @property
    def name(self) -> str:
        return "-".join(["payload", self.source, *(["odd"] if self.odd else []), self.form])

    def answer(self, kind: str, *, use_rust: bool) -> tuple[Any, dict[str, Any]]:
        """Return the table, whatever kind of frame is asked for, and what the report says."""
        make = payload_samples.odd_page if self.odd else payload_samples.page
        table, report = rows_from_api_payload(make(self.source, self.form), self.source, report=True, use_rust=use_rust)
        return table, facts(report)


IMPUTE_CASES = [
    *(
        ImputeCase(fixture)
        for fixture in (
            "empty",
            "one_row",
            "one_observed",
            "two_observed",
            "three_observed",
            "four_observed",
            "all_missing_column",
            "all_missing_station",
            "gaps_at_both_ends",
            "gap_lengths",
            "february_29",
            "unsorted",
            "interleaved",
            "recent",
            "text_numbers",
            "irregular",
            "constant",
            "seoul_time",
            "berlin_changes",
            "text_stamps",
        )
    ),
    *(ImputeCase("gap_lengths", options={"max_spline_gap": longest}) for longest in (0, 1, 4, 24)),
    ImputeCase("gaps_at_both_ends", options={"max_spline_gap": 0}),
    ImputeCase("recent", history="history"),
    ImputeCase("recent", history="empty"),
    ImputeCase("recent", history="recent"),
    ImputeCase("empty", history="history"),
    *(
        ImputeCase("shared_weather", options=options)
        for options in (
            {"method": "linear"},
            {"method": "optimal_interpolation", "interval": 0.9, "bounds": {"hm": (0, 100)}},
            {"method": "optimal_interpolation", "neighbours": 0, "max_gap": 20},
        )
    ),
    ImputeCase("large_magnitude", ("e6", "e9", "e12")),
    ImputeCase(
        "numeric_types",
        ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "halffloat", "float", "double", "decimal", "null"),
    ),
]  # fmt: skip

COMPLETE_CASES = [
    *(
        CompleteCase(fixture)
        for fixture in (
            "empty",
            "one_row",
            "interleaved",
            "absent_hours",
            "absent_hours_interleaved",
            "absent_hours_as_text",
            "absent_hours_in_berlin",
        )
    ),
    CompleteCase("absent_hours", {"carry": ()}),
    CompleteCase("absent_hours", {"carry": ("stnId", "remark")}),
    CompleteCase("absent_hours", {"freq": "30min"}),
    CompleteCase("absent_hours_as_text", {"freq": "30min"}),
    CompleteCase("absent_ten_minutes", {"freq": "10min"}),
]

SITE = WideLayout("site", date="day", plant="site", hours="h{:02d}", energy_unit="kWh")
KEPT = ("text", "large text", "whole", "small", "number", "flag", "date", "word")

WIDE_CASES = [
    *(
        WideCase(f"wide_{known}")
        for known in (
            "koen_file",
            "ewp_sites_file",
            "krc_file",
            "wp_renewables_file",
            "wp_solar_file",
            "koen_wind_api",
            "kospo_solar_api",
            "kospo_interval_file",
            "recognised",
        )
    ),
    WideCase("wide_kospo_solar_file", options={"plant_name": "Namjeju"}),
    WideCase("wide_kospo_wind_file", options={"plant_name": "Seongsan"}),
    WideCase("wide_ewp_roof_file", "ewp_roof_file"),
    *(
        WideCase(f"wide_{fixture}", SITE, {"hour_label": hour_label})
        for fixture in ("days_as_text", "days_as_dates", "days_as_stamps")
        for hour_label in ("start", "end")
    ),
    WideCase("wide_koen_wind_api", options={"hour_label": "start"}),
    WideCase("wide_koen_file", options={"hour_label": "end"}),
    WideCase("wide_koen_file", options={"energy_unit": "MWh"}),
    WideCase("wide_number_types", replace(SITE, keep=KEPT)),
    *(WideCase("wide_text_cells", SITE, {"energy_unit": unit}) for unit in ("Wh", "kWh", "MWh")),
    WideCase("wide_totals", replace(SITE, daily_total="total")),
    WideCase("wide_totals", replace(SITE, daily_total="total", daily_total_unit="MWh"), {"energy_unit": "Wh"}),
    WideCase("wide_units_alone", replace(SITE, plant=None, unit="unit", keep=("unit",))),
    WideCase("wide_units_alone", replace(SITE, plant=None, unit="unit"), {"plant_name": "a"}),
    WideCase("wide_one_row", SITE),
    WideCase("wide_empty", replace(SITE, daily_total="total", keep=("kept", "total"))),
    WideCase("wide_all_missing", replace(SITE, daily_total="total")),
    WideCase("wide_recognised", options={"energy_unit": "Wh"}),
]

PAYLOAD_CASES = [
    PayloadCase(source, form, odd)
    for source, forms in payload_samples.FORMS.items()
    for form in forms
    for odd in (False, True)
]

CASES: list[ImputeCase | CompleteCase | WideCase | PayloadCase] = [
    *IMPUTE_CASES,
    *COMPLETE_CASES,
    *WIDE_CASES,
    *PAYLOAD_CASES,
]


def facts(report: ImputationReport | WideReport | PayloadReport) -> dict[str, Any]:
    """Return what a report says of the data, as JSON would give it back."""
    said = report.to_dict()
    for volatile in ("engine", "engine_reason", "seconds"):
        del said[volatile]
    return json.loads(json.dumps(said))


def read_fixture(name: str) -> pa.Table:
    return _read(FIXTURES / f"{name}.arrow")


def read_snapshot(name: str) -> tuple[pa.Table, dict[str, Any]]:
    """Return a kept answer and the kept facts of its report."""
    table = _read(SNAPSHOTS / f"{name}.arrow")
    said = json.loads((table.schema.metadata or {}).get(REPORT, b"{}"))
    return table.replace_schema_metadata(None), said


def write_snapshot(name: str, answer: pa.Table, said: dict[str, Any]) -> None:
    metadata = {REPORT: json.dumps(said)} if said else None
    batch = as_batch(answer.replace_schema_metadata(metadata))
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(SNAPSHOTS / f"{name}.arrow", batch.schema, options=options) as writer:
        writer.write(batch)


def _read(path: Path) -> pa.Table:
    with pa.ipc.open_file(path) as reader:
        return reader.read_all()
