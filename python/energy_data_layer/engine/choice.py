"""Which engine runs: the reference or Rust."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from energy_data_layer import settings
from energy_data_layer._version import __version__
from energy_data_layer.core.whole_numbers import checked_whole
from energy_data_layer.errors import EngineBroken, EngineUnavailable, EngineVersionError, OptionError

if TYPE_CHECKING:
    from types import ModuleType

logger = logging.getLogger(__name__)

RUST_MODULE = "rust_data_layer"
RUST_PACKAGE = "rust-data-layer"
INSTALL_ADVICE = f'install it with: pip install "energy-data-layer[rust]=={__version__}"'


@dataclass(frozen=True)
class Choice:
    """The engine that runs, why, and on how many threads at most; None for one a processor."""

    engine: Literal["rust", "reference"]
    reason: str
    threads: int | None = None


def choose(use_rust: bool | None, threads: int | None = None) -> Choice:
    """Decide which engine runs, and on how many threads.

    Parameters
    ----------
    use_rust : bool or None
        True demands Rust, False the reference; None follows the environment variable ``USE_RUST``.
    threads : int or None
        Threads that the Rust engine uses, at most; None follows the environment variable ``EDL_THREADS``.

    Raises
    ------
    EngineUnavailable
        If Rust is demanded by `use_rust` and not installed.
    EngineVersionError
        If Rust is demanded, by `use_rust` or by ``USE_RUST=1``, and of another version than this package.
    EngineBroken
        If Rust is to be looked at, and is installed but does not load.
    OptionError
        If ``USE_RUST`` is set to something else than 0, 1, auto or shadow, or the number of threads is none.
    """
    most = settings.threads() if threads is None else checked_whole(threads, "threads", smallest=1)
    return replace(_engine(use_rust), threads=most)


def _engine(use_rust: bool | None) -> Choice:
    if use_rust is not None:
        return _demanded() if use_rust else Choice("reference", "use_rust=False")
    wish = settings.use_rust()
    if wish == "0":
        return Choice("reference", "USE_RUST=0")
    if wish == "1":
        return _wished()
    if wish == "auto":
        return _automatic()
    if wish == settings.SHADOW:
        return _shadowed()
    raise OptionError(f'the environment variable USE_RUST is "{wish}"; it can be 0, 1, auto or shadow')


def shadow_problem() -> str | None:
    """Return why the reference has no shadow where ``USE_RUST`` is ``shadow``; None where it has."""
    try:
        module = _import_rust()
    except EngineBroken as error:
        return f"the Rust engine does not load: {error.__cause__!r}"
    if module is None:
        return "the Rust engine is not installed"
    if module.__version__ != __version__:
        return f"the Rust engine is version {module.__version__}, not {__version__}"
    return None


def rust() -> ModuleType:
    """Return the Rust engine's module; only to be called where `choose` said ``rust``."""
    module = _import_rust()
    if module is None:
        raise EngineUnavailable(f"the Rust engine is not installed; {INSTALL_ADVICE}")
    return module


def build_info() -> dict[str, Any]:
    """Return the versions of this package and of the Rust engine, and which engine would run now.

    Examples
    --------
    >>> sorted(build_info())
    ['engine', 'engine_reason', 'rust', 'version']
    """
    choice = choose(None)
    module = _import_rust()
    return {
        "version": __version__,
        "rust": module.build_info() if module else None,
        "engine": choice.engine,
        "engine_reason": choice.reason,
    }


def _demanded() -> Choice:
    module = rust()
    _require_same_version(module)
    return Choice("rust", "use_rust=True")


def _wished() -> Choice:
    module = _import_rust()
    if module is None:
        _warn_once("USE_RUST=1, but the Rust engine is not installed: running on the reference")
        return Choice("reference", "USE_RUST=1, but the Rust engine is not installed")
    _require_same_version(module)
    return Choice("rust", "USE_RUST=1")


def _automatic() -> Choice:
    module = _import_rust()
    if module is None:
        return Choice("reference", "auto: the Rust engine is not installed")
    if module.__version__ != __version__:
        _warn_once(_version_message(module))
        return Choice("reference", f"auto: the Rust engine is version {module.__version__}, not {__version__}")
    return Choice("rust", "auto: the Rust engine is installed")


def _shadowed() -> Choice:
    problem = shadow_problem()
    if problem is None:
        return Choice("reference", "USE_RUST=shadow: Rust is compared with it")
    _warn_once(f"USE_RUST=shadow, but {problem}: nothing is compared")
    return Choice("reference", f"USE_RUST=shadow, but {problem}")


@cache
def _import_rust() -> ModuleType | None:
    """Import the engine once; only its absence counts as missing, a broken install is an error with its cause."""
    try:
        _require_whole_files()
        module = import_module(RUST_MODULE)
        if not hasattr(module, "__version__"):
            raise ImportError(f"{', '.join(module.__path__)} holds no engine")
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == RUST_MODULE:
            return None
        raise EngineBroken(
            f"the Rust engine is installed and does not load ({type(error).__name__}: {error}); install it again with: "
            f'pip install --force-reinstall --no-deps "{RUST_PACKAGE}=={__version__}", or run on the reference with '
            "USE_RUST=0"
        ) from error
    return module


def _require_whole_files() -> None:
    """Raise where a file of the module is shorter than installed: loading such a binary ends the process."""
    from importlib import metadata

    try:
        files = metadata.files(RUST_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        path = Path(str(file.locate()))
        # Installers write some of the files about the package anew.
        if file.parts[0] == RUST_MODULE and file.size and path.exists() and path.stat().st_size < file.size:
            raise ImportError(f"{path} has {path.stat().st_size} of {file.size} bytes")


def _require_same_version(module: ModuleType) -> None:
    if module.__version__ != __version__:
        raise EngineVersionError(_version_message(module))


def _version_message(module: ModuleType) -> str:
    return (
        f"{RUST_PACKAGE} {module.__version__} is installed, energy-data-layer {__version__} needs exactly "
        f"{__version__}; {INSTALL_ADVICE}"
    )


@cache
def _warn_once(message: str) -> None:
    logger.warning(message)
