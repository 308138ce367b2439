"""Draw a deployment's traffic: small enough to be SVG in the page, so that it can refresh without a chart library."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

WIDTH, HEIGHT = 600, 60


def build_traffic_bars(traffic: Any) -> dict[str, Any]:
    """{"width", "height", "bars": [{x, width, height, y, failed_height, failed_y, title}]}, one bar a minute."""
    if not traffic.by_minute:
        return {"width": WIDTH, "height": HEIGHT, "bars": []}
    counts = {minute: (total, failed) for minute, total, failed in traffic.by_minute}
    newest = max(counts)
    minutes = [newest - timedelta(minutes=back) for back in reversed(range(traffic.minutes))]
    top = max(total for total, _ in counts.values())
    step = WIDTH / traffic.minutes
    bars = []
    for position, minute in enumerate(minutes):
        total, failed = counts.get(minute, (0, 0))
        height, failed_height = (round(HEIGHT * n / top, 1) for n in (total, failed))
        title = f"{minute:%H:%M} UTC: {total:,} requests" + (
            f", {failed:,} of them refused or failed" if failed else ""
        )
        bars.append(
            {
                "x": round(position * step, 1),
                "width": round(step * 0.8, 1),
                "y": round(HEIGHT - height, 1),
                "height": height,
                "failed_y": round(HEIGHT - failed_height, 1),
                "failed_height": failed_height,
                "title": title,
            }
        )
    return {"width": WIDTH, "height": HEIGHT, "bars": bars}
