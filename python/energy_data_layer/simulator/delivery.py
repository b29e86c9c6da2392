"""How an answer goes over the wire, whole or not."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from energy_data_layer.simulator.faults import Fault
    from energy_data_layer.simulator.messages import Response

_PIECES = 10
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

WITHOUT_STATUS = frozenset({"drop", "drop_in_headers", "reset"})
"""Faults after which the client has not seen the end of the status line and headers."""


async def deliver(writer: asyncio.StreamWriter, response: Response, fault: Fault | None) -> bool:
    """Send an answer as the fault has it; return whether the connection can be used again."""
    kind = "" if fault is None else fault.kind
    if kind == "drop":
        return False
    if kind == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
        return False
    body = response.body[: len(response.body) // 2] if kind == "cut" else response.body
    head = _head(response, len(body))
    if kind == "drop_in_headers":
        writer.write(head[: len(head) // 2])
        return False
    if kind == "truncate":
        writer.write(head + body[: len(body) // 2])
        return False
    if kind == "slow" and fault is not None:
        writer.write(head)
        await _dribble(writer, body, fault.seconds)
        return True
    writer.write(head + body)
    await writer.drain()
    return True


async def _dribble(writer: asyncio.StreamWriter, body: bytes, seconds: float) -> None:
    size = -(-len(body) // _PIECES)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _PIECES)
        writer.write(body[start : start + size])
        await writer.drain()


def _head(response: Response, length: int) -> bytes:
    headers = [("Content-Type", response.content_type), ("Content-Length", str(length)), *response.headers]
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
