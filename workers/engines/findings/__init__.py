"""Items worth a look, in ranked lists with a reason each: copies, outliers, doubtful labels, leaks, damage."""

from workers.engines.findings.run import run

__all__ = ["run"]
