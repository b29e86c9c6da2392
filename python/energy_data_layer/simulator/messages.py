"""Requests as they arrive and answers as they leave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from energy_data_layer.datasets.chunks import compact_day

if TYPE_CHECKING:
    from datetime import date

CODE_TEXTS = {
    "01": "APPLICATION_ERROR",
    "02": "DB_ERROR",
    "03": "NODATA_ERROR",
    "04": "HTTP_ERROR",
    "05": "SERVICETIMEOUT_ERROR",
    "10": "INVALID_REQUEST_PARAMETER_ERROR",
    "11": "NO_MANDATORY_REQUEST_PARAMETERS_ERROR",
    "12": "NO_OPENAPI_SERVICE_ERROR",
    "20": "SERVICE_ACCESS_DENIED_ERROR",
    "21": "TEMPORARILY_DISABLE_THE_SERVICEKEY_ERROR",
    "22": "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR",
    "30": "SERVICE_KEY_IS_NOT_REGISTERED_ERROR",
    "31": "DEADLINE_HAS_EXPIRED_ERROR",
    "32": "UNREGISTERED_IP_ERROR",
    "33": "UNSIGNED_CALL_ERROR",
    "99": "UNKNOWN_ERROR",
}
"""What the services and their gateway write beside a code."""

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
WRONG_PARAMETER, MISSING_PARAMETER, OTHER_ERROR = "10", "11", "99"


class Refusal(Exception):
    """A request that the service does not answer with data."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text or CODE_TEXTS[code]


class Parameters:
    """The parameters of a request, refused where they are missing or unreadable.

    Examples
    --------
    >>> asked = Parameters({"startDt": "20240131"})
    >>> asked.day("startDt")
    datetime.date(2024, 1, 31)
    >>> asked.number("pageNo", 1)
    1
    >>> asked.day("endDt")
    Traceback (most recent call last):
        ...
    energy_data_layer.simulator.messages.Refusal: ('11', '')
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def text(self, name: str, default: str | None = None) -> str:
        """Return a parameter."""
        value = self._texts.get(name, "").strip() or default
        if value is None:
            raise Refusal(MISSING_PARAMETER)
        return value

    def number(self, name: str, default: int | None = None, *, least: int = 1, most: int | None = None) -> int:
        """Return a parameter as a whole number within bounds."""
        text = self.text(name, None if default is None else str(default))
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise Refusal(WRONG_PARAMETER)
        return int(text)

    def day(self, name: str) -> date:
        """Return a parameter as a day."""
        text = self.text(name)
        try:
            if len(text) == len("YYYYMMDD"):
                return compact_day(text)
        except ValueError:
            pass
        raise Refusal(WRONG_PARAMETER)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Attributes
    ----------
    body : bytes
        The body.
    content_type : str
        Its type.
    status : int
        The HTTP status.
    code : str
        The code that the service or its gateway answers with; empty where there is none.
    headers : tuple of (str, str)
        Further headers.
    """

    body: bytes
    content_type: str
    status: int = 200
    code: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def json_response(document: Any, code: str = "", status: int = 200) -> Response:
    """Return a document as the services write JSON: without blanks, in UTF-8."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, "application/json;charset=UTF-8", status, code)


def xml_response(document: Mapping[str, Any], code: str, *, declaration: str = XML_DECLARATION) -> Response:
    """Return a document as the services write XML."""
    return Response(f"{declaration}{elements(document)}".encode(), "application/xml;charset=UTF-8", code=code)


def elements(members: Mapping[str, Any]) -> str:
    """Return an element of XML for each member, and for each of those in a list.

    Examples
    --------
    >>> elements({"item": [{"ymd": "2024-01-31", "ipptnm": "A & B"}, None]})
    '<item><ymd>2024-01-31</ymd><ipptnm>A &amp; B</ipptnm></item><item/>'
    """
    return "".join(
        _element(name, one)
        for name, value in members.items()
        for one in (value if isinstance(value, list) else [value])
    )


def _element(name: str, value: Any) -> str:
    if value is None or value == {}:
        return f"<{name}/>"
    content = elements(value) if isinstance(value, Mapping) else escape(str(value), quote=False)
    return f"<{name}>{content}</{name}>"


def gateway_xml(code: str) -> Response:
    """Return an error of the gateway in XML, which it answers with even where JSON was asked for."""
    header = {"errMsg": "SERVICE ERROR", "returnAuthMsg": CODE_TEXTS.get(code, ""), "returnReasonCode": code}
    return xml_response({"OpenAPI_ServiceResponse": {"cmmMsgHeader": header}}, code, declaration="")


def gateway_json(code: str) -> Response:
    """Return the gateway's error in JSON, with HTTP 403."""
    header = {"errMsg": CODE_TEXTS.get(code, ""), "returnReasonCode": code}
    return json_response({"OpenAPI_ServiceResponse": {"cmmMsgHeader": header}}, code, 403)


def html_page(title: str, status: int, *headers: tuple[str, str]) -> Response:
    """Return a page of HTML, as a web server or a proxy sends it."""
    text = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(text.encode(), "text/html;charset=UTF-8", status, headers=headers)
