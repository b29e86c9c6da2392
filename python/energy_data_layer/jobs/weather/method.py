"""How a weather job fills: the method of the database, and the model of the gaps, fitted when it is due."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.clock import utc_now
from energy_data_layer.errors import ModelError, OptionError
from energy_data_layer.settings import model_max_age
from energy_data_layer.storage.gap_models import (
    FillMethod,
    fill_method,
    model_content,
    newest_model,
    set_fill_method,
    store_model,
)
from energy_data_layer.storage.queries.weather_history import observations_of, stored_days, stored_period
from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY
from energy_data_layer.transforms.impute.derived import columns_to_fill, derived_columns, with_auxiliaries
from energy_data_layer.transforms.impute.model import GapModel
from energy_data_layer.transforms.impute.rule import OPTIMAL_INTERPOLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from energy_data_layer.jobs.options import ImputeOptions
    from energy_data_layer.reports.model_report import ModelReport
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.gap_models import StoredModel
    from energy_data_layer.transforms.impute.rule import Method

    Parts = Callable[[], Iterable[pa.Table]]

logger = logging.getLogger(__name__)

LONGEST_GAP = 744
"""Hours: a gap of more than a month is left missing, but for the rule of earlier releases."""

PROBABILITY = 0.9
LEAST_DAYS = 90
"""Days with rows that a model is fitted on at least."""

LONGEST_RECORD = timedelta(days=3653)
"""The newest hours that a model is fitted on: ten years."""

_STATION, _STAMP = WEATHER_KEY


@dataclass(frozen=True)
class Fills:
    """How missing values are filled.

    Attributes
    ----------
    method : str
        The method of the database.
    interval : float or None
        The probability of the stored intervals.
    max_gap : int or None
        The longest gap, in hours, that is filled.
    model : GapModel or None
        The model of `optimal_interpolation`; None with another method, and until enough days are stored.
    """

    method: Method
    interval: float | None
    max_gap: int | None
    model: GapModel | None = None


def fills_of(
    database: Database,
    report: ModelReport,
    options: ImputeOptions,
    parts: Parts = tuple,
    *,
    use_rust: bool | None,
    before: Fills | None = None,
    may_change: bool = False,
) -> Fills:
    """Return how a run fills; a new database gets its method, and a model is fitted when one is due.

    That is when 90 days have rows and there is no model of these columns, the newest one is too old, or the hours
    have become twice as many since it was fitted.

    Parameters
    ----------
    database : Database
        The database, with the tables of this release.
    report : ModelReport
        Where method and model are noted.
    options : ImputeOptions
        What is filled, and how.
    parts : callable
        Gives the new rows, which are not stored yet.
    use_rust : bool or None
        The engine.
    before : Fills, optional
        What this run filled by so far.
    may_change : bool, default False
        Whether the options may change the method of a database.

    Raises
    ------
    OptionError
        If the database's fills are made by another method than the options want, or another probability.
    """
    with report.stage("model"), database.transaction():
        chosen = _settled(database, options, may_change=may_change)
        report.method = chosen.method
        max_gap = options.max_gap
        if max_gap is None and chosen.method != "spline_climatology":
            max_gap = LONGEST_GAP
        model = None
        if chosen.method == OPTIMAL_INTERPOLATION and options.columns:
            model = _model(database, report, options.columns, parts, None if before is None else before.model, use_rust)
        report.model = None if model is None else model.id
        return Fills(chosen.method, chosen.probability, max_gap, model)  # type: ignore[arg-type]


def _settled(database: Database, options: ImputeOptions, *, may_change: bool) -> FillMethod:
    """Return the method of the database; note it where there is none yet, or where it may change."""
    stored = fill_method(database, WEATHER_ASOS)
    method = options.method or (stored.method if stored else OPTIMAL_INTERPOLATION)
    if options.interval is not None and method != OPTIMAL_INTERPOLATION:
        raise OptionError(f"interval needs fills by {OPTIMAL_INTERPOLATION}, and those of this database are {method}")
    probability = options.interval
    if probability is None and method == OPTIMAL_INTERPOLATION:
        probability = stored.probability if stored and stored.probability else PROBABILITY
    wanted = FillMethod(method, probability)
    if stored == wanted:
        return stored
    if stored is not None and not may_change:
        named = "method" if stored.method != method else "interval"
        is_, wants = (stored.method, method) if named == "method" else (stored.probability, probability)
        raise OptionError(
            f"{named} is {wants}, and the fills of this database are made with {is_}; leave it out, or change "
            f"them all: edl reprocess --{named} {wants} --since …"
        )
    set_fill_method(database, WEATHER_ASOS, wanted)
    return wanted


def _model(
    database: Database,
    report: ModelReport,
    columns: Sequence[str],
    parts: Parts,
    before: GapModel | None,
    use_rust: bool | None,
) -> GapModel | None:
    """Return the newest model, or one that is fitted now because it is due."""
    stored = newest_model(database, WEATHER_ASOS)
    if stored is None or not _serves(stored, columns, parts):
        new = [pc.unique(part.column(_STAMP).cast(pa.date32())).to_pylist() for part in parts()]
        days = set(stored_days(database)).union(*new)
        if len(days) >= LEAST_DAYS:
            return fit_and_store(database, report, columns, parts, use_rust=use_rust)
        if stored is None or not set(columns) <= set(stored.facts["columns"]):
            logger.info("%d days are stored; a model of the gaps is fitted when there are %d", len(days), LEAST_DAYS)
            return None
    if before is not None and before.id == stored.id:
        return before
    return GapModel.from_bytes(model_content(database, stored.id), f"model {stored.id}")


def _serves(stored: StoredModel, columns: Sequence[str], parts: Parts) -> bool:
    """Return whether a model has the columns, is new enough, and more than half of the hours were there to fit on."""
    if not set(columns) <= set(stored.facts["columns"]) or utc_now() - stored.fitted > model_max_age():
        return False
    known = tuple(datetime.fromisoformat(end) for end in stored.facts["stored"])
    first, last = _period((known, *_periods(parts)))
    return min(last - first, LONGEST_RECORD) < 2 * (known[1] - known[0])


def _periods(parts: Parts) -> list[tuple[datetime, datetime]]:
    limits = [pc.min_max(part.column(_STAMP)).as_py() for part in parts() if part.num_rows]
    return [(limit["min"], limit["max"]) for limit in limits]


def _period(periods: Iterable[tuple[datetime, ...]]) -> tuple[datetime, datetime]:
    """Return the first and the last stamp of several periods."""
    firsts, lasts = zip(*periods, strict=True)
    return min(firsts), max(lasts)


def fit_and_store(
    database: Database,
    report: ModelReport,
    columns: Sequence[str],
    parts: Parts = tuple,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    use_rust: bool | None,
) -> GapModel:
    """Fit a model on what is stored and on new rows, one column at a time, and store it.

    Raises
    ------
    ModelError
        If there are no rows to fit on.
    """
    periods = [period for period in (stored_period(database), *_periods(parts)) if period is not None]
    if not periods:
        raise ModelError("no weather is stored, so there is nothing to fit on; run edl run weather first")
    known = _period(periods)
    last = until or known[1]
    first = since or last - LONGEST_RECORD
    # Of an empty frame with all columns: which of them are filled through others.
    present = pa.table({name: pa.array([], pa.float64()) for name in database.columns(WEATHER_ASOS)})
    derived = derived_columns(columns, _STAMP, _STATION, [present])
    models = []
    for name in columns:
        through = {name: derived[name]} if name in derived else {}
        read = (name, *(one.partner for one in through.values()))
        frames = [observations_of(database, read, first, last)]
        new = [_within(part.select([*WEATHER_KEY, *read]), first, last) for part in parts()]
        if new:
            frames.insert(0, pa.concat_tables(new))
        frame, *history = (with_auxiliaries(one, through) for one in frames)
        models.append(
            GapModel.fit(
                frame,
                columns_to_fill([name], through),
                _STAMP,
                _STATION,
                history=history[0] if history else None,
                use_rust=use_rust,
            )
        )
    model = GapModel.combined(models)
    # What the model knows may be less: the days to fit on can be named.
    report.model_fitted = model.describe() | {"stored": [str(end) for end in known]}
    store_model(database, WEATHER_ASOS, model.to_bytes(), report.model_fitted, report.run_id)
    logger.info("fitted model %s on %s to %s", model.id, model.facts["since"], model.facts["until"])
    return model


def _within(rows: pa.Table, first: datetime, last: datetime) -> pa.Table:
    return rows.filter((pc.field(_STAMP) >= first) & (pc.field(_STAMP) <= last))
