"""Pictures of gaps, fills and scores, as matplotlib figures: ``from energy_data_layer.plots import plot_gaps``."""

from energy_data_layer.plots.figure import save_figure
from energy_data_layer.plots.fills import plot_fills
from energy_data_layer.plots.gap_lengths import plot_gap_lengths
from energy_data_layer.plots.gaps import plot_gaps
from energy_data_layer.plots.hours import stored_hours
from energy_data_layer.plots.scores import plot_scores

__all__ = ["plot_fills", "plot_gap_lengths", "plot_gaps", "plot_scores", "save_figure", "stored_hours"]
