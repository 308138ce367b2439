"""Fingers on a touch screen, through the protocol that Chromium's own device mode uses."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]  # CSS pixels from the corner of the window
STEPS = 6
REST_MS = 120  # a finger that is lifted while it moves flings, and the next tap would only stop that


class Fingers:
    """`page` belongs to a context with `has_touch`."""

    def __init__(self, page):
        self.page = page
        self._session = page.context.new_cdp_session(page)

    def drag(self, *points: Point) -> None:
        """One finger, down at the first point, over all others, up at the last."""
        self._touch("touchStart", [points[0]])
        for start, end in zip(points, points[1:], strict=False):
            for step in range(1, STEPS + 1):
                self._touch("touchMove", [_between(start, end, step / STEPS)])
        self._lift()

    def tap(self, *points: Point) -> None:
        for point in points:
            self.page.touchscreen.tap(*point)

    def pinch(self, middle: Point, before: float, after: float) -> None:
        """Two fingers beside each other, `before` and `after` pixels apart."""
        for step in range(STEPS + 1):
            half = (before + (after - before) * step / STEPS) / 2
            both = [(middle[0] - half, middle[1]), (middle[0] + half, middle[1])]
            self._touch("touchMove" if step else "touchStart", both)
        self._lift()

    def _lift(self) -> None:
        self.page.wait_for_timeout(REST_MS)
        self._touch("touchEnd", [])
        self.page.wait_for_timeout(REST_MS)

    def _touch(self, kind: str, points: Sequence[Point]) -> None:
        spots = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def list_small_buttons(page, *, within: str = "body", least: float = 40) -> list[str]:
    """Names of what can be pressed and is on screen, but smaller than a finger, in either direction."""
    return page.evaluate(
        """([within, least]) => [...document.querySelector(within).querySelectorAll(
          'button, a.btn, select, summary, [role=radio], input:not([type=hidden])')]
          .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
          .map((one) => [one, one.getBoundingClientRect()])
          .filter(([, { width, height }]) => width && height && Math.min(width, height) < least - 0.5)
          .map(([one, { width, height }]) => [one.title || one.ariaLabel || one.textContent.trim() || one.name,
            Math.round(width), Math.round(height)].join(' '))""",
        [within, least],
    )


def list_outside(page) -> list[str]:
    """What can be pressed and lies outside the window, wholly or in part."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.annotator button, .annotator a, .annotator select, .annotator input')]
          .filter((one) => one.checkVisibility({ visibilityProperty: true }))
          .map((one) => [one, one.getBoundingClientRect()])
          .filter(([, box]) => box.width > 1 && (box.left < -1 || box.right > innerWidth + 1))
          .map(([one]) => one.title || one.textContent.trim())"""
    )
