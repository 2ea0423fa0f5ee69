"""Speaks to an Appointment Ledger: one method per operation, refusals as exceptions, pages and batches as iterators."""

from appointment_ledger_client import models
from appointment_ledger_client.client import Client
from appointment_ledger_client.transport import Problem, Unreachable

__all__ = ["Client", "Problem", "Unreachable", "models"]
