"""A simulator of the three public services, for tests and demonstrations."""

from energy_data_layer.simulator.faults import FAULT_KINDS, Fault, faults_from_text
from energy_data_layer.simulator.options import SIMULATED_KEY, SimulatorOptions
from energy_data_layer.simulator.plants import SOLAR_PLANTS, WIND_PLANTS, Plant
from energy_data_layer.simulator.server import LoggedRequest, Simulator

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
