"""Names of tables and columns in statements."""

from __future__ import annotations

from energy_data_layer.errors import OptionError


def quoted(identifier: str) -> str:
    """Return a name of a table or column as it stands in a statement.

    Examples
    --------
    >>> quoted('the "best" plant')
    '"the ""best"" plant"'
    """
    if not identifier or "\0" in identifier:
        raise OptionError(f"{identifier!r} cannot be the name of a table or column")
    return '"' + identifier.replace('"', '""') + '"'
