"""The options of jobs, as objects that are checked once and handed down whole."""

from __future__ import annotations

from copy import copy
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from energy_data_layer.core.clock import today_in_korea
from energy_data_layer.errors import ColumnNotFoundError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from os import PathLike

    from energy_data_layer.datasets.dataset import Chunk, Dataset
    from energy_data_layer.services.collect import Collection
    from energy_data_layer.services.raw import RawFolder
    from energy_data_layer.settings.services import ServiceSettings
    from energy_data_layer.transforms.impute.rule import Method

DEFAULT_COLUMNS = ("ta", "hm", "ws", "pa")
DEFAULT_ABSENCE = "90d"

REWRITTEN_HOURS = 168
"""Hours around new rows whose fills are computed again: no gap may be interpolated across more."""


def _option(kind: Any, text: str) -> dict[str, Any]:
    """Return what the command line needs of a field: the type of its option, and its help."""
    return {"kind": kind, "help": text}


@dataclass(frozen=True, kw_only=True)
class ImputeOptions:
    """How a weather job fills what is missing.

    Attributes
    ----------
    columns : tuple of str, default ("ta", "hm", "ws", "pa")
        The fields to impute; all other fields are stored as they are.
    max_spline_gap : int, default 3
        The longest gap, in hours, that a spline interpolates; at most 168.
    method : {"optimal_interpolation", "linear", "spline_climatology"}, optional
        Where fills come from: one method for all fills of a database, by default `optimal_interpolation` in a new one.
        A database of an earlier release keeps `spline_climatology`; `run_reprocess` changes it.
    max_gap : int, optional
        The longest gap, in hours, that is filled; by default 744, and any by `spline_climatology`.
    max_absence : str, default "90d"
        The longest time without rows that gets some; a longer one (a station that was closed, a mistyped year) is
        reported.
    out_of_range : {"keep", "missing"}, default "keep"
        What becomes of observations outside the physical bounds of their column, which the report counts: kept,
        or taken for missing and kept in table ``rejects``.
    interval : float, optional
        The probability with which the stored interval of a fill holds the true value, by default 0.9; only for
        `optimal_interpolation`, and one for all fills of a database.

    Raises
    ------
    OptionError
        If no field is named, one is a key, gaps would be interpolated that reach beyond what is written again, or
        another option has a value that it cannot take.
    """

    columns: tuple[str, ...] = field(
        default=DEFAULT_COLUMNS, metadata=_option(list[str], "The fields to impute, separated by blanks or commas.")
    )
    max_spline_gap: int = field(
        default=3, metadata=_option(int, "The longest gap that a spline interpolates, in hours.")
    )
    method: Method | None = field(
        default=None,
        metadata=_option(
            str | None,
            "How gaps are filled: optimal_interpolation (the default of a new database), linear or "
            "spline_climatology; edl reprocess changes it.",
        ),
    )
    max_gap: int | None = field(
        default=None,
        metadata=_option(
            int | None, "The longest gap that is filled, in hours; by default 744, and any by spline_climatology."
        ),
    )
    max_absence: str = field(
        default=DEFAULT_ABSENCE,
        metadata=_option(str, "The longest time without rows that gets some; a longer one is reported."),
    )
    out_of_range: Literal["keep", "missing"] = field(
        default="keep",
        metadata=_option(
            str, "What becomes of observations outside the physical bounds: keep, or missing (the report names them)."
        ),
    )
    interval: float | None = field(
        default=None,
        metadata=_option(
            float | None,
            "How often the stored interval of a fill is to hold the true value; by default 0.9, with "
            "optimal_interpolation.",
        ),
    )

    def __post_init__(self) -> None:
        # The help of a command reads these records, and needs no columns, which load pyarrow.
        from energy_data_layer.datasets.asos import KEYS

        columns = tuple(dict.fromkeys(self.columns))
        if not columns:
            raise OptionError(f"columns is empty; name at least one field, such as {', '.join(DEFAULT_COLUMNS)}")
        keys = [name for name in columns if name in KEYS]
        if keys:
            raise OptionError(f"{', '.join(keys)} cannot be imputed: the fields {', '.join(KEYS)} are keys")
        if self.max_spline_gap > REWRITTEN_HOURS:
            raise OptionError(
                f"max_spline_gap is {self.max_spline_gap}; the weather job can interpolate at most "
                f"{REWRITTEN_HOURS} hours, the context that it writes again"
            )
        if self.method is not None or self.interval is not None or self.max_gap is not None:
            from energy_data_layer.transforms.impute.rule import checked_rule

            checked_rule(
                columns,
                method=self.method or "optimal_interpolation",
                max_spline_gap=self.max_spline_gap,
                max_gap=self.max_gap,
                bounds=None,
                interval=self.interval,
            )
        if self.out_of_range not in ("keep", "missing"):
            raise OptionError(f'out_of_range is "{self.out_of_range}"; it is keep or missing')
        if self.max_absence != DEFAULT_ABSENCE:
            from energy_data_layer.transforms.complete_hours.api import longest_in_seconds

            longest_in_seconds(self.max_absence, "max_absence")
        object.__setattr__(self, "columns", columns)

    def of_filling(self) -> dict[str, Any]:
        """Return how gaps are filled, for a report's arguments."""
        chosen = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        return {"max_spline_gap": self.max_spline_gap} | {k: v for k, v in chosen.items() if k != "columns"}

    def for_columns(self, present: Sequence[str], origin: str) -> tuple[ImputeOptions, list[str]]:
        """Return options for what is there, and which columns are not: of the default ones those there are do."""
        absent = [name for name in self.columns if name not in present] if self.columns == DEFAULT_COLUMNS else []
        options = copy(self)
        object.__setattr__(options, "columns", tuple(name for name in self.columns if name not in absent))
        options.require_columns(present, origin)
        return options, absent

    def require_columns(self, present: Sequence[str], origin: str) -> None:
        """Raise if a column is not among the rows, or is nothing that can be imputed."""
        from energy_data_layer.datasets.asos import ASOS_COLUMNS

        for name in self.columns:
            if name not in present:
                raise ColumnNotFoundError(name, list(present), origin)
            column = ASOS_COLUMNS.get(name)
            if column is not None and column.blank_means:
                raise OptionError(f"{name} cannot be imputed: a blank means {column.blank_means}, not a missing value")
            if column is None or not column.can_be_imputed:
                raise OptionError(f"{name} cannot be imputed: it is no quantity that values in between make sense of")


