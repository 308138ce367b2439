"""The training loop hands out items in the loader's order, also when it begins in the middle of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lifecycle.contracts.manifest import TensorSpec
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.training import DatasetFiles, TrainSpec
from lifecycle.loader.batches import Batches
from tests.lifecycle.loader.test_order import Numbers
from tests.workers.engines.worlds import MemoryReport
from workers.engines.train.context import Interface, TrainContext
from workers.engines.train.data import Examples, Split
from workers.engines.train.loop import Loop
from workers.engines.train.plan import Optimization, TensorSet, TorchPlan, softmax_outputs


def build_loop(count: int, batch_size: int, seed: int, folder) -> Loop:
    problem = get_problem_type("image_classification")
    nothing = Split([], np.zeros(0, dtype=np.int64))
    examples = Examples(problem.item_kind, ("a", "b"), nothing, nothing)
    items = TensorSet((torch.arange(count).float()[:, None],), torch.arange(count))
    model = torch.nn.Linear(1, 2)
    plan = TorchPlan(
        model=model, graph=model, interface=Interface((TensorSpec("x", "FP32", (-1,)),), (), (), ()),
        examples=examples, train=items, validation=items, to_outputs=softmax_outputs,
        optimization=Optimization(3, batch_size, 1e-3, 0.0, patience=0),
    )  # fmt: skip
    context = TrainContext(
        spec=TrainSpec(problem.key, "test", {}, seed, DatasetFiles("", ""), "accuracy", device="cpu"), parameters={},
        problem=problem, metric=problem.metrics[0], examples=examples, workdir=folder, report=MemoryReport(),
        should_stop=lambda: False, checkpoint_seconds=10.0, fingerprint="",
    )  # fmt: skip
    return Loop(plan, context)


def read_epoch(loop: Loop, epoch: int, batch: int = 0) -> list[list[int]]:
    loop.state.epoch, loop.state.batch = epoch, batch
    return [targets.tolist() for _, targets in loop.iterate_batches()]


@pytest.mark.parametrize(("count", "batch_size"), [(700, 10), (20_000, 64)])
def test_an_epoch_is_the_loaders(count, batch_size, tmp_path):
    loop = build_loop(count, batch_size, 5, tmp_path)
    batches = Batches(Numbers(count), batch_size, shuffle=True, seed=5)

    for epoch in range(2):
        assert read_epoch(loop, epoch) == [places.tolist() for _, places in batches]


@given(
    count=st.integers(2, 3_000), batch_size=st.integers(2, 300), seed=st.integers(0, 2**31), epoch=st.integers(0, 5),
    cut=st.floats(0, 1),
)  # fmt: skip
@hypothesis_settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rest_of_an_epoch_is_the_same_wherever_it_begins(count, batch_size, seed, epoch, cut, tmp_path):
    loop = build_loop(count, batch_size, seed, tmp_path)
    whole = read_epoch(loop, epoch)
    begun = int(cut * len(whole))

    rest = read_epoch(build_loop(count, batch_size, seed, tmp_path), epoch, begun)

    assert rest == whole[begun:] and len(whole) == loop.batches
    seen = sorted(number for batch in whole for number in batch)
    assert len(seen) >= count - 1 and len(set(seen)) >= count - 1, "at most a last batch of one item is left out"
