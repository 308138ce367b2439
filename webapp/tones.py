"""Which color, icon and word a state has on screen: one table for the whole product."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    tone: str  # good | bad | warning | working | neutral | accent
    icon: str
    word: str = ""


LOOKS: dict[str, Look] = {
    # jobs, runs, steps
    "queued": Look("neutral", "clock"),
    "waiting": Look("neutral", "clock"),
    "pending": Look("neutral", "clock"),
    "running": Look("working", "loader-2"),
    "working": Look("working", "loader-2"),
    "succeeded": Look("good", "check"),
    "completed": Look("good", "check"),
    "done": Look("good", "check"),
    "failed": Look("bad", "x"),
    "error": Look("bad", "x"),
    "lost": Look("bad", "plug-connected-x"),
    "canceled": Look("neutral", "ban"),
    "skipped": Look("neutral", "player-skip-forward"),
    "retried": Look("warning", "refresh"),
    # sources
    "fine": Look("good", "check"),
    "failing": Look("bad", "x"),
    "some set aside": Look("warning", "alert-triangle"),
    "never run": Look("neutral", "circle-dashed"),
    # crawls
    "paused": Look("warning", "player-pause"),
    "pausing": Look("working", "player-pause"),
    "stopping": Look("working", "player-stop"),
    "in_flight": Look("working", "loader-2", "on its way"),
    "unchanged": Look("neutral", "equal"),
    "redirected": Look("neutral", "arrow-forward"),
    # stages of the loop
    "empty": Look("neutral", "circle-dashed", "not started"),
    "ready": Look("accent", "arrow-right", "ready"),
    "attention": Look("warning", "alert-triangle", "needs attention"),
    # verdicts
    "approved": Look("good", "thumb-up"),
    "rejected": Look("bad", "thumb-down"),
    "undecided": Look("neutral", "help"),
    "passed": Look("good", "check"),
    "blocked": Look("warning", "lock"),
    "fixed": Look("good", "check"),
    "broke": Look("bad", "x"),
    # models and deployments
    "champion": Look("good", "trophy"),
    "candidate": Look("accent", "flag"),
    "live": Look("good", "broadcast"),
    "active": Look("good", "point-filled"),
    "loading": Look("working", "loader-2"),
    "stopped": Look("neutral", "player-stop"),
    "retired": Look("neutral", "archive"),
    "revoked": Look("neutral", "ban"),
    "expired": Look("warning", "clock-off"),
    # monitoring
    "ok": Look("good", "check"),
    "stable": Look("good", "check"),
    "healthy": Look("good", "heartbeat"),
    "drift": Look("bad", "wave-sine"),
    "drifting": Look("bad", "wave-sine"),
    "drifted": Look("bad", "wave-sine"),
    "moved": Look("warning", "wave-sine"),
    "watch": Look("warning", "eye"),
    "moderate": Look("warning", "wave-sine"),
    "severe": Look("bad", "wave-sine"),
    "info": Look("accent", "info-circle"),
    "success": Look("good", "circle-check"),
    "warning": Look("warning", "alert-triangle"),
    "critical": Look("bad", "alert-octagon"),
    "open": Look("warning", "bell"),
    "resolved": Look("good", "check"),
    # roles
    "owner": Look("accent", "key"),
    "engineer": Look("neutral", "tool"),
    "reviewer": Look("neutral", "checklist"),
    "annotator": Look("neutral", "tags"),
    "viewer": Look("neutral", "eye"),
    "archived": Look("neutral", "archive"),
    "overdue": Look("bad", "calendar-due"),
    "due": Look("neutral", "calendar"),
}


def find_look(state: str) -> Look:
    """The look of a state's key; an unknown state is shown as it is, in a neutral tone."""
    look = LOOKS.get(state, Look("neutral", ""))
    return look if look.word else look._replace(word=state.replace("_", " "))
