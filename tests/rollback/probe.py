"""Run in an installation: what each wish gives, and what becomes of each job; printed as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
import time

import pandas as pd
from typer.testing import CliRunner

from energy_data_layer import impute_missing_values
from energy_data_layer.cli.app import app
from energy_data_layer.engine import choice as engine
from energy_data_layer.engine.shadow import comparer as shadow

HOURS = pd.date_range("2024-01-01", periods=3, freq="h")
FRAME = pd.DataFrame({"stnNm": "Seoul", "tm": HOURS, "ta": [1.0, None, 3.0]})


def asked(variable, use_rust):
    """What two calls under a wish give."""
    wish(variable)
    engine._warn_once.cache_clear()
    warnings = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())
    logging.getLogger("energy_data_layer.engine.choice").addHandler(handler)
    begin = time.process_time()
    try:
        answers = [impute_missing_values(FRAME, ["ta"], report=True, use_rust=use_rust) for _ in range(2)]
    except Exception as error:  # noqa: BLE001  whatever comes is told
        bases = [kind.__name__ for kind in type(error).__mro__]
        return {"said": bases[0], "bases": bases, "message": str(error), "warnings": warnings}
    finally:
        logging.getLogger("energy_data_layer.engine.choice").removeHandler(handler)
        seconds = time.process_time() - begin
    (filled, report), _ = answers
    seen = shadow.seen()
    shadow.settle(seen)
    return {
        "said": report.engine,
        "message": report.engine_reason,
        "values": filled["ta"].tolist(),
        "warnings": warnings,
        "mismatches": seen.mismatches,
        "compared": seen.compared,
        "seconds": seconds,
    }


def run(command, variable):
    """What a command ends with."""
    wish(variable)
    done = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    return {"exit_code": done.exit_code, "output": done.output}


def wish(variable):
    os.environ.pop("USE_RUST", None)
    if variable is not None:
        os.environ["USE_RUST"] = variable


questions = json.load(sys.stdin)
print(
    json.dumps(
        {
            "wishes": {name: asked(*question) for name, question in questions["wishes"].items()},
            "commands": [run(*question) for question in questions["commands"]],
        }
    )
)
