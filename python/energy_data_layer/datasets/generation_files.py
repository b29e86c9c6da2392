"""Hourly generation of plants and their units, as publishers put it into files."""

from __future__ import annotations

import pyarrow as pa

from energy_data_layer.datasets.dataset import Column, Dataset, Label, Table, energy_column

GENERATION_FILES = Dataset(
    name="generation_files",
    job="generation",
    label=Label("Generation from files", "파일 발전량"),
    table=Table(
        name="generation_hourly",
        columns=(
            Column("publisher", pa.string(), meaning="who published the file"),
            Column("plant", pa.string(), meaning="name of the plant"),
            Column("unit", pa.string(), meaning="generating unit, empty where there is none"),
            Column("fuel", pa.string(), meaning="what the plant runs on"),
            Column("interval_start", pa.timestamp("us"), meaning="beginning of the hour, KST"),
            energy_column("kwh"),
            Column("label_convention", pa.string(), meaning="what the file's headings label an hour by"),
        ),
        series=("publisher", "plant", "unit"),
        stamp="interval_start",
        value="kwh",
        names=("publisher", "plant", "unit"),
    ),
)
"""The dataset; `layouts` has what the publishers' tables look like."""
