"""Deployments as this process serves them: the release that answers, and the queue in front of its model."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import accumulate

from workers.serving.calls import Call, answer_calls
from workers.serving.models import LoadedModel
from workers.serving.problems import Problem

# Up to here a batch runs on the loop itself: handing it to a thread costs 0.1 ms and, since both need the interpreter's
# lock, up to its switch interval of 5 ms of waiting.
INLINE_SECONDS = 0.002
INLINE_IMAGE_BYTES = 4096  # a small file cannot hold many pixels
SMOOTHING = 0.05

Finish = Callable[[Sequence[Call]], None]


class Lane:
    """Calls that wait for one model. A call alone runs at once; what comes while the model is busy runs together."""

    def __init__(self, model: LoadedModel, executor: Executor, finish: Finish, observe: Callable[[int], None]):
        self.model = model
        self.waiting: deque[Call] = deque()
        self._executor = executor
        self._finish = finish
        self._observe = observe
        self._is_busy = False
        self._single_seconds = model.run_seconds
        self._row_seconds = model.row_seconds  # in batches

    def submit(self, call: Call) -> None:
        self.waiting.append(call)
        if not self._is_busy:
            self._is_busy = True
            asyncio.get_running_loop().call_soon(self._run)

    def _take(self) -> list[Call]:
        """The next batch: at least one call, at most as many rows as pay together."""
        calls = [self.waiting.popleft()]
        rows = calls[0].size
        while self.waiting and rows + self.waiting[0].size <= self.model.max_batch:
            rows += self.waiting[0].size
            calls.append(self.waiting.popleft())
        return calls

    def _run(self) -> None:
        calls = self._take()
        rows = sum(call.size for call in calls)
        self._observe(rows)
        if self._is_quick(calls, rows):
            self._run_timed(calls, rows)
            self._end(calls)
        else:
            future = asyncio.get_running_loop().run_in_executor(self._executor, self._run_timed, calls, rows)
            future.add_done_callback(lambda done: self._end(calls, done.exception()))

    def _run_timed(self, calls: list[Call], rows: int) -> None:
        started = time.thread_time()  # the wall clock would count what other processes take
        answer_calls(self.model, calls)
        self._learn(time.thread_time() - started, rows)

    def _is_quick(self, calls: list[Call], rows: int) -> bool:
        if self.model.manifest.item_kind == "image":
            size = sum(len(item) for call in calls for item in call.items or ())
            if size > INLINE_IMAGE_BYTES:
                return False
        expected = self._single_seconds if rows == 1 else self._row_seconds * rows
        return expected <= INLINE_SECONDS

    def _learn(self, seconds: float, rows: int) -> None:
        if rows == 1:
            self._single_seconds += SMOOTHING * (seconds - self._single_seconds)
        else:
            self._row_seconds += SMOOTHING * (seconds / rows - self._row_seconds)

    def _end(self, calls: list[Call], error: BaseException | None = None) -> None:
        for call in calls if error else ():
            call.problem = call.problem or Problem(500, "The model failed. The reason is in the server's log.")
        if self.waiting:
            asyncio.get_running_loop().call_soon(self._run)
        else:
            self._is_busy = False
        self._finish(calls)


@dataclass(frozen=True)
class LiveRelease:
    """The lanes of one release's targets, and how traffic is shared among them."""

    id: int
    number: int
    lanes: tuple[Lane, ...]
    bounds: tuple[float, ...]

    @classmethod
    def build(cls, id: int, number: int, lanes: Sequence[Lane]) -> LiveRelease:
        return cls(id, number, tuple(lanes), tuple(accumulate(lane.model.target.share for lane in lanes)))

    def choose(self) -> Lane:
        """One lane by the targets' shares."""
        if len(self.lanes) == 1:
            return self.lanes[0]
        point = random.random() * self.bounds[-1]
        return next(
            (lane for lane, bound in zip(self.lanes, self.bounds, strict=True) if point < bound), self.lanes[-1]
        )


@dataclass
class Endpoint:
    """One deployment in this process. It outlives its releases, so that its queue's bound holds over a swap."""

    id: int
    slug: str
    project_id: int
    is_active: bool
    max_waiting: int
    logs_inputs: bool
    release: LiveRelease | None = None
    failed_release_id: int | None = None
    load_error: str = ""
    waiting: int = 0
