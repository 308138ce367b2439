"""Verbs of the evaluations room, one capability a module."""

from lifecycle.evaluations.services.decisions import decide
from lifecycle.evaluations.services.evaluate import evaluate, evaluate_run
from lifecycle.evaluations.services.results import record_result

__all__ = ["decide", "evaluate", "evaluate_run", "record_result"]
