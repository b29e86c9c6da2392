"""What optimal interpolation learns from a table: fitted once, saved, and used by runs that read no history again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.core.coercion import checked_markers, require_measurements, with_markers_missing
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.inputs import InputColumns, read_columns
from energy_data_layer.engine import choice
from energy_data_layer.errors import ModelError
from energy_data_layer.transforms.impute.inputs import checked_columns, read_history
from energy_data_layer.transforms.impute.model_schema import MODEL_SCHEMA, PER_SET, PER_STATION
from energy_data_layer.transforms.impute.quantities import bounds_of
from energy_data_layer.transforms.impute.rule import MOST_NEIGHBOURS, checked_neighbours
from energy_data_layer.transforms.impute.rust import fitted_in_rust
from energy_data_layer.transforms.keys import COLUMNS, DATE_COL, STATION_COL, keyed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from energy_data_layer.core.coercion import MissingValues

VERSION = 1
FACTS = b"energy_data_layer.gap_model"
"""The key of the schema's metadata under which a model says what it is, in JSON."""


@dataclass(frozen=True)
class GapModel:
    """What `method="optimal_interpolation"` knows of a table's columns and stations.

    Made by `GapModel.fit`, kept by `save`, and handed to `impute_missing_values` or `impute` as `model=`. A fill
    by a model depends on the model, the frame and its history alone.

    Attributes
    ----------
    table : pyarrow.Table
        A row per column and station: climatology and spread by hour of the year, the stations that take part,
        and the covariances and error quantiles of up to 16 sets of them.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=2000, freq="h")
    >>> days = np.arange(2000) / 24
    >>> df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": 5 + 4 * np.sin(2 * np.pi * days) + np.sin(days)})
    >>> model = GapModel.fit(df, columns=["ta"])
    >>> model.describe()["stations"]
    1
    """

    table: pa.Table

    @classmethod
    @keyed
    def fit(
        cls,
        df: Any,
        columns: Sequence[str] = COLUMNS,
        date_col: str | list[str] = DATE_COL,
        station_col: str | None = STATION_COL,
        *,
        missing_values: MissingValues | None = None,
        history: Any | None = None,
        neighbours: int = MOST_NEIGHBOURS,
        use_rust: bool | None = None,
        threads: int | None = None,
    ) -> GapModel:
        """Learn from the observed values of a frame, and of its history.

        Parameters
        ----------
        df, columns, date_col, station_col, missing_values, history, use_rust, threads
            As in `impute_missing_values`.
        neighbours : int, default 4
            How many other stations may take part in a fill, 0 to 4.

        Raises
        ------
        ModelError
            If no station has two stamps.
        DataLayerError
            As in `impute_missing_values`.
        """
        names = checked_columns(columns, date_col, station_col)
        markers = checked_markers(missing_values, names)
        given, _ = with_markers_missing(read_columns(wrap(df), date_col, station_col, names), markers)
        past = read_history(history, given)
        if past is not None:
            past, _ = with_markers_missing(past, markers)
        limits = bounds_of(names, date_col, station_col)
        for one in (given,) if past is None else (given, past):
            require_measurements(one, markers, limits)
        chosen = choice.choose(use_rust, threads)
        neighbours = checked_neighbours(neighbours)
        if chosen.engine == "rust":
            table, facts = fitted_in_rust(given, past, neighbours, chosen.threads)
        else:
            table, facts = _fitted_in_reference(given, past, neighbours)
        facts |= {"version": VERSION, "columns": list(names)}
        return cls(table.replace_schema_metadata({FACTS: json.dumps(facts)}))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> GapModel:
        """Read a model that `save` has written.

        Raises
        ------
        ModelError
            If the file is no model, is damaged, or was written by a newer version.
        FileNotFoundError
            If there is no such file.
        """
        return cls.from_bytes(Path(path).read_bytes(), str(path))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "the content") -> GapModel:
        """Return a model from the content of a file; raise `ModelError` if it is none."""
        from pyarrow.parquet import ParquetFile

        try:
            with ParquetFile(pa.BufferReader(content)) as file:
                table = file.read()
        except pa.ArrowException as error:
            raise ModelError(f"{name} is no model of gaps: {error}") from error
        return cls.from_table(table, name)

    @classmethod
    def from_table(cls, table: pa.Table, name: str = "the table") -> GapModel:
        """Return a model from its table; raise `ModelError` if it is none."""
        model = cls(table)
        try:
            facts = model.facts
        except (KeyError, ValueError):
            raise ModelError(f"{name} is no model of gaps; `GapModel.save` writes one") from None
        if facts["version"] != VERSION or not table.schema.equals(MODEL_SCHEMA):
            raise ModelError(
                f"{name} is a model of version {facts['version']}; this program reads {VERSION}: fit again"
            )
        model._require_whole(name)
        return model

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to a Parquet file, with the same bits."""
        with written_atomically(path) as temporary:
            temporary.write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of a Parquet file with the model, with the same bits."""
        from pyarrow.parquet import write_table

        sink = pa.BufferOutputStream()
        # The numbers are all different: their bytes, sorted by place, take less than a dictionary of them.
        split = {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in (*PER_STATION, *PER_SET)}
        write_table(self.table, sink, compression="zstd", use_dictionary=False, column_encoding=split)
        return bytes(sink.getvalue())

    @classmethod
    def combined(cls, models: Sequence[GapModel]) -> GapModel:
        """Return one model of the columns of several, which were fitted on the same stations and hours."""
        facts = [model.facts for model in models]
        of_all = {
            "columns": [name for one in facts for name in one["columns"]],
            "since": min(one["since"] for one in facts),
            "until": max(one["until"] for one in facts),
            "rows": max(one["rows"] for one in facts),
        }
        table = pa.concat_tables(model.table.replace_schema_metadata() for model in models)
        return cls(table.replace_schema_metadata({FACTS: json.dumps(facts[0] | of_all)}))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Return what the model was fitted on."""
        return cast("dict[str, Any]", json.loads((self.table.schema.metadata or {})[FACTS]))

    @cached_property
    def id(self) -> str:
        """Return a name that two models share only if all their numbers are the same."""
        digest = hashlib.sha256()
        for batch in self.table.combine_chunks().to_batches():
            digest.update(batch.serialize())
        digest.update(self.table.schema.metadata[FACTS])
        return digest.hexdigest()[:12]

    @property
    def step(self) -> int:
        """Return the step of the stamps in nanoseconds."""
        return int(self.facts["step"])

    @cached_property
    def candidates(self) -> dict[str, set[str]]:
        """Return for each station, by name, those that may take part in its fills."""
        found: dict[str, set[str]] = {}
        for row in self.table.select(["station", "candidates"]).to_pylist():
            found.setdefault(row["station"], set()).update(row["candidates"])
        return found

    def describe(self) -> dict[str, Any]:
        """Return version, period and inputs, and how many stations and sets of neighbours there are, for JSON."""
        import pyarrow.compute as pc

        sets = pc.sum(pc.list_value_length(self.table["members"])).as_py()
        stations = len(self.table["station"].unique())
        return self.facts | {"id": self.id, "stations": stations, "sets": sets or 0}

    def _require_whole(self, name: str) -> None:
        """Raise where lists have the wrong length, so that no engine reads behind them."""
        import pyarrow.compute as pc

        sets = pc.list_value_length(self.table["members"])
        wanted = {column: pa.scalar(length) for column, length in PER_STATION.items()}
        wanted |= {column: pc.multiply(sets, length) for column, length in PER_SET.items()} | {"merits": sets}
        for column, length in wanted.items():
            if not pc.all(
                pc.equal(pc.list_value_length(self.table[column]), length), skip_nulls=False, min_count=0
            ).as_py():
                raise ModelError(f'{name} is damaged: its column "{column}" has too few or too many numbers')
        if any(self.table[column].null_count for column in self.table.column_names):
            raise ModelError(f"{name} is damaged: it has nulls")
        known: dict[str, set[str]] = {}
        for row in self.table.select(["column", "station"]).to_pylist():
            known.setdefault(row["column"], set()).add(row["station"])
        for row in self.table.select(["column", "candidates", "members"]).to_pylist():
            bits = range(1 << len(row["candidates"]))
            first_empty = row["members"][:1] == [0]
            if not (
                first_empty
                and set(row["candidates"]) <= known[row["column"]]
                and all(one in bits for one in row["members"])
            ):
                raise ModelError(f"{name} is damaged: a set of neighbours names a station that is not there")


def _fitted_in_reference(
    given: InputColumns, past: InputColumns | None, neighbours: int
) -> tuple[pa.Table, dict[str, Any]]:
    from energy_data_layer.transforms.impute.reference import fit

    return fit(given.in_arrow(), past and past.in_arrow(), neighbours)
