"""Write the reference's answers as snapshots and print what changed.

``python tests/equivalence/update_snapshots.py`` writes; with ``--check`` it only prints, and exits with 1
where something would change. A change belongs in the contract first, in words.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.equivalence.snapshot_cases import CASES, SNAPSHOTS, read_snapshot, write_snapshot

from energy_data_layer.engine.equality import assert_equal_answers


def main(*, check: bool) -> int:
    changed = 0
    for case in CASES:
        answer, said = case.answer("table", use_rust=False)
        before = _before(case.name)
        difference = "new" if before is None else _difference(before, (answer, said), exact=not _predicts(case))
        if difference:
            changed += 1
            print(f"{case.name}: {difference}")
            if not check:
                write_snapshot(case.name, answer, said)
    for path in sorted(set(SNAPSHOTS.glob("*.arrow")) - {SNAPSHOTS / f"{case.name}.arrow" for case in CASES}):
        changed += 1
        print(f"{path.stem}: no case has this snapshot any more")
        if not check:
            path.unlink()
    print(f"{changed} of {len(CASES)} snapshots {'would change' if check else 'changed'}")
    return 1 if check and changed else 0


def _before(name: str) -> tuple | None:
    return read_snapshot(name) if (SNAPSHOTS / f"{name}.arrow").exists() else None


def _predicts(case) -> bool:
    """Tell whether a case solves equations, whose last bits are those of the processor's linear algebra."""
    return getattr(case, "options", {}).get("method") == "optimal_interpolation"


def _difference(before: tuple, after: tuple, *, exact: bool) -> str:
    """Return what differs between two answers, before → after; empty where they are equal, `exact` to the last bit."""
    lines = []
    if before[1] != after[1]:
        lines.append(f"report: {before[1]} → {after[1]}")
    table = after[0].replace_schema_metadata(None)
    try:
        assert_equal_answers(before[0], table)
    except AssertionError as error:
        lines.append(str(error).replace("expected", "before").replace("got", "after"))
    if exact and not lines and not before[0].equals(table) and _bits_differ(before[0], table):
        lines.append("values changed within the tolerance")
    return "\n".join(lines)


def _bits_differ(before, after) -> bool:
    """Tell whether two tables differ in any bit (`Table.equals` says NaN is not NaN)."""
    return before.to_pandas().equals(after.to_pandas()) is False


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
