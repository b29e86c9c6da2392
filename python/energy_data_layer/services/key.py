"""The key of a service: sent encoded exactly once, shown nowhere."""

from __future__ import annotations

import logging
import re
import ssl
from base64 import b64encode
from functools import cached_property, partial
from html.entities import html5
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from urllib.request import getproxies, proxy_bypass

import httpx

from energy_data_layer.datasets.dataset import KEY_PARAMETER
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

logger = logging.getLogger(__name__)

HIDDEN = "***"

SHORTEST_HIDDEN_KEY = 8
"""Characters from which on a key is looked for in texts; a shorter one would be found in ordinary words."""

LONGEST_KEY = 512
"""Characters up to which a text can be a key: those of the portal have about 100, and each takes time to look for."""

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_ENCODED_CHARACTER = re.compile("%[0-9a-fA-F]{2}")


class ServiceKey:
    """A service key.

    Parameters
    ----------
    secret : SecretStr
        The key, URL-encoded (then it contains ``%``) or not.

    Raises
    ------
    OptionError
        If the text is too long for a key.

    Examples
    --------
    >>> from pydantic import SecretStr
    >>> ServiceKey(SecretStr("a+b/c/d/e==")).encoded() == ServiceKey(SecretStr("a%2Bb%2Fc%2Fd%2Fe%3D%3D")).encoded()
    True
    >>> ServiceKey(SecretStr("a+b/c/d/e==")).hide("key a+b/c/d/e== or a%2bb%2fc%2fd%2fe%3d=")
    'key *** or ***'
    """

    def __init__(self, secret: SecretStr) -> None:
        if (length := len(secret.get_secret_value())) > LONGEST_KEY:
            raise OptionError(f"the service key has {length:,} characters, more than {LONGEST_KEY}; is it one?")
        self._secret = secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}({HIDDEN})"

    def encoded(self) -> str:
        """Return the key as it stands in an address."""
        return quote(self._plain(), safe="")

    def hide(self, text: str) -> str:
        """Return a text in which no form of the key is left."""
        for pattern in self._patterns:
            text = re.sub(pattern, HIDDEN, text)
        return text

    def hide_in(self, body: bytes) -> bytes:
        """Return a body in which no form of the key is left."""
        for pattern in self._patterns:
            body = re.sub(pattern.encode(), HIDDEN.encode(), body)
        return body

    def _plain(self) -> str:
        given = self._secret.get_secret_value().strip()
        return unquote(given) if _ENCODED_CHARACTER.search(given) else given

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        """The expressions for every way in which the key may be written by a service that sends it back."""
        plain = self._plain()
        if len(plain) < SHORTEST_HIDDEN_KEY:
            return ()
        in_base64 = {part for text in (plain, self.encoded()) for part in _in_base64(text.encode())}
        hexadecimal = plain.encode().hex()
        return (
            "".join(map(_ways_to_write, plain)),
            "|".join(map(re.escape, sorted({*in_base64, hexadecimal, hexadecimal.upper()}, key=len, reverse=True))),
        )


def _ways_to_write(character: str) -> str:
    """Return the expression for a character in either case: as it is, or as addresses, JSON, XML and HTML escape it.

    Each way begins with one character, which is what `re` can look for quickly, and no repetition is without bounds
    unless a character that is not repeated begins it: a body of backslashes takes no more time than another one.
    """
    ways = [" "] if character == "+" else []  # what a form makes of it
    if character == "/":
        ways.append(r"\\\\{0,8}/")
    for one in {character, character.lower(), character.upper()}:
        code = _in_either_case(f"{ord(one):x}")
        ways += [
            re.escape(one),
            "".join(f"%(?:25)*{_in_either_case(f'{byte:02x}')}" for byte in one.encode()),
            rf"\\\\{{0,8}}(?:u\{{?|x)0*{code}\}}?",
            *(f"&(?:amp;)*#{number};?" for number in (f"[xX]0*{code}", f"0*{ord(one)}")),
            *(f"&(?:amp;)*{name};" for name in _ENTITIES.get(one, ())),
        ]
    return f"(?:{'|'.join(ways)})"


def _in_either_case(digits: str) -> str:
    return re.sub("[a-f]", lambda digit: f"[{digit[0]}{digit[0].upper()}]", digits)


def _in_base64(secret: bytes) -> Iterator[str]:
    """Give what a secret is in Base64, wherever in the encoded text it begins, as addresses and JSON write it too."""
    for before in range(3):
        text = b64encode(bytes(before) + secret).decode()
        # The characters at either end are made of what stands there besides.
        text = text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        yield from (text, text.translate(_URL_SAFE), quote(text, safe=""), text.replace("/", r"\/"))


_URL_SAFE = str.maketrans("+/", "-_")

_ENTITIES: dict[str, list[str]] = {}
for _name, _character in html5.items():
    _ENTITIES.setdefault(_character, []).append(_name.removesuffix(";"))


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
