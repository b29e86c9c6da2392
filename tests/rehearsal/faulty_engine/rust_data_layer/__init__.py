"""The Rust engine with a defect: every filled value is too high. It stands before the sound one on the path."""

import sys
from importlib.machinery import PathFinder
from pathlib import Path

_HERE = Path(__file__).resolve().parents[1]
_spec = PathFinder.find_spec(__name__, [entry for entry in sys.path if Path(entry).resolve() != _HERE])
if _spec is None:
    raise ModuleNotFoundError("there is no sound Rust engine to spoil", name=__name__)
__path__ = list(_spec.submodule_search_locations)

from rust_data_layer import _native  # noqa: E402  found by the path above

globals().update({name: value for name, value in vars(_native).items() if not name.startswith("_")})
__version__ = _native.__version__

TOO_HIGH = 0.7


class _Spoiled:
    """An answer whose fills are off, and which is as it was in all else."""

    def __init__(self, answer):
        self._answer = answer

    def __getattr__(self, name):
        return getattr(self._answer, name)

    def take_numpy(self):
        """Return values and provenance of each column."""
        return {
            name: (values + TOO_HIGH * (codes > 0), codes)
            for name, (values, codes) in self._answer.take_numpy().items()
        }


def impute_missing_values(*arguments, **options):
    """Impute as the sound engine does, and spoil the answer."""
    return _Spoiled(_native.impute_missing_values(*arguments, **options))
