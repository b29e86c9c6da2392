"""Exports spoiled at random: every cell is stored, repeated, a mark or rejected, or the files are refused."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter, defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest

from energy_data_layer.core.provenance import is_fill, provenance_column
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import SourceFileError
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import REJECTS, WEATHER_ASOS

START = datetime(2023, 5, 1)
COLUMNS = ("ta", "hm", "ws", "pa", "rn", "td")
SPOILED = ("강풍", "12.5 °C", "1.2.3", "--", "1e999", "nan", "12:00")
MARKS = {name: [-9999] for name in COLUMNS} | {"ws": [-9999, -9]}
SEEDS = range(150)


class Export:
    """Files of some stations and hours: rows repeated, cells blanked, written in many ways, now and then spoiled."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.columns = [name for name in COLUMNS if self.chance(0.8)] or ["ta"]
        self.must_fail = False
        self.files = []
        hours = int(self.random.integers(2, 30))
        truth = {
            (station, hour): {name: self.value(name) for name in self.columns}
            for station in (108, 901)
            for hour in range(hours)
            if self.chance(0.9)
        }
        for _ in range(self.random.integers(1, 4)):
            lines = [self.line(key, row) for key, row in truth.items() for _ in range(self.random.choice([0, 1, 1, 2]))]
            self.random.shuffle(lines)
            headings = [ASOS_COLUMNS[name].heading for name in ("stnId", "stnNm", "tm", *self.columns)]
            text = io.StringIO()
            csv.writer(text, lineterminator=self.pick(["\n", "\r\n"])).writerows([[*headings, "비고"], *lines])
            self.files.append((text.getvalue(), self.pick(["utf-8", "utf-8-sig"])))

    def chance(self, share):
        return bool(self.random.random() < share)

    def pick(self, choices):
        return choices[int(self.random.integers(len(choices)))]

    def value(self, name):
        if self.chance(0.05):
            return self.pick([-9999.0, 150.5, -120.25, -9.0 if name == "ws" else -12.5])
        return round(float(self.random.normal(1013 if name == "pa" else 12, 6)), 1)

    def line(self, key, row):
        station, hour = key
        stamp = START + timedelta(hours=hour)
        if hour == 1 and station == 901:
            stamp = stamp.replace(year=2090)
        form = self.pick(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M"])
        return [station, "가상", stamp.strftime(form), *map(self.cell, row.values()), self.pick(["", "x"])]

    def cell(self, value):
        if self.chance(0.1):
            return self.pick(["", " ", "\u00a0"])
        if self.chance(0.0005):
            self.must_fail = True
            return self.pick(SPOILED)
        if self.chance(0.0003):
            value += 0.5  # another value of this hour is a conflict, one alone is not
        forms = [f"{value}", f" {value} ", f"{value:+}", f"{value:,}", f"{value:.3f}", f"{value:e}"]
        return self.pick([*forms, f"{value}".replace("0.", ".", 1) if abs(value) < 1 else f"{value}"])

    def write(self, folder):
        for number, (text, encoding) in enumerate(self.files):
            (folder / f"{number}.csv").write_bytes(text.encode(encoding))
        return str(folder / "*.csv")


class Account:
    """What the files hold by the standard library alone: the cells of each column by what is to become of them."""

    def __init__(self, export):
        self.cells, self.marked, self.repeated = (defaultdict(list) for _ in range(3))
        self.once = {}
        self.conflict = False
        for text, _ in export.files:
            _, *rows = csv.reader(io.StringIO(text, newline=""))
            for station, _, stamp, *cells, _ in rows:
                hour = "".join(letter for letter in stamp if letter.isdigit())[:12]
                for name, cell in zip(export.columns, cells, strict=True):
                    if cell.strip():
                        self.add((station, hour, name), float(cell.replace(",", "")))

    def add(self, key, value):
        name = key[-1]
        self.cells[name].append(value)
        if value == -9999 or (name == "ws" and value == -9):
            self.marked[name].append(value)
        elif key in self.once:
            self.repeated[name].append(value)
            self.conflict |= self.once[key] != value
        else:
            self.once[key] = value

    def outside(self, column):
        """The values outside the bounds of a column, of hours that have come."""
        low, high = (
            (-math.inf if column.low is None else column.low),
            (math.inf if column.high is None else column.high),
        )
        values = [value for (_, hour, name), value in self.once.items() if name == column.name and hour < "2090"]
        return [value for value in values if not low <= value <= high]


def same(values, others):
    return len(values) == len(others) and math.fsum(values) == pytest.approx(math.fsum(others), rel=1e-12, abs=1e-12)


def readable(seed, folder):
    """Return an export and its account, or None where it has to be refused."""
    export = Export(seed)
    pattern = export.write(folder)
    account = None if export.must_fail else Account(export)
    if account is None or account.conflict:
        with pytest.raises(SourceFileError):
            run_weather(pattern, f"duckdb:///{folder}/energy.duckdb", missing_values=MARKS)
        assert not (folder / "energy.duckdb").exists()
        return None
    return export, pattern, account


def test_most_exports_are_readable_and_some_are_not():
    exports = [Export(seed) for seed in SEEDS]
    refused = sum(export.must_fail or Account(export).conflict for export in exports)
    assert 0.1 < refused / len(exports) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cell_of_a_readable_export_is_read(seed, tmp_path):
    found = readable(seed, tmp_path)
    if found is None:
        return
    export, pattern, account = found
    result = read_asos_files(pattern, missing_values=MARKS)
    marked = Counter()
    for file in result.files:
        marked.update(file.marked_missing)
    for name in export.columns:
        values = result.table[name].drop_null().to_pylist()
        assert same([*values, *account.repeated[name], *account.marked[name]], account.cells[name])
        assert marked[name] == len(account.marked[name])


@pytest.mark.parametrize("out_of_range", ["keep", "missing"])
@pytest.mark.parametrize("seed", SEEDS[:15])
def test_every_cell_of_a_readable_export_is_stored_or_accounted_for(seed, out_of_range, tmp_path):
    found = readable(seed, tmp_path)
    if found is None:
        return
    export, pattern, account = found
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    report = run_weather(pattern, url, missing_values=MARKS, out_of_range=out_of_range)
    with Database.connect(url) as database:
        table, rejects = database.read(WEATHER_ASOS), database.read(REJECTS)
    rejected = defaultdict(list)
    for content in map(json.loads, rejects["content"].to_pylist()):
        for name in export.columns:
            if content.get(name) is not None:
                rejected[name].append(content[name])
    for name in export.columns:
        observed = table[name].to_pylist()
        if provenance_column(name) in table.column_names:
            filled = is_fill(table[provenance_column(name)]).to_pylist()
            observed = [value for value, made_up in zip(observed, filled, strict=True) if not made_up]
        stored = [value for value in observed if value is not None]
        cells = [*stored, *rejected[name], *account.repeated[name], *account.marked[name]]
        assert same(cells, account.cells[name]), name
        flagged = report.out_of_bounds.get(name)
        assert (flagged.count if flagged else 0) == len(account.outside(ASOS_COLUMNS[name]))
        assert report.marked_missing.get(name, 0) == len(account.marked[name])
