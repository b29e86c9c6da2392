"""The last step before the network, where the key joins the request; nothing above it holds an address with the key."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import httpx

from energy_data_layer.sources.service_request import KEY_PARAMETER

if TYPE_CHECKING:
    from collections.abc import Callable

    from energy_data_layer.sources.service_key import ServiceKey

SERVICE_EXTENSION = "energy_data_layer.service"
"""Under which name a request carries its service, by which the key is chosen."""

logger = logging.getLogger(__name__)

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class KeyedTransport(httpx.AsyncBaseTransport):
    """Sends requests with the key of their service added to the query.

    Parameters
    ----------
    key_of : callable
        Gives the key of a service.
    transport : httpx.AsyncBaseTransport
        What sends them.
    """

    def __init__(self, key_of: Callable[[str], ServiceKey], transport: httpx.AsyncBaseTransport) -> None:
        self._key_of = key_of
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        key = self._key_of(request.extensions[SERVICE_EXTENSION])
        query = f"{KEY_PARAMETER}={key.encoded()}".encode()
        if request.url.query:
            query += b"&" + request.url.query
        return await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                request.url.copy_with(query=query),
                headers=request.headers,
                extensions=request.extensions,
            )
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def shows_key(url: str) -> bool:
    """Return whether a service key on its way to this address can be read by others."""
    address = httpx.URL(url)
    return address.scheme != "https" and address.host not in _THIS_MACHINE


def transports_to(url: str, count: int) -> list[httpx.AsyncHTTPTransport]:
    """Return so many that send requests to an address one by one, through the proxy that the environment names.

    One for all would look at every pair of its connections before each request.
    """
    address = httpx.URL(url)
    proxy = None
    if address.host not in _THIS_MACHINE and not proxy_bypass(address.host):
        proxies = getproxies()
        proxy = proxies.get(address.scheme) or proxies.get("all")
    # Without TLS the certificates of the authorities, which take time to read, are not needed.
    is_secure = address.scheme == "https"
    if shows_key(url):
        logger.warning("the services' address begins with http: the service key is sent unencrypted; use https")
    verify = httpx.create_ssl_context() if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # One connection is in use; a second one may be needed while a broken one is put away.
    limits = httpx.Limits(max_connections=2, max_keepalive_connections=1)
    return [httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy) for _ in range(count)]
