"""A split by time goes by the moments that cells name, however they are written; a fixed test set stays as it is."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.urls import reverse

from lifecycle.contracts.moments import choose_formats, read_moment
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Item
from lifecycle.pipelines.datacards import write_data_card
from tests.lifecycle.datasets.test_import import bring
from tests.lifecycle.datasets.test_split_rounds import RATIOS, commit, make_table

pytestmark = pytest.mark.django_db
SIDES = ["train", "validation", "test"]


def bring_days(project, owner, run_jobs, cells: list[str], *, start: int = 0, split: str = "") -> None:
    lines = [f"{place + start},{cell},{'ab'[place % 2]},{split}" for place, cell in enumerate(cells)]
    content = "\n".join(["n,day,class,split", *lines]).encode()
    mapping = {"label": "class", "split": "split"} if split else {"label": "class", "features": ["n", "day"]}
    bring(project, owner, {"days.csv": content}, run_jobs, mapping=mapping)


def set_policy(project, owner, kind: str, column: str = "") -> None:
    services.update_splits(
        dataset=selectors.get_dataset(project), user=owner, ratios=RATIOS, policy={"kind": kind, "column": column}
    )


def list_sides(project, read) -> list[str]:
    """Splits by the moments of the items."""
    found = Item.objects.filter(dataset__project=project).values_list("row__day", "split")
    return [split for _, split in sorted((read(cell), SIDES.index(split)) for cell, split in found)]


@pytest.mark.parametrize(
    "pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m/%d/%Y %H:%M", "%Y-%m-%d"]
)
def test_the_oldest_train_and_the_newest_test_however_dates_are_written(pattern, owner, run_jobs):
    project = make_table(owner)
    days = [date(2024, 1, 1) + timedelta(days=3 * n) for n in range(200)]
    random.Random(1).shuffle(days)
    bring_days(project, owner, run_jobs, [day.strftime(pattern) for day in days[:150]])
    set_policy(project, owner, "time", "day")
    commit(project, owner, run_jobs)
    bring_days(project, owner, run_jobs, [day.strftime(pattern) for day in days[150:]], start=150)
    commit(project, owner, run_jobs)

    sides = list_sides(project, lambda cell: datetime.strptime(cell, pattern))

    assert sides == sorted(sides) and set(sides) == {0, 1, 2}


def test_zones_are_taken_into_account(owner, run_jobs):
    project = make_table(owner)
    start = datetime(2024, 3, 1, tzinfo=UTC)
    moments = [(start + timedelta(hours=n)).astimezone(timezone(timedelta(hours=n * 5 % 25 - 12))) for n in range(60)]
    bring_days(project, owner, run_jobs, [moment.isoformat() for moment in moments])
    set_policy(project, owner, "time", "day")
    commit(project, owner, run_jobs)

    sides = list_sides(project, datetime.fromisoformat)

    assert sides == sorted(sides) and set(sides) == {0, 1, 2}


def test_cells_that_are_no_date_are_counted_on_the_page_and_in_the_card(owner, run_jobs, client):
    project = make_table(owner)
    days = [(date(2024, 1, 1) + timedelta(days=n)).strftime("%d/%m/%Y") for n in range(60)]
    bring_days(project, owner, run_jobs, days)
    set_policy(project, owner, "time", "day")
    commit(project, owner, run_jobs)
    bring_days(project, owner, run_jobs, ["some day", ""], start=60)
    commit(project, owner, run_jobs)
    client.force_login(owner)

    page = client.get(reverse("datasets:versions", args=[project.slug])).content.decode()
    card = write_data_card(selectors.list_versions(project).first())

    for text in (page, card):
        assert "readable time in “day”: 2 (“some day”)" in text


def test_boundaries_of_before_are_kept_as_moments(owner, run_jobs):
    """Older versions settled them as text."""
    project = make_table(owner)
    bring_days(project, owner, run_jobs, [f"2024-{n:02d}-01" for n in range(1, 13)])
    set_policy(project, owner, "time", "day")
    commit(project, owner, run_jobs)
    dataset = selectors.get_dataset(project)
    dataset.split_policy = {"kind": "time", "column": "day", "boundaries": ["2024-08-01", "2024-10-01"]}
    dataset.save(update_fields=["split_policy"])
    bring_days(project, owner, run_jobs, ["2024-07-31", "2024-08-02", "2024-10-01"], start=20)
    commit(project, owner, run_jobs)

    later = Item.objects.filter(dataset=dataset, row__n__gte=20).order_by("row__n")
    assert list(later.values_list("split", flat=True)) == ["train", "validation", "test"]


def test_a_fixed_test_set_takes_nothing_that_an_import_gives_it_later(owner, run_jobs, client):
    project = make_table(owner)
    bring_days(project, owner, run_jobs, ["2024-01-01"] * 30, split="test")
    bring_days(project, owner, run_jobs, ["2024-01-01"] * 30, start=30, split="train")
    set_policy(project, owner, "fixed")
    commit(project, owner, run_jobs)
    bring_days(project, owner, run_jobs, ["2024-01-01"] * 50, start=60, split="test")
    commit(project, owner, run_jobs)
    client.force_login(owner)

    version = selectors.list_versions(project).first()

    assert version.item_count == 110 and version.summary["splits"]["test"] == 30
    for text in (
        client.get(reverse("datasets:versions", args=[project.slug])).content.decode(),
        write_data_card(version),
    ):
        assert "gave to the test set after it was fixed: 50." in text


def test_one_order_of_day_and_month_holds_for_a_column():
    formats = choose_formats(["03/04/2024", "17/04/2024"])

    assert read_moment("03/04/2024", formats) == datetime(2024, 4, 3, tzinfo=UTC).timestamp()
    assert read_moment("04/17/2024", formats) is None
    assert (
        read_moment("03/04/2024", choose_formats(["03/04/2024", "04/17/2024"]))
        == datetime(2024, 3, 4, tzinfo=UTC).timestamp()
    )
    assert read_moment("2024-03-01T00:30:00+02:00", formats) == datetime(2024, 2, 29, 22, 30, tzinfo=UTC).timestamp()
    assert read_moment("soon", formats) is None and read_moment(None, formats) is None
