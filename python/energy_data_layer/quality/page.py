"""The data-quality page: one HTML file, in Korean and English, that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from importlib.util import find_spec
from math import floor
from typing import TYPE_CHECKING, Any, Literal

from energy_data_layer.core.atomic_file import place_for, written_atomically
from energy_data_layer.core.gaps import LENGTH_CLASSES
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.datasets.registry import dataset_of_table
from energy_data_layer.errors import ExtraUnavailable, OptionError
from energy_data_layer.storage.runs import EMPTY, FAILED, INCOMPLETE

from . import pictures
from .coverage import State
from .facts import quality_facts
from .labels import LABELS, LANGUAGES
from .verdict import lacking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from os import PathLike

    from jinja2 import Environment
    from markupsafe import Markup

    from .coverage import SeriesCoverage, TableCoverage
    from .facts import QualityFacts

Language = Literal["en", "ko"]

LISTED_SERIES = 200
"""Series of a table that are shown, those with the most missing hours."""

CALENDAR_BOXES = 130_000
"""Boxes that all calendars of days may have together, of some 14 bytes each: the page stays below 3 MB."""


def quality_page(
    database_url: str,
    *,
    since: date | None = None,
    until: date | None = None,
    stations: Sequence[int] = (),
    max_age: Iterable[str] = (),
    language: Language = "en",
) -> str:
    """Return the data-quality page of a database as HTML.

    Parameters
    ----------
    database_url : str
        See `connect`; the database stays as it is.
    since, until, stations, max_age : optional
        See `quality_facts`.
    language : {"en", "ko"}, default "en"
        The language that is shown first; the page has both.

    Raises
    ------
    ExtraUnavailable
        If jinja2 is not installed.
    OptionError
        If an option has a value that it cannot take.
    StorageError
        If the database cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.jobs.generation.from_files import run_generation
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     _ = run_generation(write_generation_sample(folder), f"duckdb:///{folder}/energy.duckdb")
    ...     page = quality_page(f"duckdb:///{folder}/energy.duckdb", language="ko")
    >>> page.splitlines()[1]
    '<html lang="ko" data-title-en="Data quality" data-title-ko="데이터 품질">'
    """
    require_jinja2()
    return render(quality_facts(database_url, since=since, until=until, stations=stations, max_age=max_age), language)


def write_quality_page(
    database_url: str,
    path: str | PathLike[str],
    *,
    since: date | None = None,
    until: date | None = None,
    stations: Sequence[int] = (),
    max_age: Iterable[str] = (),
    language: Language = "en",
) -> None:
    """Write the data-quality page of a database; a previous one stays until the new one is complete.

    Parameters are those of `quality_page`, and `path`, the file.

    Raises
    ------
    ExtraUnavailable, OptionError, StorageError
        As in `quality_page`; also if the file cannot be written.
    """
    place_for(path)
    page = quality_page(database_url, since=since, until=until, stations=stations, max_age=max_age, language=language)
    with written_atomically(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def require_jinja2() -> None:
    """Raise `ExtraUnavailable` if pages cannot be made, because jinja2 is not installed."""
    if find_spec("jinja2") is None:
        raise ExtraUnavailable("jinja2", "report")


def render(facts: QualityFacts, language: Language = "en") -> str:
    """Return facts as the page."""
    if language not in LANGUAGES:
        raise OptionError(f'the page has no language "{language}"; it can be {", ".join(LANGUAGES)}')
    environment = _environment()
    titles = dict(zip(LANGUAGES, LABELS["title"], strict=True))
    script = environment.get_template("page.js").render()
    return environment.get_template("page.html.j2").render(
        facts=facts,
        language=language,
        title=titles[language],
        titles=titles,
        script=script,
        lacking=lacking(facts.coverage),
        sums=_sums(facts),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("energy_data_layer.quality"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "t": _text,
        "dataset": _dataset,
        "field": _field,
        "unit": lambda name: ASOS_COLUMNS[name].unit if name in ASOS_COLUMNS else "",
        "languages": LANGUAGES,
        "lengths": LENGTH_CLASSES,
        "methods": [method.label for method in Provenance],
        "states": [state.label for state in State if state is not State.OUTSIDE],
        "is_label": LABELS.__contains__,
        "patterned": [State.FEW_MISSING.label, State.MANY_MISSING.label, State.ABSENT.label],
        "pictures": pictures,
        "shown_series": _shown_series,
        "calendars_of": _calendars,
        "period_of": _period_of,
    }
    environment.filters |= {"number": _number, "percent": _percent, "moment": _moment}
    return environment


def _text(key: str, **values: object) -> Markup:
    """Return a label in both languages; the style sheet shows one of them."""
    return _both(*(text.format(**values) for text in LABELS[key]))


def _dataset(table: str) -> Markup:
    """Return what a table holds, in both languages."""
    found = dataset_of_table(table)
    return _both(*(found.label if found is not None else (table, table)))


def _field(name: str) -> Markup:
    """Return what a field of the weather is called, in both languages."""
    column = ASOS_COLUMNS.get(name)
    return _both(column.meaning, column.heading.partition("(")[0]) if column else _both(name, name)


def _both(*texts: str) -> Markup:
    from markupsafe import Markup

    span = Markup('<span class="t" lang="{}">{}</span>')
    return Markup("").join(span.format(*both) for both in zip(LANGUAGES, texts, strict=True))


def _sums(facts: QualityFacts) -> dict[str, int]:
    """Return what all stations and plants have together, and the runs that did not succeed."""
    series = [one for table in facts.coverage for one in table.series]
    counted = ("hours", "observed", "filled", "missing", "incomplete_days")
    failed = sum(
        counts.get(status, 0) for counts in facts.runs.by_job.values() for status in (FAILED, INCOMPLETE, EMPTY)
    )
    sums = {name: sum(getattr(one, name) for one in series) for name in counted}
    return sums | {"series": len(series), "failed_runs": failed}


def _shown_series(table: TableCoverage) -> list[SeriesCoverage]:
    return sorted(table.series, key=lambda one: (-one.missing, -one.filled, one.name))[:LISTED_SERIES]


def _calendars(facts: QualityFacts) -> dict[str, list[SeriesCoverage]]:
    """Return the series of each table whose days are shown, as far as there is room."""
    room = CALENDAR_BOXES
    found: dict[str, list[SeriesCoverage]] = {table.table: [] for table in facts.coverage}
    for table in facts.coverage:
        for one in _shown_series(table):
            room -= len(one.days)
            if room < 0:
                break
            found[table.table].append(one)
    return found


def _period_of(facts: QualityFacts) -> tuple[str, str] | None:
    """Return the first and the last day that the page is about, None where it has no hours."""
    first = facts.scope.since or min((table.first for table in facts.coverage), default=None)
    last = facts.scope.until or max((table.last for table in facts.coverage), default=None)
    return None if first is None or last is None else (str(first), str(last))


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _percent(part: float, digits: int = 2) -> str:
    """Return a part in percent, rounded down, so that 100 % is said only where all is there."""
    return f"{floor(part * 100 * 10**digits) / 10**digits:.{digits}f} %"


def _moment(value: Any, form: str = "%Y-%m-%d %H:%M") -> str:
    return "–" if value is None else f"{value:{form}}"
