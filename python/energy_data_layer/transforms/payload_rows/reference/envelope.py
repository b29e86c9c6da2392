"""What stands around the items: errors of the gateway and the service, the page's numbers, the list itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.texts import BLANKS
from energy_data_layer.datasets.dataset import PageInfo
from energy_data_layer.errors import ApiError, PayloadError, shown
from energy_data_layer.transforms.payload_rows.reference.json import parse_json
from energy_data_layer.transforms.payload_rows.reference.tree import Element, is_blank, kind_of, listed
from energy_data_layer.transforms.payload_rows.reference.xml import parse_xml

if TYPE_CHECKING:
    from energy_data_layer.datasets.envelope import Envelope

_DIGITS = re.compile(r"[0-9]+")
_MOST_DIGITS = 18
_ABSENT = object()

Container = dict[str, Any] | Element


@dataclass(frozen=True)
class Page:
    """The items of a page, each an object if the service keeps to its format, and where they stand."""

    info: PageInfo
    items: list[Any]
    place: str
    """The place of an item; ``{}`` stands for its position."""


def read_page(payload: bytes | bytearray | memoryview | str, envelope: Envelope) -> Page:
    """Return the items of a body, or raise `PayloadError` or `ApiError`."""
    text = _decoded(payload).removeprefix("\ufeff").strip(" \t\r\n")
    if not text:
        raise PayloadError("the body is empty")
    if text[0] not in "<{":
        raise PayloadError(f'the body is neither JSON nor XML: it begins with "{shown(text)}"')
    root: Container = parse_xml(text) if text[0] == "<" else parse_json(text)
    _raise_gateway_error(root)
    if isinstance(root, Element) and not envelope.xml:
        raise PayloadError("XML came where JSON is expected")
    name = _root_member(root, envelope.roots)
    response = _object(_look_up(root, name), name)
    if not _has_data(response, name, envelope):
        return Page(PageInfo(0), [], "")
    place = f"{name}.{envelope.body}"
    body = _object(_required(response, envelope.body, name), place)
    info = _page_info(body, place, envelope)
    items, place = _items(body, place, info, envelope)
    return Page(replace(info, items=len(items)), items, place)


def _decoded(payload: bytes | bytearray | memoryview | str) -> str:
    try:
        if isinstance(payload, str):
            payload.encode()
            return payload
        return str(payload, "utf-8")
    except UnicodeEncodeError:
        raise PayloadError("the text holds a lone surrogate") from None
    except UnicodeDecodeError as error:
        raise PayloadError(f"the body is no valid UTF-8: byte {error.start}") from None


def _raise_gateway_error(root: Container) -> None:
    place = "OpenAPI_ServiceResponse"
    response = _look_up(root, place, absent=_ABSENT)
    if response is _ABSENT:
        return
    header = _required(_object(response, place), "cmmMsgHeader", place)
    place += ".cmmMsgHeader"
    _object(header, place)
    code = _scalar(header, "returnReasonCode", place)
    if code is None:
        raise PayloadError("is missing", f"{place}.returnReasonCode")
    message = _scalar(header, "returnAuthMsg", place) or _scalar(header, "errMsg", place)
    raise ApiError(_canonical(code), message or "")


def _root_member(root: Container, roots: tuple[str, ...]) -> str:
    names = list(root) if isinstance(root, dict) else [name for name, _ in root.children]
    found = [name for name in roots if name in names]
    if len(found) > 1:
        raise PayloadError(f'has both "{found[0]}" and "{found[1]}"')
    if not found:
        raise PayloadError(f'has no member "{roots[0]}"; its members are: {listed(names)}')
    return found[0]


def _has_data(response: Container, place: str, envelope: Envelope) -> bool:
    """Judge the header; an error of the service is raised."""
    header = _look_up(response, envelope.header, place)
    if header is None and not envelope.header_required:
        return True
    header = _required(response, envelope.header, place)
    place += f".{envelope.header}"
    _object(header, place)
    code, message = _scalar(header, envelope.code, place), _scalar(header, envelope.message, place) or ""
    code = code and _canonical(code)
    if code in {_canonical(known) for known in envelope.success}:
        return True
    if envelope.success_message and message.upper().startswith(envelope.success_message):
        return True
    if code is None:
        raise PayloadError("is missing", f"{place}.{envelope.code}")
    if code in {_canonical(known) for known in envelope.no_data}:
        return False
    raise ApiError(code, message)


def _page_info(body: Container, place: str, envelope: Envelope) -> PageInfo:
    names = (envelope.page_no, envelope.rows_per_page, *envelope.total_count)
    page_no, rows_per_page, *totals = [_count(_look_up(body, name, place)) for name in names]
    last = _look_up(body, envelope.last, place)
    if isinstance(last, str):
        last = {"true": True, "false": False}.get(last.strip(BLANKS).lower())
    return PageInfo(
        items=0,
        page_no=page_no,
        rows_per_page=rows_per_page,
        total_count=next((total for total in totals if total is not None), None),
        last=last if isinstance(last, bool) else None,
    )


def _items(body: Container, place: str, info: PageInfo, envelope: Envelope) -> tuple[list[Any], str]:
    items = _look_up(body, envelope.items, place, absent=_ABSENT)
    place += f".{envelope.items}"
    if items is _ABSENT:
        if info.total_count == 0 and not envelope.items_required:
            return [], place
        raise PayloadError("is missing", place)
    if not isinstance(items, dict | Element) or items == {}:
        return _list(items, place)
    if not envelope.item:
        return [items], f"{place}[{{}}]"
    if isinstance(items, Element):
        return _items_of_element(items, place, envelope.item)
    if envelope.item not in items:
        return [items], place
    _require_alone(list(items), place, envelope.item)
    place += f".{envelope.item}"
    if isinstance(items[envelope.item], dict):
        return [items[envelope.item]], f"{place}[{{}}]"
    return _list(items[envelope.item], place)


def _items_of_element(items: Element, place: str, item_name: str) -> tuple[list[Any], str]:
    if not is_blank(items.text):
        raise PayloadError("text between the elements", place)
    names = [name for name, _ in items.children]
    if item_name not in names:
        return [items], place
    _require_alone(names, place, item_name)
    # An element without elements is its text; where that is blank, it is an item without fields.
    elements = [{} if isinstance(item, str) and is_blank(item) else item for _, item in items.children]
    return elements, f"{place}.{item_name}[{{}}]"


def _require_alone(names: list[str], place: str, item_name: str) -> None:
    others = [name for name in names if name != item_name]
    if others:
        raise PayloadError(f'has members beside "{item_name}": {listed(others)}', place)


def _list(value: Any, place: str) -> tuple[list[Any], str]:
    """Return a list of items; null, a blank text and an empty object say that there are none."""
    if isinstance(value, list):
        return value, f"{place}[{{}}]"
    if value is None or value == {} or (isinstance(value, str) and is_blank(value)):
        return [], place
    raise PayloadError(f"{kind_of(value)} where a list of items is expected", place)


def _look_up(container: Container, name: str, place: str = "", *, absent: Any = None) -> Any:
    if isinstance(container, dict):
        return container.get(name, absent)
    found = [value for child, value in container.children if child == name]
    if len(found) > 1:
        raise PayloadError("occurs more than once", f"{place}.{name}")
    return found[0] if found else absent


def _required(container: Container, name: str, place: str) -> Any:
    value = _look_up(container, name, place)
    if value is None:
        raise PayloadError("is missing", f"{place}.{name}")
    return value


def _object(value: Any, place: str) -> Container:
    if isinstance(value, dict | Element):
        return value
    raise PayloadError(f"{kind_of(value)} where an object is expected", place)


def _scalar(container: Container, name: str, place: str) -> str | None:
    value = _look_up(container, name, place)
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip(BLANKS) or None
    raise PayloadError(f"{kind_of(value)} where a number or text is expected", f"{place}.{name}")


def _canonical(code: str) -> str:
    return code.lstrip("0").rjust(2, "0") if _DIGITS.fullmatch(code) else code


def _count(value: Any) -> int | None:
    text = value.strip(BLANKS) if isinstance(value, str) else ""
    digits = text.lstrip("0") or "0"
    return int(digits) if _DIGITS.fullmatch(text) and len(digits) <= _MOST_DIGITS else None
