"""What one run of the generation job did."""

from __future__ import annotations

from dataclasses import dataclass, field

from energy_data_layer.reports.run_report import RunReport

LISTED_REJECTS = 5


@dataclass(frozen=True)
class UnitPeriod:
    """Months in which a plant's hours were taken to be in one unit of energy, by the plant's capacity.

    Attributes
    ----------
    plant : str
        The plant.
    energy_unit : str
        The unit.
    first, last : str
        The first and the last month.
    """

    plant: str
    energy_unit: str
    first: str
    last: str


@dataclass(frozen=True)
class Mismatch:
    """A row whose hours do not add up to its published daily total.

    Attributes
    ----------
    file : str
        Name of the file.
    line : int
        The line.
    plant, day : str
        The plant (with its unit) and the day.
    hours, total : float
        The sum of the hours and the published total, kWh.
    """

    file: str
    line: int
    plant: str
    day: str
    hours: float
    total: float


@dataclass(frozen=True)
class RejectedLine:
    """A row that was not stored; its content is in table ``rejects``."""

    file: str
    line: int
    detail: str


@dataclass
class RejectsOfAReason:
    """The rows that were not stored for one reason.

    Attributes
    ----------
    count : int
        How many there are.
    first : list of RejectedLine
        The first five of them.
    """

    count: int = 0
    first: list[RejectedLine] = field(default_factory=list)


@dataclass
class FileReport:
    """What became of one file.

    Attributes
    ----------
    path : str
        The file.
    encoding, publisher, layout : str
        Its encoding, its publisher, and the name of its layout.
    label_convention : str
        How it labels hours: ``"hour-ending"``, ``"hour-beginning"`` or ``"interval"``.
    energy_units : list of str
        What its hours hold.
    unit_periods : list of UnitPeriod
        When they hold what, where the capacities decided it.
    plants : int
        Plants, or units of plants, that were stored.
    rows_read, rows_stored, rows_empty, rows_repeated, rows_rejected : int
        Its rows, and those that were stored, are empty, repeat another one, or were rejected.
    columns_not_read : list of str
        Headings that the layout has no use for.
    options_not_used : list of str
        What the caller said and the file says otherwise.
    contradictions : list of str
        What is said differently by layout, file name, headings and cells; the file goes before the layout.
    lines_above : list of str
        What stands above its headings.
    """

    path: str
    encoding: str
    publisher: str
    layout: str
    label_convention: str
    energy_units: list[str]
    unit_periods: list[UnitPeriod]
    plants: int
    rows_read: int
    rows_stored: int
    rows_empty: int
    rows_repeated: int
    rows_rejected: int
    columns_not_read: list[str]
    options_not_used: list[str]
    contradictions: list[str]
    lines_above: list[str]


@dataclass
class GenerationReport(RunReport):
    """What one run of the generation job did, beside what all jobs report.

    Each row of a file is a plant's day; of a file with a row per hour, the hours of a plant's day count as one row, and
    those that are rejected or repeated one by one. ``rows_read`` is the sum of ``rows_stored``, ``rows_empty``,
    ``rows_repeated`` and ``rows_rejected``; each stored one becomes 24 rows of the table, or those that are there.

    Attributes
    ----------
    files : list of FileReport
        What became of each file.
    rows_stored : int
        Rows that were stored.
    rows_empty : int
        Rows in which every cell is blank.
    rows_repeated : int
        Rows that say again what a stored one says, or that have hours which a stored one lacks.
    rows_rejected : int
        Rows that were not stored.
    rejects : dict of str to RejectsOfAReason
        The rejected rows by reason.
    rejects_new : int
        Those of them that no earlier run rejected.
    hours_missing : int
        Stored hours without a value.
    hours_incomplete : int
        Those of them that lack some of their parts, in files with parts of hours.
    cells_coerced : int
        Cells that hold something that is no number, and were taken as missing.
    cells_marked : int
        Cells that hold what the caller says to stand for a missing value.
    first_coerced : list of str
        The first five of them: file, line, heading and what stands there.
    hours_above_capacity : int
        Stored hours above 150 % of the plant's capacity, where it is known.
    totals_checked : int
        Stored rows that have a published daily total.
    total_mismatches : list of Mismatch
        Those of them whose hours do not add up to it.
    """

    files: list[FileReport] = field(default_factory=list)
    rows_stored: int = 0
    rows_empty: int = 0
    rows_repeated: int = 0
    rows_rejected: int = 0
    rejects: dict[str, RejectsOfAReason] = field(default_factory=dict)
    rejects_new: int = 0
    hours_missing: int = 0
    hours_incomplete: int = 0
    cells_coerced: int = 0
    cells_marked: int = 0
    first_coerced: list[str] = field(default_factory=list)
    hours_above_capacity: int = 0
    totals_checked: int = 0
    total_mismatches: list[Mismatch] = field(default_factory=list)
