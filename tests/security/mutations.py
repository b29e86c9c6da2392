"""Bytes from outside, spoiled: the same ones for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

PIECES = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\n", b'"', b"'", b",", b"%", b"%2"),
    *(b"\\u", b"\\ud800"),
    *(b"{", b"}", b"[", b"]", b"[" * 200, b'{"a":' * 200, b"<a>" * 200),
    *(b"<", b"</", b"<!DOCTYPE a [", b"<![CDATA[", b"&", b"&#0;"),
    *(b"null", b"true", b"NaN", b"Infinity", b"-", b"1e999999", b"9" * 5000),
    *(b"1" + b"0" * 400, b"0x10", b"-0", b"1e-400"),
    *(b"2024-02-30", b"0000-00-00", b"9999-12-31 24:00", b"00010101", b"../../x", b"a" * 5000),
)  # fmt: skip
"""What has broken parsers before."""

EDGES = (0, 1, 0x7F, 0x80, 0xFF)


def mutated(seeds: list[bytes], random: Random) -> bytes:
    """Return one of the seeds with a few things wrong with it."""
    body = bytearray(random.choice(seeds))
    for _ in range(random.randint(1, 4)):
        begin = random.randint(0, len(body))
        end = min(len(body), begin + random.randint(0, 1 << random.randint(0, 8)))
        match random.randrange(6):
            case 0:
                body[begin:end] = random.choice(PIECES)
            case 1:
                body[begin:end] = b""
            case 2:
                body[begin:begin] = body[begin:end] * random.randint(1, 3)
            case 3:
                other = random.choice(seeds)
                body[begin:end] = other[(start := random.randint(0, len(other))) : start + 100]
            case 4 if begin < len(body):
                body[begin] = random.choice((*EDGES, random.randrange(256)))
            case _:
                if random.random() < 0.2:
                    del body[begin:]
    return bytes(body)
