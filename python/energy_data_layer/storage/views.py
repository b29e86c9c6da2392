"""The views for those who ask in SQL, as a migration makes them: as frozen as that, whatever is declared today.

A provenance or an interval stands beside a field once that was imputed. So that a view has these columns from the
beginning, each is taken from the table where it is there, and else, as an inner query may, from the row of nulls
outside of it. DuckDB looks again whenever the view is read, PostgreSQL when the view is made again.
"""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """A view, with all that is said of it.

    Attributes
    ----------
    name : str
        Its name.
    query : str
        What it shows.
    comment : str
        What a row is.
    columns : dict of str to str
        What each column holds, by name in their order.
    series : tuple of str
        The columns that name a series.
    names : tuple of str
        The columns that name a series for a reader.
    """

    name: str
    query: str
    comment: str
    columns: dict[str, str]
    series: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the view, or makes it again."""
        comments = [("VIEW", self.name, self.comment)]
        comments += [("COLUMN", f"{self.name}.{column}", text) for column, text in self.columns.items()]
        return (
            f"CREATE OR REPLACE VIEW {self.name} AS {self.query}",
            *(f"COMMENT ON {kind} {name} IS '{text.replace(chr(39), chr(39) * 2)}'" for kind, name, text in comments),
        )


STAMP = "hour_start"
"""The column of the hours, in all views."""

_KST = "AT TIME ZONE 'Etc/GMT-9'"  # Korean standard time; Asia/Seoul had summer time in 1987 and 1988

_LABELS = (
    "observed", "spline", "linear", "nearest", "climatology", "station_mean", "global_mean", "unfilled",
    "optimal_interpolation", "optimal_interpolation_neighbours", "borrowed_climatology",
)  # fmt: skip

_HOUR_BEFORE = "of the hour that ends at hour_start"

# The field, its name in the view, whether it has a quality flag, whether it can be imputed, and what it is.
_FIELDS = (
    ("ta", "temperature", True, True, "air temperature, °C"),
    ("rn", "precipitation", True, False, f"precipitation {_HOUR_BEFORE}, mm; null: none"),
    ("ws", "wind_speed", True, True, "wind speed, m/s"),
    ("wd", "wind_direction", True, True, "where the wind comes from, degrees on 16 points; 0: calm, 360: north"),
    ("hm", "humidity", True, True, "relative humidity, %"),
    ("pv", "vapour_pressure", False, True, "vapour pressure, hPa"),
    ("td", "dew_point", False, True, "dew point temperature, °C"),
    ("pa", "station_pressure", True, True, "air pressure at the station, hPa"),
    ("ps", "sea_level_pressure", True, True, "air pressure at sea level, hPa"),
    ("ss", "sunshine", True, False, f"sunshine duration {_HOUR_BEFORE}, h; null: night"),
    ("icsr", "solar_radiation", True, False, f"solar radiation {_HOUR_BEFORE}, MJ/m²; null: night"),
    ("dsnw", "snow_depth", False, False, "snow depth, cm; null: no snow"),
    ("hr3Fhsc", "new_snow_3h", False, True, "new snow of three hours, cm"),
    ("dc10Tca", "total_cloud_cover", False, True, "total cloud cover, tenths"),
    ("dc10LmcsCa", "low_middle_cloud_cover", False, True, "cloud cover of the middle and low levels, tenths"),
    ("clfmAbbrCd", "cloud_types", False, False, "cloud types, abbreviated"),
    ("lcsCh", "cloud_base", False, True, "height of the lowest cloud base, 100 m"),
    ("vs", "visibility", False, True, "visibility, 10 m"),
    ("gndSttCd", "ground_state", False, False, "state of the ground, code"),
    ("dmstMtphNo", "phenomena", False, False, "weather phenomena, national codes"),
    ("ts", "ground_temperature", True, True, "ground surface temperature, °C"),
    ("m005Te", "soil_temperature_5cm", False, True, "soil temperature at 5 cm, °C"),
    ("m01Te", "soil_temperature_10cm", False, True, "soil temperature at 10 cm, °C"),
    ("m02Te", "soil_temperature_20cm", False, True, "soil temperature at 20 cm, °C"),
    ("m03Te", "soil_temperature_30cm", False, True, "soil temperature at 30 cm, °C"),
)


def _weather() -> View:
    imputable = [field for field, _, _, can_be_imputed, _ in _FIELDS if can_be_imputed]
    beside = (("provenance", "UTINYINT"), ("low", "DOUBLE PRECISION"), ("high", "DOUBLE PRECISION"))
    nulls = [f'CAST(NULL AS {kind}) AS "{field}_{what}"' for field in imputable for what, kind in beside]
    codes = [
        # Without a provenance a value is observed.
        f'CAST(CASE WHEN "{field}" IS NULL THEN "{field}_provenance" ELSE coalesce("{field}_provenance", 0) END '
        f'AS UTINYINT) AS "{field}_code"'
        for field in imputable
    ]
    inner = [f'"{field}_{what}" AS "{field}_{what}_"' for field in imputable for what in ("low", "high")]
    shown = {
        "hour_start": (f"tm {_KST}", "the hour, by its beginning: of weather the moment of the observation"),
        "station_id": ('"stnId"', "number of the station (field stnId)"),
        "station_name": ('"stnNm"', "name of the station (field stnNm)"),
    }
    shown |= {name: (f'"{field}"', f"{text} (field {field})") for field, name, _, _, text in _FIELDS}
    for field, name, has_flag, can_be_imputed, _ in _FIELDS:
        if has_flag:
            shown[f"{name}_quality"] = (
                f'CAST("{field}Qcflg" AS TINYINT)',
                f"quality flag of {name}: 9 missing, 1 suspect, null normal",
            )
        if can_be_imputed:
            code = f'"{field}_code"'
            shown[f"{name}_provenance"] = (code, f"how {name} was obtained: 0 observed, 7 missing still, else filled")
            shown[f"{name}_provenance_label"] = (f"labels[{code} + 1]", f"{name}_provenance in a word")
            shown[f"{name}_low"] = (f'"{field}_low_"', f"lower end of the interval of a filled {name}")
            shown[f"{name}_high"] = (f'"{field}_high_"', f"upper end of the interval of a filled {name}")
    labels = ", ".join(f"'{label}'" for label in _LABELS)
    fields = [f'"{field}"' for field, *_ in _FIELDS] + [
        f'"{field}Qcflg"' for field, _, has_flag, *_ in _FIELDS if has_flag
    ]
    of_table = ", ".join(['"stnId"', '"stnNm"', "tm", *fields, *codes, *inner])
    selected = ", ".join(f"{sql} AS {name}" for name, (sql, _) in shown.items())
    absent = ", ".join([f"ARRAY[{labels}] AS labels", *nulls])
    return View(
        "weather",
        f"SELECT {selected} FROM (SELECT {absent}) AS absent "  # noqa: S608
        f"CROSS JOIN LATERAL (SELECT {of_table} FROM weather_asos) AS stored",
        "Hourly observations of the ASOS stations in table weather_asos, one row for station and hour. Values are "
        "observed or, where <column>_provenance is neither 0 nor 7, filled: "
        + ", ".join(f"{code} {label}" for code, label in enumerate(_LABELS)),
        {name: text for name, (_, text) in shown.items()},
        series=("station_id",),
        names=("station_name",),
    )


WEATHER = _weather()
"""Observations and fills by station and hour."""

GENERATION = View(
    "generation",
    "SELECT 'wind_namdong' AS source, 'KOEN' AS publisher, plant_name, CAST(NULL AS TEXT) AS plant_code, "  # noqa: S608
    "CAST(NULL AS TEXT) AS unit, 'wind' AS fuel, "
    f"(\"timestamp\" - INTERVAL '1 hour') {_KST} AS hour_start, generation AS energy_kwh FROM wind_namdong "
    "UNION ALL SELECT 'nambu_generation', 'KOSPO', coalesce(plant_name, concat_ws(' ', gencd, hogi)), gencd, hogi, "
    f"'solar', \"datetime\" {_KST}, generation FROM nambu_generation "
    "UNION ALL SELECT 'generation_hourly', publisher, concat_ws(' ', plant, nullif(unit, '')), NULL, unit, fuel, "
    f"interval_start {_KST}, kwh FROM generation_hourly",
    "Hourly generation of plants from services and files, one row for source, plant, unit and hour. A plant that a "
    "service and a file tell of is there with either source.",
    {
        "source": "the table of the row: wind_namdong, nambu_generation (services) or generation_hourly (files)",
        "publisher": "who publishes it, such as KOEN",
        "plant_name": "name of the plant with its unit; its code with its unit where the source has no name",
        "plant_code": "code of the plant (gencd); null where the source has none",
        "unit": "generating unit; null where only plant_name tells it, empty where there is none",
        "fuel": "what the plant runs on: wind, solar; null where the source does not tell",
        "hour_start": "the hour, by its beginning, whichever end the source labels",
        "energy_kwh": "energy generated in the hour, kWh; null where it is missing",
    },
    series=("source", "publisher", "plant_name", "plant_code", "unit"),
    names=("plant_name",),
)
"""Generation by plant and hour, whatever the source."""

VIEWS = {view.name: view for view in (WEATHER, GENERATION)}
"""The views by name, as the newest migration of each makes them."""
