"""What a column tells of the label is drawn over its bars and beside its values."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from lifecycle.datasets.selectors import get_dataset
from lifecycle.exploration import services
from tests.lifecycle.datasets.test_import import bring, make_project
from webapp.charts.exploration import build_mean_line, build_values

pytestmark = pytest.mark.django_db


def write_rows(label) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("size", "cut", "label"), *((n / 10, "abc"[n % 3], label(n)) for n in range(120))])
    return out.getvalue().encode()


def show_profile(client, owner, run_jobs, problem: str, label, classes=()) -> str:
    project = make_project(owner, problem, list(classes))
    bring(project, owner, {"rows.csv": write_rows(label)}, run_jobs)
    services.start_profile(dataset=get_dataset(project), user=owner)
    run_jobs()
    client.force_login(owner)
    return client.get(reverse("exploration:overview", args=[project.slug])).content.decode()


def test_the_mean_of_a_number_goes_along_the_bars_and_beside_each_value(client, owner, run_jobs):
    page = show_profile(client, owner, run_jobs, "tabular_regression", lambda n: 100 + n)

    assert page.count('class="mean-line"') == 1  # over the sizes; the label's own bars have none
    assert "mean 158.5" in page and "mean 160.5" in page  # of a: 0, 3, 6 …, of c: 2, 5, 8 …


def test_the_classes_of_each_value_are_its_bar(client, owner, run_jobs):
    page = show_profile(client, owner, run_jobs, "tabular_classification", lambda n: "xy"[n % 2], "xy")

    assert page.count('<i class="tone-0" style="width: 50.0%">') == 3
    assert page.count('<i class="tone-1" style="width: 50.0%">') == 3 and "mean-line" not in page


def test_what_is_not_shown_of_a_value_is_gray():
    column = {"name": "cut", "values": [["a", 10], ["b", 4]], "values_by": {"x": [6, 0], "y": [4, 1]}}

    first, second = build_values(column, "/items")

    assert first.parts == ((0, 60.0), (1, 40.0)) and second.parts == ((1, 25.0), (None, 75.0))


def test_a_line_skips_bars_without_items_and_needs_two_ends():
    bins = {"edges": [0, 1, 2, 3, 4], "counts": [2, 0, 3, 1], "means": [5.0, None, 15.0, 10.0]}

    line = build_mean_line({"bins": bins})

    assert line is not None
    points = [tuple(map(float, point.split(","))) for point in line.points.split()]
    assert [x for x, _ in points] == [30, 150, 210]
    assert points[0][1] > points[2][1] > points[1][1] and (line.low, line.high) == ("5", "15")
    assert build_mean_line({"bins": bins | {"means": [5.0, None, 5.0, 5.0]}}) is None
    assert build_mean_line({"bins": {"edges": [0, 1], "counts": [1], "by": {}}}) is None
