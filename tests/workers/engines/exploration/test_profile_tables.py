"""Figures of a table's profile are what pandas, numpy and scipy say of the same table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import contingency

from tests.workers.engines.exploration.sets import write_set
from workers.engines.profile import associations

ROWS = 3_000
KINDS = {
    "amount": "number", "count": "number", "tail": "number", "constant": "number", "empty": "number",
    "city": "category", "code": "category", "day": "date",
}  # fmt: skip


def make_table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    count = rng.integers(0, 12, ROWS)
    table = pd.DataFrame(
        {
            "amount": rng.normal(50, 20, ROWS) + 4 * count,
            "count": count,
            "tail": np.exp(rng.normal(0, 2, ROWS)),
            "constant": 0.1,
            "empty": np.nan,
            "city": rng.choice(["Bern", "Genf", "Basel", "Zug"], ROWS, p=[0.5, 0.3, 0.15, 0.05]),
            "code": [f"K{n % 1_700}" for n in range(ROWS)],
            "day": pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 700 * 86_400, ROWS), unit="s"),
        }
    )
    table.loc[rng.random(ROWS) < 0.1, "amount"] = np.nan
    table.loc[rng.random(ROWS) < 0.2, "city"] = None
    return table


def to_rows(table: pd.DataFrame) -> list[dict]:
    shown = table.assign(day=table["day"].astype(str)) if "day" in table else table
    return shown.astype(object).where(table.notna(), None).to_dict("records")


@pytest.fixture(scope="module")
def table():
    return make_table()


@pytest.fixture(scope="module")
def labels(table):
    return ["many" if n > 5 else "few" for n in table["count"]]


@pytest.fixture(scope="module")
def profile(table, labels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    return write_set(folder, "row", to_rows(table), labels, columns=tuple(KINDS.items())).profile()


@pytest.fixture(scope="module")
def columns(profile):
    return {column["name"]: column for column in profile["columns"]}


def test_every_column_is_there_with_its_kind(profile, columns):
    assert {name: column["kind"] for name, column in columns.items()} == KINDS
    assert (profile["items"], profile["labeled"]) == (ROWS, ROWS)


def test_missing_and_different_values_are_counted(table, columns):
    assert {name: column["missing"] for name, column in columns.items()} == dict(table.isna().sum())
    assert {name: column["distinct"] for name, column in columns.items()} == dict(table.nunique())
    assert not any(column["is_estimate"] for column in columns.values())


@pytest.mark.parametrize("name", ["amount", "count", "tail", "constant"])
def test_figures_of_a_number_are_those_of_pandas(table, columns, name):
    numbers, values = columns[name]["numbers"], table[name].dropna()

    assert numbers["min"] == values.min() and numbers["max"] == values.max()
    assert numbers["mean"] == pytest.approx(values.mean())
    assert numbers["deviation"] == pytest.approx(values.std(), abs=1e-12)
    assert numbers["zeros"] == (values == 0).sum() and numbers["negative"] == (values < 0).sum()
    assert numbers["is_whole"] == (name == "count")


@pytest.mark.parametrize("name", ["amount", "count", "tail"])
def test_quantiles_lie_at_their_rank(table, columns, name):
    """They are estimates (a t-digest): each has its share of the values below it, within one percent."""
    values = table[name].dropna()

    for share, value in columns[name]["numbers"]["quantiles"].items():
        below, up_to = (values < value).mean(), (values <= value).mean()
        assert below - 0.01 <= float(share) <= up_to + 0.01


@pytest.mark.parametrize("name", ["amount", "tail"])
def test_bars_are_numpys_histogram_with_open_ends(table, columns, name):
    edges, values = columns[name]["bins"]["edges"], table[name].dropna()

    true, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
    assert columns[name]["bins"]["counts"] == true.tolist()
    assert (np.diff(edges) > 0).all() and edges[0] >= values.min() and edges[-1] <= values.max()


def test_whole_numbers_of_a_small_range_have_a_bar_each(table, labels, columns):
    bins, values = columns["count"]["bins"], table["count"]

    assert bins["edges"] == [n - 0.5 for n in range(13)]
    assert bins["counts"] == values.value_counts().sort_index().tolist()
    crossed = pd.crosstab(values, pd.Series(labels))
    assert bins["by"] == {name: crossed[name].tolist() for name in ("few", "many")}


def test_extremes_are_the_smallest_and_largest_with_their_items(table, columns):
    values = table["tail"]

    low, high = columns["tail"]["extremes"]["low"], columns["tail"]["extremes"]["high"]
    assert low == [[place + 1, value] for place, value in values.nsmallest(5).items()]
    assert high == [[place + 1, value] for place, value in values.nlargest(5).items()]


def test_common_values_are_counted_also_by_class(table, labels, columns):
    city = columns["city"]

    assert city["values"] == [[name, count] for name, count in table["city"].value_counts().items()]
    crossed = pd.crosstab(table["city"], pd.Series(labels))
    shown = [name for name, _ in city["values"]]
    assert city["values_by"] == {label: crossed[label][shown].tolist() for label in city["values_by"]}
    assert city["lengths"]["max"] == 5 and city["lengths"]["min"] == 3
    assert len(columns["code"]["values"]) == 15


def test_dates_are_spread_over_their_range(table, columns):
    days, day = table["day"], columns["day"]

    assert day["dates"] == {"min": days.min().isoformat(), "max": days.max().isoformat(), "read": ROWS}
    seconds = days.astype("datetime64[s]").astype("int64")
    edges = np.array(day["bins"]["edges"])
    assert sum(day["bins"]["counts"]) == ROWS and edges[0] == seconds.min() and edges[-1] == seconds.max()
    assert day["bins"]["counts"] == np.histogram(seconds, bins=edges)[0].tolist()


def find_pair(profile, a: str, b: str) -> float | None:
    names = profile["associations"]["names"]
    value = profile["associations"]["matrix"][names.index(a)][names.index(b)]
    assert value == profile["associations"]["matrix"][names.index(b)][names.index(a)]
    return value


def test_numbers_go_together_by_pearsons_r(table, profile):
    both = table[["amount", "count"]].dropna()

    assert find_pair(profile, "amount", "count") == pytest.approx(stats.pearsonr(*both.T.to_numpy())[0], abs=1e-4)
    whole = table[["amount", "count", "tail"]].corr()
    assert find_pair(profile, "amount", "tail") == pytest.approx(whole.loc["amount", "tail"], abs=1e-4)


def test_columns_that_are_not_compared_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(associations, "MAX_COLUMNS", 3)
    rows = [{f"c{k}": float(n * k % 17) for k in range(1, 6)} for n in range(60)]

    told = write_set(tmp_path, "row", rows, columns=tuple((f"c{k}", "number") for k in range(1, 6))).profile()

    assert len(told["associations"]["names"]) == 3 and told["associations"]["usable"] == 5


def test_columns_without_any_spread_say_nothing(profile):
    for other in ("amount", "city"):
        assert find_pair(profile, "constant", other) is None
        assert find_pair(profile, "empty", other) is None


def test_a_number_and_a_category_go_together_by_the_correlation_ratio(table, profile):
    """Its square is the share of the variance between the groups: what an analysis of variance tests."""
    both = table[["city", "count"]].dropna()
    groups = [part.to_numpy(float) for _, part in both.groupby("city")["count"]]
    between = sum(len(g) * (g.mean() - both["count"].mean()) ** 2 for g in groups)
    f = stats.f_oneway(*groups).statistic
    free = (len(groups) - 1, len(both) - len(groups))

    eta = find_pair(profile, "city", "count")
    assert eta**2 == pytest.approx(between / ((both["count"] - both["count"].mean()) ** 2).sum(), abs=1e-4)
    assert eta**2 == pytest.approx(f * free[0] / (f * free[0] + free[1]), abs=1e-4)


def test_two_categories_go_together_by_cramers_v(tmp_path):
    rng = np.random.default_rng(1)
    a = rng.choice(list("abc"), 2_000)
    b = np.where(rng.random(2_000) < 0.4, a, rng.choice(list("abcd"), 2_000))
    table = pd.DataFrame({"a": a, "b": b})

    found = write_set(tmp_path, "row", to_rows(table), columns=(("a", "category"), ("b", "category"))).profile()

    crossed = pd.crosstab(table["a"], table["b"]).to_numpy()
    plain = contingency.association(crossed, method="cramer", correction=False)
    n, (r, k) = crossed.sum(), crossed.shape
    phi = max(0, plain**2 * (min(r, k) - 1) - (r - 1) * (k - 1) / (n - 1))
    true = math.sqrt(phi / (min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1))  # Bergsma 2013
    assert find_pair(found, "a", "b") == pytest.approx(true, abs=1e-4)
    assert true == pytest.approx(plain, abs=0.01)


def test_each_columns_telling_of_the_label_is_measured(profile):
    """`count` decides the label; `tail` has nothing to do with it."""
    assert profile["skills"]["count"] > 0.99
    assert profile["skills"]["tail"] < 0.1 and profile["skills"]["city"] < 0.1
    assert [s["column"] for s in profile["suspects"] if s["kind"] == "leak"] == ["count"]
    assert {s["kind"] for s in profile["suspects"] if s["column"] == "constant"} == {"constant"}
    assert {s["kind"] for s in profile["suspects"] if s["column"] == "empty"} == {"empty"}


def test_the_label_of_a_regression_is_a_column_too_and_means_follow_the_bars(table, tmp_path):
    rng = np.random.default_rng(2)
    target = 3 * table["count"] + rng.normal(0, 1, ROWS)
    made = write_set(
        tmp_path,
        "row",
        to_rows(table[["count", "tail", "city"]]),
        [*map(repr, map(float, target[:-1])), "unknown"],
        columns=(("count", "number"), ("tail", "number"), ("city", "category")),
        label_kind="number",
    )

    profile = made.profile()
    found = {column["name"]: column for column in profile["columns"]}

    known = table.assign(target=target).iloc[:-1]
    assert found["label"]["numbers"]["mean"] == pytest.approx(known["target"].mean())
    assert found["label"]["missing"] == 1
    assert found["count"]["bins"]["means"] == pytest.approx(known.groupby("count")["target"].mean().tolist())
    means = known.groupby("city")["target"].mean()
    assert found["city"]["value_means"] == pytest.approx([means[name] for name, _ in found["city"]["values"]])
    explained = np.corrcoef(known["count"], known["target"])[0, 1] ** 2
    assert profile["skills"]["count"] == pytest.approx(explained, abs=0.01)
    assert profile["skills"]["tail"] < 0.05


@pytest.mark.long
def test_very_many_different_values_are_estimated_and_said_to_be(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 400_000, 300_000)
    table = pd.DataFrame({"a": values, "b": values % 50_000})

    made = write_set(tmp_path, "row", table.to_dict("records"), columns=(("a", "number"), ("b", "number")))
    a, b = made.profile()["columns"]

    assert a["is_estimate"] and a["distinct"] == pytest.approx(table["a"].nunique(), rel=0.015)
    assert not b["is_estimate"] and b["distinct"] == table["b"].nunique()


def test_a_column_that_differs_below_the_32nd_bit_is_seen_to_leak(tmp_path):
    base = 1_700_000_000_000
    labels = [str(n % 2) for n in range(400)]
    rows = [{"at": base + (label == "1")} for label in labels]

    found = write_set(tmp_path, "row", rows, labels, columns=(("at", "number"),)).profile()

    assert found["skills"]["at"] > 0.97


ODD = [float("nan"), float("inf"), -float("inf"), 10**30, 10**400, -(10**400), 1e308, -1e308, 5e-324, 2**60 + 1, True]
WORDS = ["", "abc", "é", "nan", "inf", "-inf", "1e5", " 7 "]
CELLS = st.none() | st.sampled_from(ODD) | st.floats(-1e6, 1e6) | st.integers(-3, 3) | st.sampled_from(WORDS)


@settings(max_examples=10, deadline=None)
@given(cells=st.lists(CELLS, min_size=1, max_size=90), label_kind=st.sampled_from(["class", "number"]))
def test_whatever_is_in_the_cells_the_figures_add_up(cells, label_kind, tmp_path_factory):
    rows = [{"x": cell, "y": n % 3, "z": cell if isinstance(cell, str) else None} for n, cell in enumerate(cells)]
    labels = [str(n % 2) for n in range(len(cells))]
    made = write_set(
        tmp_path_factory.mktemp("odd"),
        "row",
        rows,
        labels,
        columns=(("x", "number"), ("y", "number"), ("z", "category")),
        label_kind=label_kind,
    )

    profile = made.profile()

    x, y, z = profile["columns"][:3]
    numbers = [read(cell) for cell in cells]
    finite = [value for value in numbers if value is not None and math.isfinite(value)]
    assert x["infinite"] == sum(value is not None and math.isinf(value) for value in numbers)
    assert x["missing"] == numbers.count(None)
    assert x["distinct"] == len(set(finite))
    assert sum(x.get("bins", {"counts": []})["counts"]) == len(finite)
    assert z["distinct"] == len({cell for cell in cells if isinstance(cell, str)})
    assert sum(count for _, count in z.get("values", [])) <= len(cells) - z["missing"]
    if finite:
        assert (x["numbers"]["min"], x["numbers"]["max"]) == (min(finite), max(finite))
        assert (np.diff(x["bins"]["edges"]) > 0).all()
    assert all(
        cell is None or -1 <= cell <= 1 for row in (profile["associations"] or {"matrix": []})["matrix"] for cell in row
    )


def read(cell) -> float | None:
    """As a cell of numbers is read: texts of numbers too, NaN as missing."""
    try:
        value = float(cell) if cell is not None else math.nan
    except OverflowError:
        value = math.inf if cell > 0 else -math.inf
    except ValueError:
        value = math.nan
    return None if math.isnan(value) else value


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_no_rows_are_described_all_the_same(count, tmp_path):
    rows = [{"a": 1.5, "b": "x"}] * count
    made = write_set(tmp_path, "row", rows, ["k"] * count, columns=(("a", "number"), ("b", "category")))

    profile = made.profile()

    assert profile["items"] == count
    assert [column["distinct"] for column in profile["columns"]] == [min(count, 1)] * 2
    assert made.scan().item_count == count


def test_columns_may_have_any_name(tmp_path):
    names = ["", "a.b", 'say "x"', "price [€]", "A", "a", "x/y~z", "{}", "a,b:c"]
    rng = np.random.default_rng(0)
    rows = [dict(zip(names, map(float, rng.normal(size=len(names))), strict=True)) for _ in range(120)]
    made = write_set(tmp_path, "row", rows, list("ab") * 60, columns=tuple((name, "number") for name in names))

    found = {column["name"]: column["numbers"]["max"] for column in made.profile()["columns"]}

    assert found == {name: max(row[name] for row in rows) for name in names}
    assert made.scan().item_count == 120


def test_a_table_that_nobody_described_is_looked_at_too(tmp_path):
    rows = [{"a": n, "b": f"x{n % 3}"} for n in range(80)]
    made = write_set(tmp_path, "row", rows, list("ab") * 40)

    assert [(c["name"], c["kind"]) for c in made.profile()["columns"]] == [("a", "number"), ("b", "category")]
    assert made.scan().item_count == 80


def test_dates_no_calendar_has_are_left_out(tmp_path):
    days = ["infinity", "0044-03-15 (BC)", "290000-01-01", "0001-01-01", "2024-02-29", "9999-12-30", "soon", None]
    made = write_set(tmp_path, "row", [{"day": day} for day in days] * 12, list("ab") * 48, columns=(("day", "date"),))

    (day,) = made.profile()["columns"]

    assert day["dates"] == {"min": "0001-01-01T00:00:00", "max": "9999-12-30T00:00:00", "read": 36}
    assert sum(day["bins"]["counts"]) == 36 and day["missing"] == 12
    assert made.scan().item_count == 96


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y %H:%M"])
def test_dates_of_any_spelling_are_spread_over_their_range(tmp_path, pattern):
    days = pd.date_range("2023-01-02", periods=300)
    rows = [{"day": day.strftime(pattern)} for day in days] + [{"day": "unknown"}]

    profile = write_set(tmp_path, "row", rows, ["a"] * 301, columns=(("day", "date"),)).profile()

    (column,) = profile["columns"]
    assert column["dates"] == {"min": "2023-01-02T00:00:00", "max": "2023-10-28T00:00:00", "read": 300}
    assert sum(column["bins"]["counts"]) == 300


@pytest.mark.parametrize("kind", ["category", "number"])
def test_a_column_filled_for_one_class_only_is_named(tmp_path, kind):
    """A single value or nothing: its presence gives the label away."""
    rng = np.random.default_rng(2)
    labels = [str(label) for label in rng.choice(["kept", "refunded"], 400)]
    value = "refund issued" if kind == "category" else 1.0
    rows = [{"x": float(rng.normal()), "note": value if label == "refunded" else None} for label in labels]

    profile = write_set(tmp_path, "row", rows, labels, columns=(("x", "number"), ("note", kind))).profile()

    (suspect,) = profile["suspects"]
    assert (suspect["column"], suspect["kind"]) == ("note", "missing") and suspect["score"] > 0.8
