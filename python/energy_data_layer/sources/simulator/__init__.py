"""A simulator of the three public services, for tests and demonstrations."""

from energy_data_layer.sources.simulator.faults import FAULT_KINDS, Fault, faults_from_text
from energy_data_layer.sources.simulator.options import SIMULATED_KEY, SimulatorOptions
from energy_data_layer.sources.simulator.plants import SOLAR_PLANTS, WIND_PLANTS, Plant
from energy_data_layer.sources.simulator.request_log import LoggedRequest
from energy_data_layer.sources.simulator.server import Simulator

__all__ = [
    "FAULT_KINDS",
    "SIMULATED_KEY",
    "SOLAR_PLANTS",
    "WIND_PLANTS",
    "Fault",
    "LoggedRequest",
    "Plant",
    "Simulator",
    "SimulatorOptions",
    "faults_from_text",
]
