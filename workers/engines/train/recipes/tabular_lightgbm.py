"""Gradient-boosted trees on the columns that the artifact's row encoder makes.

Training goes in segments of a fixed number of rounds. Each segment starts from the model text of the ones before, with
a seed of its own, whether or not the run was interrupted: so a run resumed from a checkpoint (which lies at a segment's
end) repeats the very computations of the uninterrupted one. Told to stop, it keeps the last segment's end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import torch

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.manifest import TensorSpec
from workers.engines.artifact.rows import encode_rows, list_columns
from workers.engines.evaluate.scores import compute_quick_scores
from workers.engines.train.checkpoints import drop_old_checkpoints, read_state, write_checkpoint
from workers.engines.train.context import Arrays, Fitted, Interface, TrainContext, describe_outputs
from workers.engines.train.features import fit_features
from workers.engines.train.trees import build_tree_graph, fit_thresholds_to_float32

KEY = "tabular_lightgbm"
INPUT = "features"
MODEL_FILE = "model.txt"
SEGMENT_CELLS = 60_000_000  # cells looked at between two checkpoints, about
SEGMENT_ROUNDS = (10, 50)


@dataclass
class BoostState:
    """Where the boosting stands; all of it goes into a checkpoint, beside the model's text."""

    rounds: int = 0
    best_round: int = 0
    best_loss: float = math.inf
    history: list[tuple[int, dict[str, float]]] = field(default_factory=list)


@dataclass(frozen=True)
class Tables:
    """Encoded features float32 [n, columns] of both splits, held in LightGBM's double."""

    train: np.ndarray
    validation: np.ndarray
    columns: list[str]


def fit(context: TrainContext) -> Fitted:
    """Boost to the best validation round."""
    examples = context.examples
    context.report.progress(0.02, "Reading the columns")
    features = fit_features(examples, "ordered", context.log)
    tables = Tables(
        encode_rows(examples.train.items, features),
        encode_rows(examples.validation.items, features),
        list_columns(features),
    )
    booster, state, stopped = Boosting(context, tables).fit()
    final = fit_thresholds_to_float32(booster, state.best_round)
    outputs, postprocess = describe_outputs(examples)
    width, name, classes = len(tables.columns), outputs[0].name, len(examples.classes)

    def run_original(arrays: Arrays) -> Arrays:
        return {name: predict(final, arrays[INPUT], classes)}

    raw = predict(final, tables.validation, classes)
    return Fitted(
        interface=Interface(
            inputs=(TensorSpec(INPUT, "FP32", (-1, width)),),
            outputs=outputs,
            preprocess=({"op": "encode_row", "name": INPUT},),
            postprocess=postprocess,
            features=features,
        ),
        examples=examples,
        write_graph=lambda path, arrays: build_tree_graph(final, width, INPUT, name, path),
        run_original=run_original,
        validation_outputs=raw if classes else raw[:, 0],
        steps=state.rounds,
        epochs=state.rounds,
        stopped=stopped,
        notes={"best_round": state.best_round, "importance": describe_importance(final, tables.columns)},
    )


def predict(booster: lgb.Booster, rows: np.ndarray, classes: int) -> np.ndarray:
    """LightGBM's answer as probabilities [n, classes] or values [n, 1]."""
    predicted = np.asarray(booster.predict(rows))
    if classes == 2:
        return np.stack([1 - predicted, predicted], axis=1).astype(np.float32)
    return predicted.reshape(len(predicted), -1).astype(np.float32)


def describe_importance(booster: lgb.Booster, columns: list[str]) -> dict[str, float]:
    """Share of the total gain by column, largest first."""
    gains = booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    ranked = sorted(zip(columns, gains.tolist(), strict=True), key=lambda pair: -pair[1])
    return {name: round(gain / total, 6) for name, gain in ranked[:50]}


