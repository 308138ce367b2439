"""A small residual network trained from scratch, for tiny images."""

from lifecycle.contracts.recipes import Parameter, Recipe, _parameters

RECIPE = Recipe(
    key="image_cnn",
    title="Small residual network",
    summary="Trained from scratch with augmentation. For tiny images such as digits, icons and symbols.",
    problem_types=("image_classification",),
    order=10,
    parameters=(
        _parameters.epochs(8),
        _parameters.learning_rate(0.004),
        Parameter(
            "image_size",
            "Image size",
            "integer",
            0,
            "Side of the square that pictures are resized to; 0 takes the usual size of the pictures, at most 64.",
            minimum=0,
            maximum=224,
            unit="px",
        ),
        Parameter(
            "augmentation",
            "Augmentation",
            "choice",
            "shift",
            "Changes made at random while training: shift also zooms and turns, flip mirrors left to right too.",
            choices=("none", "shift", "flip"),
        ),
        _parameters.patience(4),
        Parameter(
            "width",
            "Width",
            "integer",
            16,
            "Channels of the first layer; the model grows with its square.",
            minimum=4,
            maximum=128,
            unit="channels",
            is_advanced=True,
        ),
        _parameters.batch_size(64),
        _parameters.weight_decay(0.01),
        _parameters.dropout(0.1),
        _parameters.label_smoothing(0.0),
    ),
)
