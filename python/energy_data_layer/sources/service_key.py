"""The key of a service: sent encoded exactly once, shown nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from pydantic import SecretStr

HIDDEN = "***"

SHORTEST_HIDDEN_KEY = 8
"""Characters from which on a key is looked for in texts; a shorter one would be found in ordinary words."""

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
