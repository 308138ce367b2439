"""Evaluation: `run(spec, *, workdir, report, should_stop) -> EvaluateResult`, scores by scikit-learn."""

from workers.engines.evaluate.run import EvaluationRefused, run

__all__ = ["EvaluationRefused", "run"]
