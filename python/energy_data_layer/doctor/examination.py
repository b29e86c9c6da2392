"""All checks, one after the other; one that fails is a finding and stops no other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from energy_data_layer.doctor import connections, installation
from energy_data_layer.doctor.finding import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def examine(database_url: str | None, *, online: bool = False, test_webhook: bool = False) -> list[Finding]:
    """Look at the whole installation; nothing is changed, and without `online` and `test_webhook` nothing is sent.

    Parameters
    ----------
    database_url : str or None
        The database of the jobs.
    online : bool, default False
        Try whether the services' address answers.
    test_webhook : bool, default False
        Send a message to the webhook.
    """
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "packages": installation.check_packages,
        "engine": installation.check_engine,
        "shadow mode": installation.check_shadow,
        "database": partial(connections.check_database, database_url),
        "services": partial(connections.check_services, online=online),
        "webhook": partial(connections.check_webhook, test=test_webhook),
        "environment": installation.check_environment,
    }
    found: list[Finding] = []
    for name, check in checks.items():
        try:
            found += check()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  a panic of the engine is no Exception
            found.append(Finding(name, Verdict.PROBLEM, f"the check itself failed: {type(error).__name__}"))
    return found
