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
    >>> ServiceKey(SecretStr("a+b/c/d/e==")).hide("key a+b/c/d/e== or a%2bb%2fc%2fd%2fe%3d%3d")
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
        for form in self._forms():
            text = text.replace(form, HIDDEN)
        return text

    def hide_in(self, body: bytes) -> bytes:
        """Return a body in which no form of the key is left."""
        for form in self._forms():
            body = body.replace(form.encode(), HIDDEN.encode())
        return body

    def _plain(self) -> str:
        given = self._secret.get_secret_value().strip()
        return unquote(given) if _ENCODED_CHARACTER.search(given) else given

    def _forms(self) -> list[str]:
        """Return how the key may be written by a service that sends it back, the longest first."""
        plain = self._plain()
        if len(plain) < SHORTEST_HIDDEN_KEY:
            return []
        once = self.encoded()
        forms = {plain, plain.replace("/", "\\/"), quote(plain), quote(once, safe="")}
        for encoded in (once, quote(plain)):
            forms |= {encoded, _ENCODED_CHARACTER.sub(lambda found: found[0].lower(), encoded)}
        return sorted(forms, key=len, reverse=True)
