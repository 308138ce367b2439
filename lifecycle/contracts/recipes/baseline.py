"""The answer that needs no model: the most frequent class, or the mean."""

from lifecycle.contracts.recipes import Recipe

RECIPE = Recipe(
    key="baseline",
    title="Baseline",
    summary="Always answers the most frequent class or the mean. Every other model must beat it.",
    problem_types=("image_classification", "text_classification", "tabular_classification", "tabular_regression"),
    parameters=(),
    is_baseline=True,
    order=1000,
)
