"""Training: `run(spec, *, workdir, report, should_stop) -> TrainResult`, pure Python, no Django."""

from workers.engines.train.errors import ExportFailed, TrainingRefused
from workers.engines.train.run import run

__all__ = ["ExportFailed", "TrainingRefused", "run"]
