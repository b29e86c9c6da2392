"""What a transform brings to the measurement of its scaling: an input of some size, and who works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scaling_agreement import Agreement, agreement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Peer:
    """What others would write for the same task."""

    call: Callable[[], Any]
    note: str = ""
    compare: Callable[[Any, Any], Agreement] | None = None
    """Compares the reference's answer to this one, where the whole frames cannot be."""


@dataclass(frozen=True)
class Work:
    """One input of one transform.

    Attributes
    ----------
    transform, size, unit : str, int, str
        What is done to how many of what.
    hours : int or None
        Rows of the result, where they are many times those of the input.
    input : str
        The input for readers.
    function : str
        The engine's function.
    public_call : callable
        Takes `use_rust`.
    observed : sequence of frame
        What sets the tolerance of the comparison.
    peers : mapping of str to Peer
        By name.
    known_answer : callable or None
        Gives the reference's answer in a shorter way than the whole call.
    """

    transform: str
    size: int
    unit: str
    input: str
    function: str
    public_call: Callable[[bool], Any]
    observed: Sequence[Any]
    peers: Mapping[str, Peer] = field(default_factory=dict)
    hours: int | None = None
    known_answer: Callable[[], Any] | None = None

    def compare(self, expected: Any, actual: Any) -> Agreement:
        """Compare an answer to the reference's."""
        return agreement(expected, actual, self.observed)
