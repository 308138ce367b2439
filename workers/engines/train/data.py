"""A dataset version on disk as labelled training and validation examples, or a sentence that says why not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lifecycle.contracts.problems import ItemKind, LabelKind, ProblemType
from lifecycle.contracts.training import DatasetFiles
from workers.engines.artifact.labelled_items import LabelledItem, Log, is_number, read_labelled
from workers.engines.train.errors import TrainingRefused

VALIDATION_SHARE = 0.15


@dataclass(frozen=True)
class Split:
    """Aligned items and targets: `items` are image paths, texts or row dicts; targets are class indices or numbers."""

    items: list[Any]
    targets: np.ndarray  # int64 class indices, or float64

    def __len__(self) -> int:
        return len(self.items)

    def take(self, indices: Sequence[int] | np.ndarray) -> Split:
        """The examples at these positions, in this order."""
        return Split([self.items[i] for i in indices], self.targets[np.asarray(indices, dtype=np.int64)])


@dataclass(frozen=True)
class Examples:
    """What a recipe trains on; `classes` is empty for regression."""

    item_kind: ItemKind
    classes: tuple[str, ...]
    train: Split
    validation: Split

    @property
    def outputs(self) -> int:
        """How many numbers a model puts out: classes, or one value."""
        return len(self.classes) or 1


def load_examples(dataset: DatasetFiles, problem: ProblemType, seed: int, log: Log) -> Examples:
    """Training and validation examples of a dataset version; raises TrainingRefused when they cannot teach anything."""
    items = read_labelled(dataset, problem.item_kind, ("train", "validation"), log)
    if not any(item.split == "train" for item in items):
        raise TrainingRefused("No labelled items are in the train split. Label some items and commit a new version.")
    classes: tuple[str, ...] = ()
    if problem.label_kind is LabelKind.CLASS:
        classes = dataset.classes or tuple(sorted({item.label for item in items}))
        items = _keep_known_classes(items, classes, log)
    else:
        items = _keep_numbers(items, log)
    train = [item for item in items if item.split == "train"]
    validation = [item for item in items if item.split == "validation"]
    if not train:
        raise TrainingRefused("No usable labelled items are left in the train split; the log says what was left out.")
    if not validation:
        train, validation = carve_validation(train, seed)
        log(f"No validation split: {len(validation):,} training items are set aside for validation.", "warning")
    examples = Examples(problem.item_kind, classes, _to_split(train, classes), _to_split(validation, classes))
    check_examples(examples, log)
    return examples


def _keep_known_classes(items: list[LabelledItem], classes: Sequence[str], log: Log) -> list[LabelledItem]:
    known = set(classes)
    kept = [item for item in items if item.label in known]
    if len(kept) < len(items):
        log(f"{len(items) - len(kept):,} items carry a class that the label schema does not list; left out.", "warning")
    return kept


def _keep_numbers(items: list[LabelledItem], log: Log) -> list[LabelledItem]:
    kept = [item for item in items if is_number(item.label)]
    if len(kept) < len(items):
        log(f"{len(items) - len(kept):,} labels are not finite numbers; their items are left out.", "warning")
    return kept


def carve_validation(train: list[LabelledItem], seed: int) -> tuple[list[LabelledItem], list[LabelledItem]]:
    """Some of `train` as validation, by a hash of group or content: stable, and no group on both sides.

    A class keeps at least one training item where another choice exists.
    """
    labels_by_key: dict[str, Counter[str]] = {}
    for item in train:
        labels_by_key.setdefault(item.key, Counter())[item.label] += 1
    keys = sorted(labels_by_key, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest())
    if len(keys) < 2:
        raise TrainingRefused("At least two different labelled items are needed: one to learn from, one to check with.")
    wanted = max(1, round(VALIDATION_SHARE * len(train)))
    left = Counter(item.label for item in train)
    chosen: set[str] = set()
    taken = 0
    for key in keys:
        if taken >= wanted:
            break
        if all(left[label] > count for label, count in labels_by_key[key].items()):
            chosen.add(key)
            taken += labels_by_key[key].total()
            left.subtract(labels_by_key[key])
    chosen = chosen or set(keys[: max(1, round(VALIDATION_SHARE * len(keys)))])  # every label is unique, as numbers are
    return [i for i in train if i.key not in chosen], [i for i in train if i.key in chosen]


def _to_split(items: list[LabelledItem], classes: Sequence[str]) -> Split:
    contents = [item.content for item in items]
    if not classes:
        return Split(contents, np.array([float(item.label) for item in items], dtype=np.float64))
    index = {name: i for i, name in enumerate(classes)}
    return Split(contents, np.array([index[item.label] for item in items], dtype=np.int64))


def check_examples(examples: Examples, log: Log) -> None:
    """Raise TrainingRefused where nothing can be learned or checked; log what is merely thin."""
    train, validation = examples.train, examples.validation
    if len(train) == 0:
        raise TrainingRefused("No usable labelled items are left in the train split; the log says what was left out.")
    if len(validation) == 0:
        raise TrainingRefused("No usable labelled items are left for validation. Label more items.")
    if not examples.classes:
        if len(train) < 2 or np.ptp(train.targets) == 0:
            raise TrainingRefused("All training labels are the same number: there is nothing to learn from them.")
        return
    counts = np.bincount(train.targets, minlength=len(examples.classes))
    if (counts > 0).sum() < 2:
        only = examples.classes[int(counts.argmax())]
        raise TrainingRefused(f"All training labels are “{only}”. Label items of at least two classes.")
    _log_thin_classes(examples.classes, counts, log)


def _log_thin_classes(classes: Sequence[str], counts: np.ndarray, log: Log) -> None:
    empty = [c for c, n in zip(classes, counts, strict=True) if n == 0]
    single = [c for c, n in zip(classes, counts, strict=True) if n == 1]
    if empty:
        log(f"No training items for {_name_some(empty)}: the model will not answer with them.", "warning")
    if single:
        log(f"Only one training item for {_name_some(single)}: expect poor answers there.", "warning")


def _name_some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def replace_splits(examples: Examples, train: Split, validation: Split, log: Log) -> Examples:
    """The same examples with other splits, e.g. after unreadable images fell out; raises TrainingRefused."""
    changed = replace(examples, train=train, validation=validation)
    check_examples(changed, log)
    return changed
