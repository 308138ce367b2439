"""A linear bag of tokens and frequent token pairs, weighted by rarity: logistic regression on TF-IDF, as a torch model.

After Wang & Manning 2012 (section 2: bigrams matter for short texts) and Joulin et al. 2017 (a linear bag is enough).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PAD = 0


class PairTable(nn.Module):
    """Token ids [n, length] → row numbers [n, 2 * length]: each token, then the pair it begins (0 where unknown).

    A hash table of known pairs that keeps their keys, so that no unknown pair is taken for a known one. Rows of pairs
    follow those of the vocabulary. Where two pairs fall on one slot, the first given stays.
    """

    keys: Tensor
    rows: Tensor

    def __init__(self, vocabulary: int, pairs: Tensor):
        super().__init__()
        self.vocabulary = vocabulary
        self.slots = max(8, 8 * len(pairs))
        slots = self.find_slots(pairs[:, 0], pairs[:, 1])
        first = torch.full((self.slots,), len(pairs), dtype=torch.int64)
        first.scatter_reduce_(0, slots, torch.arange(len(pairs)), "amin")
        is_taken = first < len(pairs)
        keys = torch.full((self.slots,), -1, dtype=torch.int64)
        keys[is_taken] = self.make_keys(pairs[:, 0], pairs[:, 1])[first[is_taken]]
        self.register_buffer("keys", keys)
        self.register_buffer("rows", torch.where(is_taken, first + vocabulary, torch.zeros_like(first)))

    def find_slots(self, left: Tensor, right: Tensor) -> Tensor:
        """Where a pair lies in the table, if it does."""
        return (left * 1_000_003 + right * 7_919) % self.slots

    def make_keys(self, left: Tensor, right: Tensor) -> Tensor:
        """One number a pair."""
        return left * self.vocabulary + right

    def forward(self, ids: Tensor) -> Tensor:
        right = torch.cat([ids[:, 1:], torch.zeros_like(ids[:, :1])], dim=1)
        slots = self.find_slots(ids, right)
        is_known = (self.keys[slots] == self.make_keys(ids, right)) & (ids != PAD) & (right != PAD)
        pairs = torch.where(is_known, self.rows[slots], torch.zeros_like(slots))
        return torch.stack([ids, pairs], dim=2).flatten(1)


class VotingTokens(nn.Module):
    """Row numbers [n, width] → logits [n, classes]: each row votes, weighted by its rarity, unit length by text."""

    rarity: Tensor

    def __init__(self, rarity: Tensor, classes: int, token_dropout: float):
        super().__init__()
        self.token_dropout = token_dropout
        self.register_buffer("rarity", rarity)  # 0 for padding and for what is left out
        self.votes = nn.Embedding(len(rarity), classes)
        self.bias = nn.Parameter(torch.zeros(classes))
        nn.init.zeros_(self.votes.weight)

    def forward(self, rows: Tensor) -> Tensor:
        weights = self.rarity[rows]
        if self.training and self.token_dropout > 0:
            weights = weights * (torch.rand_like(weights) >= self.token_dropout)
        length = weights.square().sum(1, keepdim=True).clamp_min(1.0).sqrt()
        return (self.votes(rows) * weights.unsqueeze(2)).sum(1) / length + self.bias


def compute_rarity(rows: Tensor, count: int, least: int) -> Tensor:
    """Smoothed inverse document frequency [count] of row numbers [n, width]; 0 below `least` texts."""
    ordered = rows.sort(dim=1).values
    is_first = torch.ones_like(ordered, dtype=torch.bool)
    is_first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    frequency = torch.bincount(ordered[is_first], minlength=count)
    rarity = torch.log((1 + len(rows)) / (1 + frequency.double())) + 1
    rarity[frequency < least] = 0
    rarity[PAD] = 0
    return rarity.float()


def find_pairs(ids: Tensor, vocabulary: int, least: int, limit: int) -> Tensor:
    """Neighboring token pairs [pairs, 2] that occur at least `least` times in ids [n, length], most frequent first."""
    left, right = ids[:, :-1], ids[:, 1:]
    keys = (left * vocabulary + right)[(left != PAD) & (right != PAD)]
    found, counts = torch.unique(keys, return_counts=True)
    found, counts = found[counts >= least], counts[counts >= least]
    chosen = found[torch.argsort(counts, descending=True, stable=True)][:limit]
    return torch.stack([chosen // vocabulary, chosen % vocabulary], dim=1)
