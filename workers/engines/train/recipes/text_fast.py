"""A linear bag of word pieces and pairs over a tokenizer learned from the training texts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn

from lifecycle.contracts.manifest import TensorSpec
from workers.engines.artifact.operations import load_tokenizer
from workers.engines.artifact.texts import check_text, encode_texts
from workers.engines.train.context import Fitted, Interface, TrainContext, classification_outputs
from workers.engines.train.data import Split
from workers.engines.train.loop import fit_torch
from workers.engines.train.models.voting_tokens import PAD, PairTable, VotingTokens, compute_rarity, find_pairs
from workers.engines.train.plan import (
    Inputs,
    ProbabilityGraph,
    TensorSet,
    TorchPlan,
    build_optimization,
    softmax_outputs,
)

KEY = "text_fast"
TOKENIZER_FILE = "tokenizer.json"
SPECIAL = ("[PAD]", "[UNK]")
LEAST_TEXTS, MANY_TEXTS = 2, 1000  # with many texts, what occurs in a single one is left out


def fit(context: TrainContext) -> Fitted:
    """Learn the tokenizer, then the model."""
    return fit_torch(build_plan(context), context)


def build_plan(context: TrainContext) -> TorchPlan:
    """Texts as token ids, and the model that reads them."""
    values, examples = context.parameters, context.examples
    path = prepare_tokenizer(context)
    tokenizer = load_tokenizer(path)
    operation = {
        "op": "tokenize",
        "file": TOKENIZER_FILE,
        "ids": "input_ids",
        "max_length": values["max_length"],
        "min_length": 2,
        "pad_id": PAD,
    }
    classes = len(examples.classes)
    ids = tokenize(tokenizer, examples.train, operation)
    table, rarity = learn_rows(ids, tokenizer.get_vocab_size(), values["word_pairs"])
    model = VotingTokens(rarity, classes, values["token_dropout"])
    outputs, postprocess = classification_outputs(classes)
    return TorchPlan(
        model=model,
        graph=ProbabilityGraph(nn.Sequential(table, model)),
        interface=Interface(
            inputs=(TensorSpec("input_ids", "INT64", (-1, -1)),),
            outputs=outputs,
            preprocess=(operation,),
            postprocess=postprocess,
            files=(TOKENIZER_FILE,),
        ),
        examples=examples,
        train=build_set(table, ids, examples.train),
        validation=build_set(table, tokenize(tokenizer, examples.validation, operation), examples.validation),
        optimization=build_optimization(context),
        to_outputs=softmax_outputs,
        augment=trim_padding,
        dynamic={"input_ids": {1: "length"}},
        files=(path,),
    )


def prepare_tokenizer(context: TrainContext) -> Path:
    """The artifact's tokenizer file: the checkpoint's when resuming, else learned from the training texts."""
    path = context.artifact_dir / TOKENIZER_FILE
    kept = Path(context.spec.resume_from) / TOKENIZER_FILE
    if context.spec.resume_from and kept.is_file():
        shutil.copyfile(kept, path)
    else:
        context.report.progress(0.01, "Learning the tokenizer")
        train_tokenizer(context.examples.train.items, context.parameters["vocabulary_size"]).save(str(path))
    return path


def train_tokenizer(texts: Sequence[str], vocabulary_size: int) -> Tokenizer:
    """Lower-cased byte-pair encoding (Sennrich et al. 2016) over words and punctuation."""
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL[1]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size, min_frequency=2, special_tokens=list(SPECIAL), show_progress=False
    )
    tokenizer.train_from_iterator((check_text(text) for text in texts), trainer)
    return tokenizer


def tokenize(tokenizer: Tokenizer, split: Split, operation: Mapping[str, Any]) -> Tensor:
    """One split as token ids [n, longest]."""
    ids = encode_texts(tokenizer, [check_text(text) for text in split.items], operation)[operation["ids"]]
    return torch.from_numpy(ids)


def learn_rows(ids: Tensor, vocabulary: int, limit: int) -> tuple[PairTable, Tensor]:
    """The table of frequent pairs, and the rarity of every token and pair in the training texts."""
    least = LEAST_TEXTS if len(ids) >= MANY_TEXTS else 1
    pairs = find_pairs(ids, vocabulary, LEAST_TEXTS, limit)
    table = PairTable(vocabulary, pairs)
    return table, compute_rarity(table(ids), vocabulary + len(pairs), least)


def build_set(table: PairTable, ids: Tensor, split: Split) -> TensorSet:
    """One split as row numbers [n, 2 * longest] and targets."""
    return TensorSet((table(ids),), torch.from_numpy(split.targets))


def trim_padding(inputs: Inputs) -> Inputs:
    """The batch without the columns that are padding in all of its texts."""
    (rows,) = inputs
    used = (rows != PAD).any(0).nonzero()
    width = int(used[-1]) + 1 if len(used) else 1
    return (rows[:, :width],)
