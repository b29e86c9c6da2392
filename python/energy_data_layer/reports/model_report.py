"""What a run that fills, or fits a model to fill by, says of method and model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from energy_data_layer.reports.run_report import RunReport


@dataclass
class ModelReport(RunReport):
    """How a run fills, beside what all jobs report.

    Attributes
    ----------
    method : str
        How missing values are filled.
    model : str or None
        The model that they are filled by, None without one.
    model_fitted : dict
        What the model was fitted on, where this run fitted it.
    """

    method: str = ""
    model: str | None = None
    model_fitted: dict[str, Any] = field(default_factory=dict)