def _settings_of_environment() -> ServiceSettings:
    from energy_data_layer.settings.services import ServiceSettings

    return ServiceSettings()


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a job on a service runs, whatever it collects.

    Attributes
    ----------
    settings : ServiceSettings, optional
        Keys, addresses and limits; by default those of the environment.
    today : date, optional
        The day it is in Korea; by default that of the clock.
    keep_raw, from_raw : path, optional
        A folder in which the bodies of the responses are kept, or one from which they are read in place of the
        service: then everything in it is stored.
    dry_run : bool, default False
        Show what would be requested, and do nothing.
    schema_policy : str, optional
        What becomes of responses with other fields than before, see `policy_of`.
    use_rust : bool, optional
        The engine, see `rows_from_api_payload`.
    on_stage : callable, optional
        Called with the name of each stage as it begins.

    Raises
    ------
    OptionError
        If the folders cannot be used together, or the one to read is not there.
    """

    settings: ServiceSettings = field(default_factory=_settings_of_environment)
    today: date = field(default_factory=lambda: today_in_korea())
    keep_raw: str | PathLike[str] | None = field(
        default=None, metadata=_option(Path | None, "Keep the bodies of the responses in this folder, compressed.")
    )
    from_raw: str | PathLike[str] | None = field(
        default=None, metadata=_option(Path | None, "Read the responses from such a folder and query no service.")
    )
    dry_run: bool = field(default=False, metadata=_option(bool, "Show what would be requested, and do nothing."))
    schema_policy: str | None = field(
        default=None,
        metadata=_option(
            str | None,
            "What becomes of rows whose source has other fields than before: evolve, freeze or reject, for all tables "
            "or as table=policy; by default that of EDL_SCHEMA_POLICY.",
        ),
    )
    use_rust: bool | None = None
    on_stage: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.default_factory is not MISSING and getattr(self, one.name) is None:
                object.__setattr__(self, one.name, one.default_factory())
        if self.keep_raw is not None and self.from_raw is not None:
            raise OptionError("keep_raw and from_raw cannot be combined: the responses in from_raw are kept already")
        if self.from_raw is not None and not Path(self.from_raw).is_dir():
            raise OptionError(f"from_raw is {self.from_raw}, which is no folder")
        if self.keep_raw is not None and Path(self.keep_raw).exists() and not Path(self.keep_raw).is_dir():
            raise OptionError(f"keep_raw is {self.keep_raw}, which is no folder")

    @property
    def raw(self) -> RawFolder | None:
        """The folder that responses are read from, in place of the service."""
        from energy_data_layer.services.raw import RawFolder

        return None if self.from_raw is None else RawFolder(self.from_raw)

    def planned(self, dataset: Dataset, wanted: Iterable[Chunk]) -> list[Chunk]:
        """Return the chunks to request: the wanted ones, or all that the raw folder holds."""
        return list(wanted) if self.raw is None else self.raw.chunks(dataset)

    def collect(self, dataset: Dataset, chunks: Iterable[Chunk], *, requests_today: int) -> Collection:
        """Request chunks within what is left of the day's requests."""
        from energy_data_layer.services.collect import collect
        from energy_data_layer.services.raw import RawFolder

        return collect(
            dataset,
            chunks,
            self.settings,
            requests_left=max(self.settings.requests_per_day - requests_today, 0),
            keep_raw=None if self.keep_raw is None else RawFolder(self.keep_raw),
            from_raw=self.raw,
            use_rust=self.use_rust,
        )


def split_options(options: Mapping[str, Any]) -> tuple[ImputeOptions, RunOptions]:
    """Return both kinds of options of a weather job from their fields."""
    of_impute = {one.name for one in fields(ImputeOptions)} & options.keys()
    return (
        ImputeOptions(**{name: options[name] for name in of_impute}),
        RunOptions(**{name: value for name, value in options.items() if name not in of_impute}),
    )
