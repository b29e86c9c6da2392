"""What becomes of rows whose source has other fields than before: a policy per table."""

from __future__ import annotations

from enum import StrEnum

from energy_data_layer import settings
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.coverage import hourly_tables


class SchemaPolicy(StrEnum):
    """The policies, as in dlt's schema contract.

    Attributes
    ----------
    EVOLVE
        Changes are reported, everything is stored, and the next run expects what came.
    FREEZE
        A change ends the run before anything of it is written.
    REJECT
        What shows a change goes to table ``rejects``, the rest is stored; it is reported until it ends or is accepted.
    """

    EVOLVE = "evolve"
    FREEZE = "freeze"
    REJECT = "reject"


def policy_of(table: str, text: str | None = None) -> SchemaPolicy:
    """Return the policy of a table.

    Parameters
    ----------
    table : str
        The table.
    text : str, optional
        A policy, or one per table as ``weather_asos=freeze,nambu_generation=reject``; by default that of the
        variable ``EDL_SCHEMA_POLICY``. Tables that are not named evolve.

    Raises
    ------
    OptionError
        If there is no such table or policy.

    Examples
    --------
    >>> str(policy_of("weather_asos", "weather_asos=freeze")), str(policy_of("wind_namdong", "weather_asos=freeze"))
    ('freeze', 'evolve')
    """
    origin = settings.SCHEMA_POLICY if text is None else "schema_policy"
    text = settings.schema_policy() if text is None else text
    found = SchemaPolicy.EVOLVE
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, is_named, policy = (piece.strip() for piece in part.rpartition("="))
        if (is_named and name not in hourly_tables()) or policy not in list(SchemaPolicy):
            raise OptionError(
                f'{origin} has "{part}"; write table=policy with a table of {", ".join(hourly_tables())} '
                f"and a policy of {', '.join(SchemaPolicy)}"
            )
        if name in {"", table}:
            found = SchemaPolicy(policy)
    return found
