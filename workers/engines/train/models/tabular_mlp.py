"""A multilayer perceptron over encoded rows: embeddings for categories, flags for gaps, standardized numbers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LARGEST = 10.0  # standard deviations that an outlier counts for at most


def choose_embedding_size(codes: int) -> int:
    """A category's embedding grows slowly with its number of codes."""
    return min(32, max(2, round(1.6 * codes**0.5)))


class TabularMlp(nn.Module):
    """Encoded rows [n, columns], NaN for gaps → logits or standardized values [n, outputs].

    `numbers` are the positions of number columns, `categories` those of category columns with their number of codes;
    the last two codes of a category are "unknown" and "missing".
    """

    numbers: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        numbers: list[int],
        categories: list[tuple[int, int]],
        statistics: tuple[Tensor, Tensor],
        outputs: int,
        *,
        hidden: int,
        layers: int,
        dropout: float,
        category_dropout: float,
    ):
        super().__init__()
        self.categories, self.category_dropout = categories, category_dropout
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.int64))
        self.register_buffer("mean", statistics[0])
        self.register_buffer("deviation", statistics[1])
        sizes = [choose_embedding_size(n) for _, n in categories]
        self.embeddings = nn.ModuleList(nn.Embedding(n, k) for (_, n), k in zip(categories, sizes, strict=True))
        width = 2 * len(numbers) + sum(sizes)
        blocks: list[nn.Module] = []
        for _ in range(layers):
            blocks += [nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Dropout(dropout)]
            width = hidden
        self.layers = nn.Sequential(*blocks, nn.Linear(width, outputs))

    def forward(self, rows: Tensor) -> Tensor:
        parts = []
        if len(self.numbers):
            raw = rows.index_select(1, self.numbers)
            is_gap = torch.isnan(raw)
            filled = torch.where(is_gap, self.mean, raw)
            parts += [((filled - self.mean) / self.deviation).clamp(-LARGEST, LARGEST), is_gap.float()]
        for (position, codes), embedding in zip(self.categories, self.embeddings, strict=True):
            parts.append(embedding(self.hide_some(rows[:, position].long().clamp(0, codes - 1), codes)))
        return self.layers(torch.cat(parts, dim=1))

    def hide_some(self, codes: Tensor, count: int) -> Tensor:
        """While training, some categories shown as the unknown one."""
        if not self.training or self.category_dropout == 0:
            return codes
        hidden = torch.rand(codes.shape, device=codes.device) < self.category_dropout
        return torch.where(hidden, torch.full_like(codes, count - 2), codes)


class ValueGraph(nn.Module):
    """The exported form of a regressor: the model, then the target's own unit, [n, 1]."""

    def __init__(self, model: nn.Module, mean: float, deviation: float):
        super().__init__()
        self.model, self.mean, self.deviation = model, mean, deviation

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model(inputs) * self.deviation + self.mean
