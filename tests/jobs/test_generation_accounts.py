"""Spoiled generation tables: each is refused, or every one of its cells is stored, repeated, set aside or no number."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from energy_data_layer.errors import SourceFileError
from energy_data_layer.files.generation import read_generation_files
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY, REJECTS

TABLES = 60
FORMS = ("{}시(kWh)", "{:02d}시 발전량(kWh)", "h{:02d} [kWh]", "{:02d}:00(kWh)", "{0} (kWh)")
FURTHER = ("25시", "0:30(kWh)", "Hour 2X", "3시 15분")
NO_NUMBERS = ("-", "?", "점검", "n/a")
DAYS = {str(date(2024, 1, 1) + timedelta(day)) for day in range(40)}
NO_DAYS = ("2024-02-30", "", "어제", "20240101x")


@dataclass
class Spoiled:
    """A table, and what has to become of it by a count that shares no code with the job."""

    name: str
    lines: list[list[str]]
    separator: str
    encoding: str
    above: int
    is_long: bool
    refused: str = ""
    rejected: set[int] = field(default_factory=set)
    hours: dict[tuple[str, str, int], float | None] = field(default_factory=dict)
    numbers: int = 0
    told_twice: int = 0
    set_aside: int = 0
    no_numbers: int = 0
    """Cells that are no number, of the rows that are stored."""

    def write(self, folder):
        text = io.StringIO()
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerows(self.lines)
        path = folder / self.name
        path.write_bytes(text.getvalue().encode(self.encoding))
        return path


def number(cell):
    try:
        return float(cell.strip().replace(",", ""))
    except ValueError:
        return None


def is_no_number(cell):
    return bool(cell.strip()) and number(cell) is None


def are_apart(values):
    return len({*values} - {None}) > 1


def cell(rng):
    kind = rng.random()
    if kind < 0.08:
        return ""
    if kind < 0.14:
        return rng.choice(NO_NUMBERS)
    value = rng.randrange(0, 5_000_000) / rng.choice((1, 10, 1000))
    return rng.choice((f"{value}", f" {value} ", f"{value:,}"))


def wide(rng, name):
    form = rng.choice(FORMS)
    headings = ["일자", "발전소명", *(form.format(hour) for hour in range(1, 25)), "비고"]
    order = rng.sample(range(len(headings)), len(headings)) if rng.random() < 0.3 else list(range(len(headings)))
    # The last column is never blank, so that a short row is seen to be short.
    order.sort(key=lambda place: place == 0)
    rows = []
    for plant in range(rng.randrange(1, 4)):
        for day in range(rng.randrange(1, 6)):
            row = [str(date(2024, 1, 1) + timedelta(day)), f"{name}{plant}", *(cell(rng) for _ in range(24)), "x"]
            rows.append(row)
            match rng.random():
                case chance if chance < 0.1:
                    rows.append(list(row))
                case chance if chance < 0.2:
                    rows.append([*row[:2], *("" if rng.random() < 0.5 else one for one in row[2:26]), "x"])
                case chance if chance < 0.25:
                    rows.append([*row[:2], *(cell(rng) for _ in range(24)), "x"])
    for _ in range(rng.randrange(3)):
        row = list(rng.choice(rows))
        place = rng.randrange(2)
        row[place] = rng.choice((NO_DAYS, ("", "\ufffd"))[place])
        rows.insert(rng.randrange(len(rows) + 1), row)
    lines = [[row[place] for place in order] for row in [headings, *rows]]
    for _ in range(rng.randrange(3)):
        spoilt = rng.choice(([""] * 27, lines[0], [*rng.choice(lines), "1"], rng.choice(lines)[:-1]))
        lines.insert(rng.randrange(1, len(lines) + 1), list(spoilt))
    spoiled = Spoiled(name, lines, ",", "utf-8", 0, is_long=False)

    by_key, no_numbers = defaultdict(list), {}
    day_place, plant_place = order.index(0), order.index(1)
    places = [order.index(hour + 1) for hour in range(1, 25)]
    for line, cells in enumerate(lines[1:]):
        if not any(one.strip() for one in cells):
            continue
        values = [number(cells[place]) if place < len(cells) else None for place in places]
        spoiled.numbers += sum(value is not None for value in values)
        is_day = len(cells) == 27 and cells[day_place] in DAYS
        if not is_day or not cells[plant_place] or "\ufffd" in cells[plant_place]:
            spoiled.rejected.add(line)
            spoiled.set_aside += sum(value is not None for value in values)
        else:
            by_key[cells[plant_place], cells[day_place]].append((line, values))
            no_numbers[line] = sum(is_no_number(cells[place]) for place in places)
    twice = {key: rows for key, rows in by_key.items() if len(rows) > 1}
    differ = {key for key, rows in twice.items() if any(map(are_apart, zip(*(v for _, v in rows), strict=True)))}
    days, apart = Counter(plant for plant, _ in twice), Counter(plant for plant, _ in differ)
    for (plant, day), rows in by_key.items():
        if (plant, day) in twice and ((plant, day) in differ or 2 * apart[plant] > days[plant]):
            spoiled.rejected |= {line for line, _ in rows}
            spoiled.set_aside += sum(value is not None for _, values in rows for value in values)
            continue
        # The others have been taken for repeats of the row with most numbers.
        fullest, _ = max(rows, key=lambda row: sum(value is not None for value in row[1]))
        spoiled.no_numbers += no_numbers[fullest]
        for hour, of_hour in enumerate(zip(*(values for _, values in rows), strict=True)):
            known = [value for value in of_hour if value is not None]
            spoiled.hours[plant, day, hour] = known[0] if known else None
            spoiled.told_twice += max(len(known) - 1, 0)
    if rng.random() < 0.25:
        further, place = rng.choice(FURTHER), rng.randrange(len(headings))
        holds = rng.random() < 0.5
        for line, cells in enumerate(lines):
            cells.insert(min(place, len(cells)), further if not line else "3" if holds and any(cells) else "")
        spoiled.refused = "look like hours" if holds and len(lines) > 1 else ""
    return spoiled


def long(rng, name):
    lines = [["일자", "시간", "발전소명", "발전량(kWh)"], ["2024-01-01", "24", name, "5"]]
    for day in range(rng.randrange(1, 4)):
        for hour in rng.sample(range(1, 25), rng.randrange(1, 25)):
            row = [str(date(2024, 1, 2) + timedelta(day)), rng.choice(("{}", "{:02d}시")).format(hour), name, cell(rng)]
            lines.append(row)
            if rng.random() < 0.15:
                lines.append([*row[:3], rng.choice((row[3], "", cell(rng)))])
    for _ in range(rng.randrange(3)):
        row = list(rng.choice(lines[1:]))
        row[rng.randrange(2)] = rng.choice(("", "25", "x"))
        lines.append(rng.choice((row, row[:2], ["", "", "", ""])))
    spoiled = Spoiled(name, lines, ",", "utf-8", 0, is_long=True)
    by_key, no_numbers = defaultdict(list), {}
    for line, cells in enumerate(lines[1:]):
        if not any(cells):
            continue
        value = number(cells[3]) if len(cells) == 4 else None
        spoiled.numbers += value is not None
        hour = cells[1].removesuffix("시")
        if len(cells) != 4 or cells[0] not in DAYS or not hour.isdecimal() or not 1 <= int(hour) <= 24:
            spoiled.rejected.add(line)
            spoiled.set_aside += value is not None
        else:
            by_key[cells[2], cells[0], int(hour) - 1].append((line, value))
            no_numbers[line] = is_no_number(cells[3])
    for key, rows in by_key.items():
        known = [value for _, value in rows if value is not None]
        if len(set(known)) > 1:
            spoiled.rejected |= {line for line, _ in rows}
            spoiled.set_aside += len(known)
        else:
            spoiled.no_numbers += not known and no_numbers[rows[0][0]]
            spoiled.hours[key] = known[0] if known else None
            spoiled.told_twice += max(len(known) - 1, 0)
    return spoiled


def spoiled_table(rng, number):
    spoiled = rng.choice((wide, wide, long))(rng, f"t{number}.csv")
    spoiled.separator = rng.choice((",", ",", ";", "\t"))
    spoiled.encoding = rng.choice(("utf-8", "utf-8-sig"))
    spoiled.above = rng.choice((0, 0, 1, 3))
    for _ in range(spoiled.above):
        spoiled.lines.insert(0, [rng.choice(("발전실적", "2024-01", "단위: kWh")), "1"])
    return spoiled


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_every_cell_of_a_spoiled_table_is_accounted_for(tmp_path, seed, engine):
    rng = random.Random(seed)
    tables = [spoiled_table(rng, number) for number in range(TABLES)]
    readable = {}
    for table in tables:
        path = table.write(tmp_path)
        if table.refused:
            with pytest.raises(SourceFileError, match=table.refused):
                read_generation_files(path, publisher="ACME")
        else:
            readable[path] = table
    assert TABLES / 2 < len(readable) < TABLES

    url = f"duckdb:///{tmp_path}/energy.duckdb"
    report = run_generation(list(readable), url, publisher="ACME", use_rust=engine)
    with Database.connect(url) as database:
        rows, rejects = database.read(GENERATION_HOURLY).to_pylist(), database.read(REJECTS).to_pylist()
    expected = {key: value for table in readable.values() for key, value in table.hours.items()}
    stored = {
        (row["plant"], f"{row['interval_start']:%Y-%m-%d}", row["interval_start"].hour): row["kwh"] for row in rows
    }
    assert stored == expected
    in_rejects = defaultdict(set)
    for reject in rejects:
        in_rejects[reject["file"]].add(reject["line"] - 2)
    files = {file.path: file for file in report.files}
    for path, table in readable.items():
        file = files[str(path)]
        assert {line - table.above for line in in_rejects[table.name]} == table.rejected
        assert len(file.lines_above) == table.above
        held = sum(value is not None for value in table.hours.values())
        assert table.numbers == held + table.told_twice + table.set_aside
    assert report.rows_read == sum(file.rows_read for file in report.files)
    assert report.cells_coerced == sum(table.no_numbers for table in readable.values()) > 0
    assert report.hours_missing == sum(value is None for value in expected.values())
    assert report.rows_rejected == sum(len(table.rejected) for table in readable.values())
