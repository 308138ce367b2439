"""How often Python looks for garbage that refers to itself. Knows no Django."""

from __future__ import annotations

import gc

OF_A_WORKER = 50_000  # new objects; Python looks after 700, which rows of a table are within a millisecond
OF_A_PAGE = 5_000  # 50,000 are looked through in 50 ms, which somebody waits for; 5,000 in 5 ms
YOUNG, OLD = 20, 50


def look_seldom(new_objects: int = OF_A_WORKER) -> None:
    """Call once a process is loaded: what is there stays out of every look, and looks become rare.

    Most objects are freed at once by their counts, whatever this says. Measured: of an export of rows the looks were a
    quarter of the time.
    """
    gc.freeze()
    gc.set_threshold(new_objects, YOUNG, OLD)
