"""Tabular regression: one number for one row of a table."""

from collections.abc import Sequence

from lifecycle.contracts.label_config import build_number_config
from lifecycle.contracts.problems import ItemKind, LabelKind, MetricDefinition, ProblemType


def _build_label_config(classes: Sequence[str]) -> str:
    return build_number_config('<Table name="item" value="$row"/>')


PROBLEM_TYPE = ProblemType(
    key="tabular_regression",
    title="Tabular regression",
    summary="Predict a number from the columns of a table.",
    item_kind=ItemKind.ROW,
    label_kind=LabelKind.NUMBER,
    metrics=(
        MetricDefinition("r2", "R²", True, "Share of the variance that the model explains."),
        MetricDefinition("rmse", "RMSE", False, "Root mean squared error, in the target's unit."),
        MetricDefinition("mae", "MAE", False, "Mean absolute error, in the target's unit."),
        MetricDefinition("median_absolute_error", "Median error", False, "Median of the absolute errors."),
        MetricDefinition("mape", "MAPE", False, "Mean absolute error relative to the true value."),
    ),
    default_recipe="tabular_lightgbm",
    build_label_config=_build_label_config,
    controls=frozenset({"Number"}),
)
