"""A request to one of the public services, without the key."""

from __future__ import annotations

from dataclasses import dataclass

SERVICE_PATHS = {
    "asos": "1360000/AsosHourlyInfoService/getWthrDataList",
    "namdong_wind": "B551893/wind-power-by-hour/list",
    "nambu_solar": "B552520/PwrSunLightInfo/getDataService",
}
"""The path of each service below the services' address."""

KEY_PARAMETER = "serviceKey"
"""The parameter that carries the key, in every service."""

LONGEST_BODY = 64 * 1024 * 1024
"""Bytes of an answer's body, decompressed, beyond which it is refused."""


@dataclass(frozen=True)
class ServiceRequest:
    """A request to a service, without the key; fit for messages and as a dictionary's key.

    Attributes
    ----------
    service : str
        ``"asos"``, ``"namdong_wind"`` or ``"nambu_solar"``.
    parameters : tuple of (str, str)
        Names and values, not encoded, in the order in which they are sent.

    Examples
    --------
    >>> ServiceRequest("namdong_wind", (("startD", "20240101"), ("page", "1"))).label
    'namdong_wind startD=20240101 page=1'
    """

    service: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """The request as messages and reports name it."""
        return " ".join((self.service, *(f"{name}={value}" for name, value in self.parameters)))
