"""What an encoder is, and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Encoded:
    """`vectors` float32 [n, dimension], aligned with the batch; rows named in `problems` mean nothing."""

    vectors: np.ndarray
    problems: Mapping[int, str] = field(default_factory=dict)  # position in the batch -> sentence
    labels: Sequence[str | None] = ()  # what the model says each item is; empty where the encoder is no model
    confidences: Sequence[float] = ()


class Encoder(Protocol):
    """`state` is what has to be kept for vectors to stay comparable."""

    state: dict[str, Any]

    def encode(self, values: Sequence[Any]) -> Encoded:
        """Vectors of image paths (or bytes), texts or rows."""
