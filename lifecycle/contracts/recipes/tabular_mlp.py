"""A neural network for tables."""

from lifecycle.contracts.recipes import Parameter, Recipe, _parameters

RECIPE = Recipe(
    key="tabular_mlp",
    title="Neural network for tables",
    summary="Learns from numbers, categories, dates and gaps together; worth a try on large tables.",
    problem_types=("tabular_classification", "tabular_regression"),
    order=20,
    parameters=(
        _parameters.epochs(20),
        _parameters.learning_rate(0.003),
        Parameter(
            "hidden_size",
            "Hidden layer",
            "integer",
            128,
            "Units of each hidden layer.",
            minimum=4,
            maximum=4096,
            unit="units",
        ),
        _parameters.patience(6),
        Parameter(
            "layers",
            "Layers",
            "integer",
            2,
            "Hidden layers.",
            minimum=1,
            maximum=8,
            is_advanced=True,
        ),
        Parameter(
            "category_dropout",
            "Category dropout",
            "number",
            0.02,
            "Share of categories shown as unknown while training, so that the model can cope with new ones.",
            minimum=0.0,
            maximum=0.5,
            is_advanced=True,
        ),
        _parameters.batch_size(256),
        _parameters.weight_decay(0.01),
        _parameters.dropout(0.1),
        _parameters.label_smoothing(0.0),
    ),
)
