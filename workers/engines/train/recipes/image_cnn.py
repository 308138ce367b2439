"""A small residual network from scratch, with augmentation on the whole batch at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lifecycle.contracts.manifest import TensorSpec
from workers.engines.artifact import BadInput
from workers.engines.artifact.images import decode_image
from workers.engines.train.context import Fitted, Interface, TrainContext, classification_outputs
from workers.engines.train.images import load_image_sets
from workers.engines.train.loop import fit_torch
from workers.engines.train.models.residual_cnn import ResidualCnn
from workers.engines.train.plan import (
    Inputs,
    ProbabilityGraph,
    TensorSet,
    TorchPlan,
    build_optimization,
    softmax_outputs,
)

KEY = "image_cnn"
SAMPLE = 200  # images looked at to choose size and channels
SMALLEST, LARGEST = 16, 64  # bounds of the automatic size
SHIFT, ZOOM, TURN = 0.1, 0.1, 0.15  # share of the side, share, radians


def fit(context: TrainContext) -> Fitted:
    """Train the network on the pixels themselves."""
    return fit_torch(build_plan(context), context)


def build_plan(context: TrainContext) -> TorchPlan:
    """Pixels as uint8 tensors, and the network."""
    values = context.parameters
    size, channels = choose_format(context)
    operation = {
        "op": "image_to_tensor",
        "name": "image",
        "size": [size, size],
        "fit": "stretch",
        "channels": channels,
    }
    train, validation, examples = load_image_sets(context, operation)
    classes = len(examples.classes)
    mean, deviation = measure(train)
    model = ResidualCnn(channels, classes, values["width"], values["dropout"], mean, deviation)
    outputs, postprocess = classification_outputs(classes)
    return TorchPlan(
        model=model,
        graph=ProbabilityGraph(model),
        interface=Interface(
            inputs=(TensorSpec("image", "FP32", (-1, channels, size, size)),),
            outputs=outputs,
            preprocess=(operation,),
            postprocess=postprocess,
        ),
        examples=examples,
        train=TensorSet((train,), torch.from_numpy(examples.train.targets)),
        validation=TensorSet((validation.float() / 255,), torch.from_numpy(examples.validation.targets)),
        optimization=build_optimization(context),
        to_outputs=softmax_outputs,
        augment=build_augmentation(values["augmentation"]),
    )


def choose_format(context: TrainContext) -> tuple[int, int]:
    """Side in pixels and channels (1 where all sampled pictures are grey) for these images."""
    sides, is_grey = [], True
    for path in context.examples.train.items[:SAMPLE]:
        try:
            decoded = decode_image(path.read_bytes())
        except BadInput:
            continue  # reported when all images are read
        sides.append(max(decoded.width, decoded.height))
        if is_grey:
            small = np.asarray(decoded.pixels.resize((32, 32)), dtype=np.int16)
            is_grey = bool((np.ptp(small, axis=2) <= 4).all())
    chosen = context.parameters["image_size"]
    if chosen == 0:
        usual = int(np.median(sides)) if sides else LARGEST
        chosen = min(LARGEST, max(SMALLEST, 4 * math.ceil(usual / 4)))
    return max(chosen, SMALLEST), 1 if is_grey else 3


def measure(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation by channel, of pixels in 0..1."""
    sample = pixels[:2000].float() / 255
    return sample.mean((0, 2, 3)), sample.std((0, 2, 3)).clamp_min(0.05)


def build_augmentation(kind: str) -> Callable[[Inputs], Inputs]:
    """uint8 batch → float batch in 0..1, changed at random as `kind` says."""

    def augment(inputs: Inputs) -> Inputs:
        pixels = inputs[0].float() / 255
        return (pixels if kind == "none" else warp(pixels, mirror=kind == "flip"),)

    return augment


def warp(pixels: Tensor, *, mirror: bool) -> Tensor:
    """Each picture turned, zoomed and shifted a little, and mirrored half of the time if asked."""
    n = len(pixels)
    draws = torch.rand(4, n, device=pixels.device) * 2 - 1
    angle, zoom = draws[0] * TURN, 1 + draws[1] * ZOOM
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    flip = torch.where(torch.rand(n, device=pixels.device) < 0.5, -1.0, 1.0) if mirror else torch.ones_like(cos)
    across = torch.stack([cos * flip, -sin, draws[2] * 2 * SHIFT], 1)
    down = torch.stack([sin * flip, cos, draws[3] * 2 * SHIFT], 1)
    matrix = torch.stack([across, down], 1)  # [n, 2, 3]
    grid = nn.functional.affine_grid(matrix, list(pixels.shape), align_corners=False)
    return nn.functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
