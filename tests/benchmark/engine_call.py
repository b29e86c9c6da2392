"""The engine as the facade calls it: on a number of threads, or alone with the same arguments."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from engine_alone import read_ipc, write_ipc

import rust_data_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class EngineCall:
    """The call of the engine that a public call makes."""

    function: str
    public_call: Callable[[], Any]
    data: Any
    """A table, a dictionary of columns, or the pages of a payload."""
    options: dict[str, Any]

    @classmethod
    def of(cls, function: str, public_call: Callable[[], Any]) -> EngineCall:
        """Make a public call and note with which arguments it calls the engine's `function`."""
        native = getattr(rust_data_layer, function)
        noted = []

        def note(data: Any, **options: Any) -> Any:
            noted.append((data, options))
            return native(data, **options)

        with _in_its_place(function, note):
            public_call()
        ((data, options),) = noted
        return cls(function, public_call, data, options)

    def kernel(self, threads: int) -> Callable[[], Any]:
        """Return the engine's call alone; its result stays in the engine."""
        return partial(self._native, self.data, threads=threads, **self.options)

    def whole(self, threads: int) -> Callable[[], Any]:
        """Return the public call with the engine on so many threads, which the facade leaves to the machine."""
        limited = partial(self._native, threads=threads)

        def call() -> Any:
            with _in_its_place(self.function, limited):
                return self.public_call()

        return call

    def there_and_back(self, carrier: str, threads: int) -> Callable[[], pa.Table]:
        """Return the engine's call with its arguments and its result as Arrow in Python."""
        pages = isinstance(self.data, list)  # bytes whatever the carrier
        data = self.data if pages else pa.table(self.data)
        kernel = partial(self._native, threads=threads, **self.options)
        if carrier == "capsule":
            return lambda: pa.table(kernel(data))
        return lambda: read_ipc(kernel(data if pages else write_ipc(data)).to_ipc())

    def public_answer(self, result: Any) -> Any:
        """Return what the public call makes of a result of the engine."""
        with _in_its_place(self.function, lambda *_, **__: result):
            return self.public_call()

    @property
    def _native(self) -> Callable[..., Any]:
        return getattr(rust_data_layer, self.function)


@contextmanager
def _in_its_place(function: str, other: Callable[..., Any]) -> Iterator[None]:
    native = getattr(rust_data_layer, function)
    setattr(rust_data_layer, function, other)
    try:
        yield
    finally:
        setattr(rust_data_layer, function, native)
