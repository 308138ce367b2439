"""A weighted bag of token and token-pair embeddings (after fastText: Joulin et al. 2017, sections 2.1 and 2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PAD = 0


class BagOfTokens(nn.Module):
    """Token ids [n, length], 0 for padding → logits [n, classes]. Each token also learns how much it counts."""

    def __init__(
        self,
        vocabulary: int,
        buckets: int,
        size: int,
        classes: int,
        *,
        token_dropout: float = 0.0,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.vocabulary, self.buckets, self.token_dropout = vocabulary, buckets, token_dropout
        self.embedding = nn.Embedding(vocabulary + buckets, size)
        self.weight = nn.Embedding(vocabulary + buckets, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size, classes)
        nn.init.normal_(self.embedding.weight, std=0.1)
        nn.init.zeros_(self.weight.weight)

    def forward(self, ids: Tensor) -> Tensor:
        tokens = self.add_pairs(ids)  # [n, 2 * length - 1]
        mask = (tokens != PAD).float()
        if self.training and self.token_dropout > 0:
            mask = mask * (torch.rand_like(mask) >= self.token_dropout)
        weights = torch.exp(self.weight(tokens).squeeze(2)) * mask
        total = (self.embedding(tokens) * weights.unsqueeze(2)).sum(1)  # [n, size]
        return self.head(self.dropout(total / mask.sum(1, keepdim=True).clamp_min(1.0).sqrt()))

    def add_pairs(self, ids: Tensor) -> Tensor:
        """Ids followed by the hashed ids of neighboring pairs; a pair with padding is padding."""
        if self.buckets == 0:
            return ids
        left, right = ids[:, :-1], ids[:, 1:]
        pairs = (left * 1_000_003 + right * 7_919) % self.buckets + self.vocabulary
        pairs = torch.where((left != PAD) & (right != PAD), pairs, torch.zeros_like(pairs))
        return torch.cat([ids, pairs], dim=1)
