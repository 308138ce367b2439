"""Verbs of the experiments room, one capability a module."""

from lifecycle.experiments.services.checkpoints import record_checkpoint, store_checkpoint
from lifecycle.experiments.services.experiments import create_experiment, update_experiment
from lifecycle.experiments.services.metrics import Point, record_metrics
from lifecycle.experiments.services.results import StoredArtifact, record_result, store_artifact
from lifecycle.experiments.services.runs import cancel_run, resume_run, start_run, update_run

__all__ = [
    "Point",
    "StoredArtifact",
    "cancel_run",
    "create_experiment",
    "record_checkpoint",
    "record_metrics",
    "record_result",
    "resume_run",
    "start_run",
    "store_artifact",
    "store_checkpoint",
    "update_experiment",
    "update_run",
]