class Boosting:
    """One model growing segment by segment."""

    def __init__(self, context: TrainContext, tables: Tables):
        self.context = context
        self.values = context.parameters
        self.tables = tables
        self.state = BoostState()
        self.booster: lgb.Booster | None = None
        low, high = SEGMENT_ROUNDS
        self.segment = max(low, min(high, SEGMENT_CELLS // max(1, tables.train.size)))
        targets = context.examples.train.targets
        names = [f"f{i}" for i in range(len(tables.columns))]
        self.train = lgb.Dataset(
            tables.train, targets, feature_name=names, params=self.build_parameters(0), free_raw_data=False
        )
        self.validation = self.train.create_valid(tables.validation, context.examples.validation.targets)

    def build_parameters(self, segment: int) -> dict[str, Any]:
        """LightGBM's own parameters, deterministic, seeded by run and segment."""
        values, examples = self.values, self.context.examples
        small = max(1, len(examples.train) // 20)
        parameters: dict[str, Any] = {
            "learning_rate": values["learning_rate"],
            "num_leaves": values["leaves"],
            "min_data_in_leaf": min(values["min_items_in_leaf"], small),
            "min_data_in_bin": min(3, small),
            "bagging_fraction": values["row_share"],
            "bagging_freq": 1 if values["row_share"] < 1 else 0,
            "feature_fraction": values["column_share"],
            "lambda_l2": values["l2"],
            "bin_construct_sample_cnt": max(200_000, len(examples.train)),
            "seed": (self.context.spec.seed * 10_007 + segment) % 2**31,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": torch.get_num_threads(),
            "verbosity": -1,
        }
        return {**parameters, **describe_objective(len(examples.classes))}

    def fit(self) -> tuple[lgb.Booster, BoostState, str]:
        """Segments until the last round or until no round gets better."""
        if self.context.spec.resume_from:
            self.resume(Path(self.context.spec.resume_from))
        while self.state.rounds < self.values["rounds"]:
            if self.is_exhausted():
                break
            self.booster = self.grow(min(self.segment, self.values["rounds"] - self.state.rounds))
            self.checkpoint(self.booster)
        assert self.booster is not None  # at least one round is asked for, or a checkpoint was read
        stopped = "early_stopped" if self.state.rounds < self.values["rounds"] else "completed"
        return self.booster, self.state, stopped

    def is_exhausted(self) -> bool:
        """Whether early stopping has run out of patience."""
        return 0 < self.values["patience"] <= self.state.rounds - self.state.best_round

    def grow(self, rounds: int) -> lgb.Booster:
        """The model after one more segment: reported round by round, cut short by early stopping."""
        done = self.state.rounds
        fresh = lgb.train(
            self.build_parameters(done // self.segment),
            self.train,
            num_boost_round=rounds,
            valid_sets=[self.train, self.validation],
            valid_names=["train", "validation"],
            init_model=self.booster,
            callbacks=[self.build_callback(done)],
        )
        # A model read back from its text: what a resumed run starts from too.
        return lgb.Booster(model_str=fresh.model_to_string(num_iteration=-1))

    def build_callback(self, done: int) -> Callable[[lgb.callback.CallbackEnv], None]:
        """Reports each round; ends the segment when patience runs out; raises Canceled when told to stop."""

        def record(env: lgb.callback.CallbackEnv) -> None:
            if self.context.should_stop():
                raise Canceled
            self.state.rounds = env.iteration + 1
            results = env.evaluation_result_list or []
            losses = {f"{entry[0]}/loss": float(entry[2]) for entry in results}
            self.report(losses)
            if losses["validation/loss"] < self.state.best_loss:
                self.state.best_loss, self.state.best_round = losses["validation/loss"], self.state.rounds
            if self.is_exhausted():
                raise lgb.callback.EarlyStopException(env.iteration, results)

        record.order = 30  # type: ignore[attr-defined]
        return record

    def report(self, values: dict[str, float]) -> None:
        """Metrics at the current round, remembered for checkpoints."""
        self.state.history.append((self.state.rounds, values))
        self.context.report.metrics(self.state.rounds, values)
        share = 0.05 + 0.9 * self.state.rounds / self.values["rounds"]
        self.context.report.progress(min(share, 0.95), f"Round {self.state.rounds} of {self.values['rounds']}")

    def checkpoint(self, booster: lgb.Booster) -> None:
        """Scores at a segment's end, and the model's text and state, written whole or not at all."""
        examples = self.context.examples
        outputs = predict(booster, self.tables.validation, len(examples.classes))
        outputs = outputs if examples.classes else outputs[:, 0]
        scores = compute_quick_scores(examples.classes, examples.validation.targets, outputs, self.context.metric)
        self.report({f"validation/{key}": value for key, value in scores.items()})
        text = self.context.workdir / MODEL_FILE
        text.write_text(booster.model_to_string(num_iteration=-1), encoding="utf-8")
        root = self.context.workdir / "checkpoints"
        state = {**asdict(self.state), "fingerprint": self.context.fingerprint}
        path = write_checkpoint(root, self.state.rounds, state, {}, [text])
        self.context.report.checkpoint(str(path), self.state.rounds)
        drop_old_checkpoints(root)

    def resume(self, folder: Path) -> None:
        """Go back to the segment's end that `checkpoint` wrote."""
        raw = read_state(folder, self.context.fingerprint)
        raw.pop("fingerprint")
        self.state = BoostState(**{**raw, "history": [(step, values) for step, values in raw["history"]]})
        self.booster = lgb.Booster(model_str=(folder / MODEL_FILE).read_text(encoding="utf-8"))
        self.context.log(f"Continuing from round {self.state.rounds:,}.")


def describe_objective(classes: int) -> dict[str, Any]:
    """Objective and loss for a number (0 classes), two classes, or more."""
    if classes == 0:
        return {"objective": "regression", "metric": "l2"}
    if classes == 2:
        return {"objective": "binary", "metric": "binary_logloss"}
    return {"objective": "multiclass", "metric": "multi_logloss", "num_class": classes}
