"""A pretrained transformer as a sentence encoder, and the head trained on it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SentenceEncoder(nn.Module):
    """Token ids and mask [n, length] → unit-length mean of the last hidden states [n, size]
    (Reimers & Gurevych 2019, section 3, MEAN strategy)."""

    def __init__(self, transformer: nn.Module):
        super().__init__()
        self.transformer = transformer.eval().requires_grad_(False)
        self.size = int(transformer.config.hidden_size)  # type: ignore[union-attr, arg-type]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(2).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp_min(1.0)
        return nn.functional.normalize(mean, dim=1)


class EmbeddingHead(nn.Module):
    """Unit-length embeddings [n, size] → logits [n, classes]."""

    def __init__(self, size: int, hidden: int, classes: int, dropout: float):
        super().__init__()
        self.scale = size**0.5  # unit length over `size` numbers: back to a variance of about one
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        if hidden:
            layers += [nn.Linear(size, hidden), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden or size, classes))

    def forward(self, embeddings: Tensor) -> Tensor:
        return self.layers(embeddings * self.scale)


class SentenceClassifier(nn.Module):
    """The exported form: encoder, head, softmax."""

    def __init__(self, encoder: SentenceEncoder, head: EmbeddingHead):
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return torch.softmax(self.head(self.encoder(input_ids, attention_mask)), dim=1)
