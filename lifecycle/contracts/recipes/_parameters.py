"""Knobs that several recipes share, so that they read the same on every form."""

from __future__ import annotations

from lifecycle.contracts.recipes import Parameter


def epochs(default: int, maximum: int = 1000) -> Parameter:
    """How often training goes through the data."""
    return Parameter(
        "epochs",
        "Epochs",
        "integer",
        default,
        "How often training goes through the items (several times an epoch when they are few); may end sooner.",
        minimum=1,
        maximum=maximum,
    )


def batch_size(default: int) -> Parameter:
    """Items an optimizer step."""
    return Parameter(
        "batch_size",
        "Batch size",
        "integer",
        default,
        "Items that one optimizer step looks at.",
        minimum=2,
        maximum=4096,
        unit="items",
        is_advanced=True,
    )


def learning_rate(default: float) -> Parameter:
    """Peak step size."""
    return Parameter(
        "learning_rate",
        "Learning rate",
        "number",
        default,
        "Peak step size; it warms up first and then falls to zero along a cosine.",
        minimum=1e-7,
        maximum=1.0,
    )


def weight_decay(default: float) -> Parameter:
    """AdamW's weight decay."""
    return Parameter(
        "weight_decay",
        "Weight decay",
        "number",
        default,
        "Pulls weights toward zero, against overfitting.",
        minimum=0.0,
        maximum=10.0,
        is_advanced=True,
    )


def patience(default: int) -> Parameter:
    """Early stopping."""
    return Parameter(
        "patience",
        "Patience",
        "integer",
        default,
        "Stop after this many epochs without a better validation score; 0 never stops early.",
        minimum=0,
        maximum=1000,
        unit="epochs",
    )


def label_smoothing(default: float) -> Parameter:
    """Softened targets."""
    return Parameter(
        "label_smoothing",
        "Label smoothing",
        "number",
        default,
        "Share of each target spread over the other classes; makes the model less sure of itself.",
        minimum=0.0,
        maximum=0.5,
        is_advanced=True,
    )


def dropout(default: float) -> Parameter:
    """Dropout before the last layer."""
    return Parameter(
        "dropout",
        "Dropout",
        "number",
        default,
        "Share of activations switched off at random while training, against overfitting.",
        minimum=0.0,
        maximum=0.9,
        is_advanced=True,
    )
