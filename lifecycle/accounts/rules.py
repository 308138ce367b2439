"""How long a person who mistypes a password has to wait; pure functions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How many failures are free, and the longest delay after more."""

    free: int
    longest_seconds: int


# The pair stops a person guessing; the account, many addresses guessing at one person, who must still get in between;
# the address, one machine guessing at many people, while an office behind one address keeps working.
PATIENCE = {"pair": Patience(5, 900), "account": Patience(50, 30), "address": Patience(50, 300)}


def compute_delay_seconds(failures: int, patience: Patience) -> int:
    """Seconds before the next try counts: nothing for the first mistakes, then doubling from one second."""
    if failures < patience.free:
        return 0
    return min(patience.longest_seconds, 2 ** min(failures - patience.free, 20))


def say_duration(seconds: int) -> str:
    """ "1 second", "40 seconds", "3 minutes": as people say it, rounded up."""
    if seconds < 90:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
