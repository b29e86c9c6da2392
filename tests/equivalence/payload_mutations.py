"""Spoils good bodies in many small ways: bytes, slices and tokens of the text, members and values of the document."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from numpy.random import Generator

JSON_TOKENS = [
    "null", "true", "false", "NaN", "Infinity", "-Infinity", "0", "-0", "01", "1.", ".5", "+1", "1e5", "1E400",
    "-1e-400", "9" * 30, "9" * 400, "{}", "[]", "{", "}", "[", "]", ",", ":", '"', '""', '"x"', "\\", '"\\ud800"',
    '"\\udc00"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u00a0"', '"\\x"', "'", "/", "//", " ", "\t", "\n", "\r", "\x00",
    "\x1f", "\x7f", "\u00a0", "\ufeff", "\u2028", "가", "😀", '"ta":', '"tm":1,', '"item":', '"items":',
    '"a":[[[[1]]]],', "[" * 70, '{"a":' * 62 + "1" + "}" * 62,
]  # fmt: skip

XML_TOKENS = [
    "<", ">", "</", "/>", "&", ";", "&amp;", "&lt;", "&#65;", "&#x41;", "&#0;", "&#xD800;", "&#x10FFFF;",
    "&#x110000;", "&nbsp;", "&a;", "<![CDATA[", "]]>", "<![CDATA[x]]>", "<![CDATA[]]]]>", "<!-- x -->", "<!--", "-->",
    "--", "<!-- -- -->", "<?pi x?>", "<?", "?>", "<?xml version='1.0'?>", "<?XML x?>", "<!DOCTYPE a>",
    "<!DOCTYPE html>", "<!", "<a>", "</a>", "<a/>", "<a b='1'/>", "<a b='1' b='2'/>", "<a b=1/>", "<a b='<'/>",
    "<a b='&lt;&a;'>", "<item>", "</item>", "<item/>", "<items>", "</items>", "<items/>", "<x:y/>", "<xmlns:a/>",
    "<1/>", "<가/>", "<\u00d7/>", "<\u0e5a/>", "<\U00010000/>", " ", "\n", "\r\n", "\t", "\x00", "\x0b", "\x85",
    "\u00a0", "\ufeff", "\ufffe", "\uffff", "\ufffd", "가", "😀", "x", "'", '"', "=", "<html>", "<ta>1</ta>", "<ta/>",
    "<x>" * 60 + "</x>" * 60, "<x>" * 70,
]  # fmt: skip

VALUES = [
    "", " ", "\u3000", "0", "-0", "-0.0", "1", "9", "128", "-129", "1.0", "1.5", ".6", "-.8", "+5.", "1e3", "1e400",
    "nan", "inf", "1,000", "1_0", "１", "x", "00", "03", "3", "22", "99", "800", "000", "NORMAL", "normal service",
    "true", "FALSE", "2024-02-29", "20240229", "2023-02-29", "2024-01-01 01:00", "2024-01-01T01:00:59",
    "202401010159", "0000-01-01 00:00", "9999-12-31 23:59", "9223372036854775807", "9223372036854775808",
    "9007199254740993", "1e18", "9" * 40, "\x00", "a\nb", "serviceKey=abc", "x" * 50, "가" * 41, "😀", "\ufeff1\u00a0",
    "0" * 50 + "1", "4.9e-324", "2.4703282292062327e-324", "1.7976931348623159e308",
    "0.1000000000000000055511151231257827", "8.5e22", "123456789012345678e-18",
]  # fmt: skip

ODD_VALUES = [
    None, True, False, 0, -1, 3, 22, 800, 1.5, 1e22, -0.0, 10**25, {}, [], [[]], {"item": []}, {"item": {}}, {"a": 1},
    [None], [1], ["x"], [{}], {"item": None}, {"item": ""}, {"item": "x", "a": 1},
]  # fmt: skip

NAMES = [
    "response", "reponse", "header", "body", "items", "item", "content", "resultCode", "resultMsg", "pageNo",
    "numOfRows", "totalCount", "totalCnt", "last", "OpenAPI_ServiceResponse", "cmmMsgHeader", "returnReasonCode",
    "returnAuthMsg", "errMsg", "tm", "stnId", "stnNm", "ta", "taQcflg", "rnum", "dgenYmd", "ipptNam", "hogi",
    "qhorGen01", "qhorgen01", "ymd", "gencd", "x", "", "Ta", "가",
]  # fmt: skip

TOKEN = re.compile(rb"<[^<>]*>|\"[^\"]*\"|[{}\[\],:<>&]|[^<>{}\[\],:&\"]+")


def mutated(body: bytes, random: Generator) -> bytes:
    """Return a body with one to three changes of its text."""
    for _ in range(_pick([1, 1, 1, 2, 3], random)):
        body = _pick(TEXT_CHANGES, random)(body, random)
    return body


def mutated_document(document: Any, random: Generator) -> Any:
    """Return a JSON document with one to four changes of its members and values."""
    document = json.loads(json.dumps(document))
    for _ in range(int(random.integers(1, 5))):
        document = _changed_somewhere(document, random)
    return document


def as_text(document: Any, form: str) -> bytes:
    """Write a document as JSON, or as XML where lists repeat their element."""
    if form == "json":
        return json.dumps(document, ensure_ascii=False).encode()
    return "".join(_elements(document)).encode()


def _flip(body: bytes, random: Generator) -> bytes:
    at = _position(body, random)
    return body[:at] + bytes([int(random.integers(256))]) + body[at + 1 :]


def _delete(body: bytes, random: Generator) -> bytes:
    at = _position(body, random)
    return body[:at] + body[at + int(random.integers(1, 9)) :]


def _insert(body: bytes, random: Generator) -> bytes:
    at = _position(body, random)
    return body[:at] + bytes(random.integers(0, 256, int(random.integers(1, 5)), dtype="uint8")) + body[at:]


def _truncate(body: bytes, random: Generator) -> bytes:
    return body[: _position(body, random)]


def _repeat_slice(body: bytes, random: Generator) -> bytes:
    start, stop = sorted((_position(body, random), _position(body, random)))
    at = stop if random.random() < 0.5 else _position(body, random)
    return body[:at] + body[start:stop] + body[at:]


def _splice_token(body: bytes, random: Generator) -> bytes:
    """Put an interesting token between two tokens, or in the place of one."""
    tokens = TOKEN.findall(body)
    at = int(random.integers(len(tokens) + 1))
    new = _pick(XML_TOKENS if body.lstrip().startswith(b"<") else JSON_TOKENS, random)
    tokens[at : at + int(random.integers(2))] = [new.encode()]
    return b"".join(tokens)


def _splice_value(body: bytes, random: Generator) -> bytes:
    tokens = TOKEN.findall(body)
    texts = [at for at, token in enumerate(tokens) if token[:1] not in b"<>{}[],:&" and not token.isspace()]
    if texts:
        at = _pick(texts, random)
        value = _pick(VALUES, random)
        tokens[at] = json.dumps(value, ensure_ascii=False).encode() if tokens[at][:1] == b'"' else value.encode()
    return b"".join(tokens)


def _rearrange_tokens(body: bytes, random: Generator) -> bytes:
    """Drop, double or move a run of tokens."""
    tokens = TOKEN.findall(body)
    start = int(random.integers(len(tokens) + 1))
    stop = start + int(random.integers(1, 8))
    run = tokens[start:stop]
    if random.random() < 0.6:
        del tokens[start:stop]
    if random.random() < 0.6:
        at = int(random.integers(len(tokens) + 1))
        tokens[at:at] = run
    return b"".join(tokens)


TEXT_CHANGES = [
    _flip, _delete, _insert, _truncate, _repeat_slice, _splice_token, _splice_token, _splice_token, _splice_value,
    _splice_value, _splice_value, _rearrange_tokens, _rearrange_tokens,
]  # fmt: skip


def _position(body: bytes, random: Generator) -> int:
    return int(random.integers(len(body) + 1))


def _pick(choices: list[Any], random: Generator) -> Any:
    return choices[int(random.integers(len(choices)))]


def _changed_somewhere(value: Any, random: Generator) -> Any:
    """Walk down a random path and change what stands at its end."""
    if isinstance(value, dict | list) and value and random.random() < 0.8:
        key = _pick(list(value) if isinstance(value, dict) else list(range(len(value))), random)
        value[key] = _changed_somewhere(value[key], random)
        return value
    return _changed(value, random)


def _changed(value: Any, random: Generator) -> Any:
    choice = int(random.integers(8))
    if isinstance(value, dict):
        if choice < 3 and value:
            del value[_pick(list(value), random)]
            return value
        if choice < 5:
            return {_pick(NAMES, random): _odd(random)} | value
        if choice == 5:
            return {name: value[name] for name in random.permutation(list(value)).tolist()}
        if choice == 6:
            return {_pick(NAMES, random) if random.random() < 0.2 else name: member for name, member in value.items()}
    elif isinstance(value, list):
        if choice < 2 and value:
            del value[int(random.integers(len(value)))]
            return value
        if choice < 5:
            value.insert(int(random.integers(len(value) + 1)), _odd(random))
            return value
        if choice == 5 and value:
            return value[0]
    elif choice == 0:
        return [value]
    return _odd(random)


def _odd(random: Generator) -> Any:
    return deepcopy(_pick(VALUES if random.random() < 0.6 else ODD_VALUES, random))


def _elements(document: Any) -> list[str]:
    if isinstance(document, dict):
        parts = []
        for name, value in document.items():
            for each in value if isinstance(value, list) else [value]:
                parts += [f"<{name}>", *_elements(each), f"</{name}>"]
        return parts
    if isinstance(document, list):
        return [part for each in document for part in _elements(each)]
    return [] if document is None else [escape(str(document))]
