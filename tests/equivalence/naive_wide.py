"""The contract of `transform_wide_to_long` in plain loops, cell by cell: slow, and independent of both engines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from energy_data_layer import WideLayout

BLANKS = " \t\r\n\u00a0\u3000\ufeff"
IN_KWH = {"Wh": Decimal("0.001"), "kWh": Decimal(1), "MWh": Decimal(1000)}
MOST_DECIMALS = 6
SLACK = Decimal("1e-9")


@dataclass
class Long:
    """A long table and what a report says of it."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rows_skipped: list[int] = field(default_factory=list)
    coerced: int = 0
    missing: int = 0
    totals_checked: int = 0
    mismatched_rows: list[int] = field(default_factory=list)


def lengthen(table: pa.Table, layout: WideLayout) -> Long:
    """Turn a table that has no faults into a long one."""
    cells = {name.strip(BLANKS): table[name].to_pylist() for name in table.schema.names}
    read = [heading for heading in layout.headings if heading in cells]
    if layout.energy_unit is not None:
        read = [heading for heading in read if heading != layout.energy_unit_column or heading in layout.keep]
    long = Long()
    for row in range(table.num_rows):
        of_row = {heading: cells[heading][row] for heading in read}
        if all(is_blank(cell) for cell in of_row.values()):
            long.rows_skipped.append(row)
            continue
        unit = layout.energy_unit or of_row[layout.energy_unit_column].strip(BLANKS)
        published = []
        for hour, heading in enumerate(layout.hours, 1):
            value, coerced = number(of_row[heading])
            long.coerced += coerced
            long.missing += value is None
            published.append(value)
            kept = [of_row[heading] for heading in layout.keep if heading in of_row]
            stamp = day(of_row[layout.date]) + timedelta(hours=hour if layout.hour_label == "end" else hour - 1)
            long.rows.append((stamp, plant(of_row, layout), in_kwh(value, unit), *kept))
        compare_to_total(long, row, of_row.get(layout.daily_total), published, unit, layout.daily_total_unit or unit)
    return long


def is_blank(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip(BLANKS))


def number(cell: Any) -> tuple[float | None, bool]:
    """Return the number that a cell holds, and whether it is a text that holds none."""
    if cell is None or cell != cell:
        return None, False
    if not isinstance(cell, str):
        return float(cell), False
    text = cell.strip(BLANKS).replace("\u2212", "-")
    if text[:1] == "(" and text[-1:] == ")":
        text = f"-{text[1:-1]}"
    elif text[-1:] == "-":
        text = f"-{text[:-1]}"
    sign, digits = (text[:1], text[1:]) if text[:1] in {"+", "-"} else ("", text)
    mantissa, e, exponent = digits.replace("E", "e").partition("e")
    whole, point, fraction = mantissa.partition(".")
    if "," in whole and not e:
        first, *groups = whole.split(",")
        if 1 <= len(first) <= 3 and all(len(group) == 3 for group in groups):
            whole = "".join([first, *groups])
    if not are_digits(whole + fraction) or (e and not are_digits(exponent.removeprefix("-").removeprefix("+"))):
        return None, True
    if e and exponent[:2] in {"+-", "-+"}:
        return None, True
    return float(Decimal(f"{sign}{whole or '0'}{point}{fraction}{e}{exponent}")), False


def are_digits(text: str) -> bool:
    return bool(text) and all("0" <= letter <= "9" for letter in text)


def in_kwh(value: float | None, unit: str) -> float | None:
    if value is None:
        return None
    return value / 1000 if unit == "Wh" else value * 1000 if unit == "MWh" else value


def day(cell: Any) -> datetime:
    """Return the midnight at which a day begins."""
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    digits = "".join(letter for letter in str(cell).strip(BLANKS)[:10] if letter.isdigit())
    return datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def plant(of_row: dict[str, Any], layout: WideLayout) -> str:
    parts = []
    for heading, instead in ((layout.plant, layout.plant_name), (layout.unit, None)):
        cell = of_row.get(heading)
        if is_blank(cell):
            parts += [instead] if instead else []
        else:
            whole = isinstance(cell, float) and cell == int(cell)
            parts.append(str(int(cell) if whole else cell).strip(BLANKS))
    return " ".join(parts)


def compare_to_total(
    long: Long, row: int, total: Any, published: list[float | None], unit: str, total_unit: str
) -> None:
    """Count a row that has a total, and remember it if rounding does not explain how far the hours are from it."""
    value, _ = number(total)
    present = [Decimal(repr(hour)) for hour in published if hour is not None]
    if value is None or not present:
        return
    long.totals_checked += 1
    value = Decimal(repr(value))
    apart = abs(sum(present) * IN_KWH[unit] - value * IN_KWH[total_unit])
    of_hours = 24 * last_place(present) / 2 * IN_KWH[unit]
    of_total = last_place([value]) / 2 * IN_KWH[total_unit]
    slack = SLACK * max(1, abs(value * IN_KWH[total_unit]))
    if apart > of_hours + of_total + slack:
        long.mismatched_rows.append(row)


def last_place(values: list[Decimal]) -> Decimal:
    """Return one unit of the last decimal in which any of these numbers is published.

    The digits beyond the thirteenth are those of arithmetic: 7217973.199999999 was published as 7217973.2.
    """
    published = [Decimal(f"{value:.13g}") for value in values]
    places = max(0, *(-int(value.normalize().as_tuple().exponent) for value in published))
    return Decimal(1).scaleb(-min(places, MOST_DECIMALS))
