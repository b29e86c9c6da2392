"""The key of a service: sent encoded exactly once, shown nowhere."""

from __future__ import annotations

import logging
import re
import ssl
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from urllib.request import getproxies, proxy_bypass

import httpx

from energy_data_layer.datasets.dataset import KEY_PARAMETER

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

logger = logging.getLogger(__name__)

HIDDEN = "***"

SHORTEST_HIDDEN_KEY = 8
"""Characters from which on a key is looked for in texts; a shorter one would be found in ordinary words."""

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_ENCODED_CHARACTER = re.compile("%[0-9a-fA-F]{2}")


class ServiceKey:
    """A service key.

    Parameters
    ----------
    secret : SecretStr
        The key, URL-encoded (then it contains ``%``) or not.

    Examples
    --------
    >>> from pydantic import SecretStr
    >>> ServiceKey(SecretStr("a+b/c/d/e==")).encoded() == ServiceKey(SecretStr("a%2Bb%2Fc%2Fd%2Fe%3D%3D")).encoded()
    True
    >>> ServiceKey(SecretStr("a+b/c/d/e==")).hide("key a+b/c/d/e== or a%2bb%2fc%2fd%2fe%3d=")
    'key *** or ***'
    """

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}({HIDDEN})"

    def encoded(self) -> str:
        """Return the key as it stands in an address."""
        return quote(self._plain(), safe="")

    def hide(self, text: str) -> str:
        """Return a text in which no form of the key is left."""
        pattern = self._pattern()
        return re.sub(pattern, HIDDEN, text) if pattern else text

    def hide_in(self, body: bytes) -> bytes:
        """Return a body in which no form of the key is left."""
        pattern = self._pattern()
        return re.sub(pattern.encode(), HIDDEN.encode(), body) if pattern else body

    def _plain(self) -> str:
        given = self._secret.get_secret_value().strip()
        return unquote(given) if _ENCODED_CHARACTER.search(given) else given

    def _pattern(self) -> str:
        """Return the expression for every way in which the key may be written by a service that sends it back."""
        plain = self._plain()
        return "".join(map(_ways_to_write, plain)) if len(plain) >= SHORTEST_HIDDEN_KEY else ""


def _ways_to_write(character: str) -> str:
    """Return the expression for a character as it is, or as addresses, JSON, or XML and HTML escape it."""
    if character.isascii() and character.isalnum():
        return character
    code = ord(character)
    ways = [
        re.escape(character),
        "".join(f"%(?:25)*{byte:02x}" for byte in character.encode()),
        rf"\\u{code:04x}",
        f"&#x0*{code:x};",
        f"&#0*{code};",
    ]
    if character == "+":
        ways.append(" ")  # what a form makes of it
    if character == "/":
        ways.append(r"\\/")
    return f"(?i:{'|'.join(ways)})"


class KeyedTransport(httpx.AsyncBaseTransport):
    """Adds the service key to the query at the last moment, so that no request that is logged or raised has it."""

    def __init__(self, key: ServiceKey, transport: httpx.AsyncBaseTransport) -> None:
        self._key = key
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        query = b"&".join(filter(None, (f"{KEY_PARAMETER}={self._key.encoded()}".encode(), request.url.query)))
        url = request.url.copy_with(query=query)
        return await self._transport.handle_async_request(
            httpx.Request(request.method, url, headers=request.headers, extensions=request.extensions)
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def shows_key(url: str) -> bool:
    """Return whether others can read a service key on its way to this address."""
    address = httpx.URL(url)
    return address.scheme != "https" and address.host not in _THIS_MACHINE


def transports_to(url: str) -> Callable[[], httpx.AsyncHTTPTransport]:
    """Return what makes transports to an address, through the proxy that the environment names."""
    address = httpx.URL(url)
    proxy = None
    if address.host not in _THIS_MACHINE and not proxy_bypass(address.host):
        proxies = getproxies()
        proxy = proxies.get(address.scheme) or proxies.get("all")
    if shows_key(url):
        logger.warning("the services' address begins with http: the service key is sent unencrypted; use https")
    # Without TLS the certificates of the authorities, which take time to read, are not needed.
    is_secure = address.scheme == "https"
    verify = httpx.create_ssl_context() if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # One connection is in use; a second one may be needed while a broken one is put away.
    limits = httpx.Limits(max_connections=2, max_keepalive_connections=1)
    return partial(httpx.AsyncHTTPTransport, verify=verify, limits=limits, proxy=proxy)
