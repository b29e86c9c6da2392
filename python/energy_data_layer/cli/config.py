"""``edl config``."""

from __future__ import annotations

import json
import os

from energy_data_layer import settings
from energy_data_layer.cli.console import show_table, show_text
from energy_data_layer.cli.options import AsJson  # noqa: TC001  typer reads the annotations
from energy_data_layer.errors import ExtraUnavailable
from energy_data_layer.settings.files import source_of
from energy_data_layer.storage.urls import redacted_url


def config(as_json: AsJson = False) -> None:
    """Show the settings that are in force and where they come from; secrets are not shown."""
    defaults = settings.DEFAULTS | _defaults_of_services()
    found = []
    for name in settings.known():
        value = os.environ[name].strip() if settings.is_set(name) else defaults.get(name, "")
        shown = "***" if value and settings.is_secret(name) else redacted_url(value)
        found.append({"variable": name, "value": shown, "from": source_of(name)})
    if as_json:
        show_text(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show_table("Settings", list(found[0]), [list(one.values()) for one in found])


def _defaults_of_services() -> dict[str, str]:
    try:
        from energy_data_layer.settings.services import ServiceSettings
    except ExtraUnavailable:
        return {}
    fields = ServiceSettings.model_fields
    return {f"{settings.SERVICES_PREFIX}{name}".upper(): str(field.default or "") for name, field in fields.items()}
