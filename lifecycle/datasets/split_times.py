"""Times of a split by time as keys that sort as the moments do, however the cells are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lifecycle.contracts.moments import ISO, choose_formats, read_moment
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.splitting import EVENT_TIME, LAST, SplitPolicy, sort_key

SHOWN_CELLS = 3
DATE_SHARE = 0.95  # of the different cells of a column that nobody called a date


def read_times(dataset: Dataset, policy: SplitPolicy, cells: Sequence[str | None]) -> tuple[list[str], SplitPolicy]:
    """(key of each cell, the policy with how they are read and what could not be). Empty, the oldest, for what is no
    time. Boundaries that an older version settled as text become keys of the same moments."""
    if not policy.column:
        return [cell or "" for cell in cells], policy
    if policy.column == EVENT_TIME:
        times = ["" if cell is None else sort_key(datetime.fromisoformat(cell).timestamp()) for cell in cells]
        return times, replace(policy, unread=policy.unread + times.count(""))
    kind = next((column["kind"] for column in dataset.columns if column["name"] == policy.column), "")
    said = {cell for cell in cells if cell is not None and cell.strip()}
    formats = policy.formats or choose_formats([*policy.boundaries, *sorted(said)])
    moments = {} if kind == "number" else {cell: read_moment(cell, formats) for cell in said}
    read = sum(moment is not None for moment in moments.values())
    if kind == "date" or policy.formats or (read and read >= DATE_SHARE * len(moments)):
        keys = {cell: "" if moment is None else sort_key(moment) for cell, moment in moments.items()}
        boundaries = policy.boundaries if policy.formats else tuple(map(_read_boundary(formats), policy.boundaries))
        policy = replace(policy, formats=formats, boundaries=boundaries)
    else:
        keys = {cell: sort_key(cell) for cell in said}
    times = [keys.get(cell, "") if cell is not None else "" for cell in cells]
    examples = sorted({cell for cell in said if not keys[cell]})
    shown = tuple(dict.fromkeys([*policy.unread_cells, *(cell[:40] for cell in examples)]))[:SHOWN_CELLS]
    return times, replace(policy, unread=policy.unread + times.count(""), unread_cells=shown)


def _read_boundary(formats: Sequence[str]):
    def read(boundary: str) -> str:
        moment = read_moment(boundary, formats or (ISO,))
        return boundary if moment is None or boundary == LAST else sort_key(moment)

    return read
