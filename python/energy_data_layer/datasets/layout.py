"""What the columns of a wide table mean: one row per plant and day, one column per hour."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

HOURS = 24

TIMESTAMP, PLANT_NAME, GENERATION = LONG_COLUMNS = ("timestamp", "plant_name", "generation")
"""The columns of the long table; those that the layout keeps stand behind them."""

EnergyUnit: TypeAlias = Literal["Wh", "kWh", "MWh"]
PowerUnit: TypeAlias = Literal["W", "kW", "MW"]
HourLabel: TypeAlias = Literal["start", "end"]
Step: TypeAlias = Literal["1h", "30min", "15min", "10min", "5min"]

PARTS: dict[Step, int] = {"1h": 1, "30min": 2, "15min": 4, "10min": 6, "5min": 12}
"""How many parts of an hour a step makes."""

ENERGY_UNITS: dict[str, tuple[float, float]] = {"Wh": (1.0, 1000.0), "kWh": (1.0, 1.0), "MWh": (1000.0, 1.0)}
"""What brings a value to kWh: multiply by the first, divide by the second. Dividing by 1000 keeps decimals exact."""


@dataclass(frozen=True)
class WideLayout:
    """What the columns of a wide table mean.

    Headings are compared without the blanks around them. A table has to have the headings of day, plant and
    hours; the others may be absent, and it may have more columns than a layout names.

    Parameters
    ----------
    name : str
        The name by which callers choose the layout.
    date : str
        Heading of the day.
    hours : str or sequence of str
        The headings of the hours that end at 1:00 to 24:00: all 24 in order, or a pattern such as
        ``"qhorGen{:02d}"`` or ``"{}시"`` into which 1 to 24 are put. Those of parts of hours, where `step` says
        so; a pattern may have ``{begin}`` and ``{end}``, such as 00:00 and 00:15.
    plant : str, optional
        Heading of the plant's name.
    unit : str, optional
        Heading of the generating unit.
    plant_name : str, optional
        The plant's name, for a table of one plant that does not name it.
    hour_label : {"start", "end"}, default "start"
        What is stored for the hour that ends at N: ``"end"`` stores N:00 (24 is 00:00 of the next day),
        ``"start"`` stores (N-1):00.
    energy_unit : {"Wh", "kWh", "MWh"}, optional
        What the hour columns hold; a mean power in kW over an hour is the same number of kWh.
    step : {"1h", "30min", "15min", "10min", "5min"}, default "1h"
        The time that a column is of. Parts of an hour make its energy: their sum, or the mean of their power. An
        hour that lacks a part is missing.
    power_unit : {"W", "kW", "MW"}, optional
        What the columns hold, where it is a mean power, in place of `energy_unit`.
    energy_unit_column : str, optional
        Heading of a column that says for each row what its hours hold.
    daily_total : str, optional
        Heading of the published total of the day.
    daily_total_unit : {"Wh", "kWh", "MWh"}, optional
        The unit of the total, where it is not that of the hours.
    keep : str or sequence of str, optional
        Headings of identifying columns that are repeated for every hour.
    publisher, fuel : str, optional
        Who publishes such tables, and what the plants run on. What a file says itself goes before them, and no
        fuel is stored because a known layout of files has it: others have the same headings.
    recognised_by : str or sequence of str, optional
        Headings that a table must have, beside those of day, plant and hours, to be taken for this layout
        when none is named.
    told_by_headings : bool, default True
        Whether the headings alone tell the layout; False where others publish another unit under the same
        ones, so that the caller has to name the layout or its publisher.

    Raises
    ------
    OptionError
        If there are not 24 hours, or as many parts, a heading is named for two purposes, a unit, label or step is
        unknown, or the plant's name is blank.

    Examples
    --------
    >>> layout = WideLayout("my park", date="day", plant="turbine", hours="h{:02d}", energy_unit="MWh")
    >>> layout.hours[0], layout.hours[-1]
    ('h01', 'h24')
    """

    name: str
    _: KW_ONLY
    date: str
    hours: str | Sequence[str]
    plant: str | None = None
    unit: str | None = None
    plant_name: str | None = None
    hour_label: HourLabel = "start"
    energy_unit: EnergyUnit | None = None
    energy_unit_column: str | None = None
    daily_total: str | None = None
    daily_total_unit: EnergyUnit | None = None
    keep: str | Sequence[str] = ()
    publisher: str | None = None
    fuel: str | None = None
    recognised_by: str | Sequence[str] = ()
    told_by_headings: bool = True
    step: Step = "1h"
    power_unit: PowerUnit | None = None

    def __post_init__(self) -> None:
        hours = self._filled(self.hours) if isinstance(self.hours, str) else self.hours
        object.__setattr__(self, "hours", tuple(map(heading_text, hours)))
        for role in ("keep", "recognised_by"):
            given = getattr(self, role)
            headings = [given] if isinstance(given, str) else given
            object.__setattr__(self, role, tuple(dict.fromkeys(map(heading_text, headings))))
        for role in ("date", "plant", "unit", "energy_unit_column", "daily_total"):
            heading = getattr(self, role)
            if heading is not None:
                object.__setattr__(self, role, heading_text(heading))
        if self.plant_name is not None:
            object.__setattr__(self, "plant_name", str(self.plant_name).strip(BLANKS))
        _require_none(self._problems())
        if self.power_unit is not None:
            object.__setattr__(self, "energy_unit", f"{self.power_unit}h")

    def _filled(self, pattern: str) -> list[str]:
        count = HOURS * self.parts
        times = [_time(part, self.parts) for part in range(count + 1)]
        try:
            return [pattern.format(part, begin=times[part - 1], end=times[part]) for part in range(1, count + 1)]
        except (ValueError, LookupError) as error:
            raise OptionError(
                f'layout "{self.name}" has the pattern "{pattern}" for its hours, into which no number can be put '
                f'({error}); write one such as "h{{:02d}}"'
            ) from error

    def _problems(self) -> Iterator[str]:
        yield from _problems_of_steps(self)
        if len(set(self.hours)) != HOURS * self.parts or len(self.hours) != HOURS * self.parts:
            yield (
                f'layout "{self.name}" has {len(set(self.hours))} different hour columns; name {HOURS * self.parts}, '
                'or a pattern such as "h{:02d}"'
            )
        for heading in (self.date, self.plant, self.unit, self.energy_unit_column, self.daily_total, *self.keep):
            if heading in self.hours:
                yield (f'layout "{self.name}" takes column "{heading}" for an hour and for something else')
        if self.plant is not None and self.plant == self.unit:
            yield (f'layout "{self.name}" takes column "{self.plant}" for the plant and for its unit')
        for heading in self.keep:
            if heading in LONG_COLUMNS:
                yield (f'layout "{self.name}" keeps column "{heading}", a name that the long table uses')
        if self.plant_name == "":
            yield (f'layout "{self.name}" has a blank plant_name; name the plant, or leave it out')
        if self.hour_label not in get_args(HourLabel):
            yield (f'layout "{self.name}" has hour_label {self.hour_label!r}; it can be "start" or "end"')
        for unit in (self.energy_unit, self.daily_total_unit):
            if unit is not None and unit not in ENERGY_UNITS:
                yield (f'layout "{self.name}" has unit of energy {unit!r}; it can be Wh, kWh or MWh')

    @property
    def parts(self) -> int:
        """Of how many columns an hour is made."""
        return PARTS.get(self.step, 1)

    def of_hours(self) -> WideLayout:
        """Return what the columns mean once each hour is one; its heading is that of its first and last part."""
        ends = zip(self.hours[:: self.parts], self.hours[self.parts - 1 :: self.parts], strict=True)
        hours = [f"{first} to {last}" for first, last in ends]
        return replace(self, hours=hours, step="1h", power_unit=None)

    @property
    def required(self) -> tuple[str, ...]:
        """Return the headings without which a table is not of this layout."""
        return tuple(heading for heading in (self.date, self.plant, *self.hours) if heading is not None)

    @property
    def headings(self) -> tuple[str, ...]:
        """Return all headings that the layout names."""
        named = (*self.required, self.unit, self.energy_unit_column, self.daily_total, *self.keep)
        return tuple(dict.fromkeys(heading for heading in named if heading is not None))

    def is_told_by(self, headings: Collection[str]) -> bool:
        """Return whether these headings (without blanks around them) tell this layout."""
        return self.told_by_headings and {*self.required, *self.recognised_by} <= set(headings)


@dataclass(frozen=True)
class LongLayout:
    """What the columns of a table with a row per hour mean: a plant's value in each row, or a column per plant.

    Parameters
    ----------
    name : str
        The name by which callers choose the layout.
    values : str or sequence of str
        Heading of the value; or of several values, which are the plants' names.
    date, hour : str, optional
        Headings of the day and of the hour's number.
    stamp : str, optional
        Heading of a time stamp in place of both.
    plant, unit : str, optional
        Headings of the plant's name and of the generating unit.
    plant_name : str, optional
        The plant's name, for a table of one plant that does not name it.
    hour_label : {"start", "end"}, optional
        What of an hour, or of its part, a stamp or number is. A stamp needs it; numbers from 1 to 24 tell it.
    energy_unit : {"Wh", "kWh", "MWh"}, optional
        What the values hold; a mean power in kW over an hour is the same number of kWh.
    publisher, fuel, step, power_unit : str, optional
        As in `WideLayout`; parts of hours need a stamp.

    Raises
    ------
    OptionError
        If the time of a row is not told by either stamp or date and hour, or if several values meet a plant.

    Examples
    --------
    >>> LongLayout("park", stamp="time", hour_label="start", values=["north", "south"], energy_unit="MWh").names_plants
    True
    """

    name: str
    _: KW_ONLY
    values: str | Sequence[str]
    date: str | None = None
    hour: str | None = None
    stamp: str | None = None
    plant: str | None = None
    unit: str | None = None
    plant_name: str | None = None
    hour_label: HourLabel | None = None
    energy_unit: EnergyUnit | None = None
    publisher: str | None = None
    fuel: str | None = None
    step: Step = "1h"
    power_unit: PowerUnit | None = None

    def __post_init__(self) -> None:
        values = [self.values] if isinstance(self.values, str) else self.values
        object.__setattr__(self, "values", tuple(map(heading_text, values)))
        for role in ("date", "hour", "stamp", "plant", "unit"):
            if (heading := getattr(self, role)) is not None:
                object.__setattr__(self, role, heading_text(heading))
        _require_none(self._problems())
        if self.power_unit is not None:
            object.__setattr__(self, "energy_unit", f"{self.power_unit}h")

    def _problems(self) -> Iterator[str]:
        yield from _problems_of_steps(self)
        if self.step != "1h" and self.stamp is None:
            yield f'layout "{self.name}" has step "{self.step}", which needs stamp'
        times = self.stamp is not None, self.date is not None, self.hour is not None
        if times not in {(True, False, False), (False, True, True)}:
            yield f'layout "{self.name}" needs either stamp, or date and hour'
        if self.stamp is not None and self.hour_label is None:
            yield f'layout "{self.name}" needs hour_label, "start" or "end": what of its hour a stamp is'
        if not self.values:
            yield f'layout "{self.name}" names no values'
        if len(self.values) > 1 and (self.plant is not None or self.plant_name is not None):
            yield f'layout "{self.name}" has several columns of values, which name the plants, and a plant besides'
        if self.hour_label is not None and self.hour_label not in get_args(HourLabel):
            yield f'layout "{self.name}" has hour_label {self.hour_label!r}; it can be "start" or "end"'
        if self.energy_unit is not None and self.energy_unit not in ENERGY_UNITS:
            yield f'layout "{self.name}" has unit of energy {self.energy_unit!r}; it can be Wh, kWh or MWh'

    @property
    def parts(self) -> int:
        """Of how many rows an hour is made."""
        return PARTS.get(self.step, 1)

    @property
    def names_plants(self) -> bool:
        """Whether the headings of the values are the plants' names."""
        return len(self.values) > 1

    @property
    def times(self) -> tuple[str, ...]:
        """Return the headings that tell the hour of a row."""
        return tuple(heading for heading in (self.stamp, self.date, self.hour) if heading is not None)

    @property
    def required(self) -> tuple[str, ...]:
        """Return the headings without which a table is not of this layout."""
        return tuple(heading for heading in (*self.times, self.plant, *self.values) if heading is not None)

    @property
    def headings(self) -> tuple[str, ...]:
        """Return all headings that the layout names."""
        return (*self.required, self.unit) if self.unit is not None else self.required


def _problems_of_steps(layout: WideLayout | LongLayout) -> Iterator[str]:
    if layout.step not in PARTS:
        yield f'layout "{layout.name}" has step {layout.step!r}; it can be {", ".join(PARTS)}'
    if layout.power_unit is not None and layout.power_unit not in get_args(PowerUnit):
        yield f'layout "{layout.name}" has unit of power {layout.power_unit!r}; it can be W, kW or MW'
    if layout.power_unit is not None and layout.energy_unit not in {None, f"{layout.power_unit}h"}:
        yield f'layout "{layout.name}" has both energy_unit, which is summed, and power_unit, which is averaged'


def _time(part: int, parts: int) -> str:
    return f"{part // parts:02d}:{part % parts * 60 // parts:02d}"


def _require_none(problems: Iterable[str]) -> None:
    if found := list(problems):
        raise OptionError("; ".join(found))


def heading_text(heading: object) -> str:
    """Return a heading as layouts spell it: without blanks around it, and with single ones inside.

    Examples
    --------
    >>> heading_text("\ufeff 1시  발전량(MWh) ")
    '1시 발전량(MWh)'
    """
    return re.sub(r"\s+", " ", str(heading).strip(BLANKS))
