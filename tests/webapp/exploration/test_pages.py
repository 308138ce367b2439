"""The explore stage as a person meets it: profile, lists, one click to where each leads, views, tags; and over REST."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.annotations.models import Task
from lifecycle.annotations.selectors import find_schema
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import find_latest_version, get_dataset
from lifecycle.datasets.services import commit_version
from lifecycle.exploration import services
from lifecycle.exploration.models import Finding, KeptItem, SavedView, Tag
from tests.lifecycle.datasets.test_drawn_labels import pictures
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.exploration.test_jobs import write_reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)
    return project


@pytest.fixture
def explored(texts, owner, run_jobs):
    dataset = get_dataset(texts)
    services.start_profile(dataset=dataset, user=owner)
    services.start_scan(dataset=dataset, user=owner)
    run_jobs()
    return texts


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def page(client, name, project, *args, **query):
    response = client.get(reverse(name, args=[project.slug, *args]), query)
    assert response.status_code == 200, response.content[:500]
    return response.content.decode()


def test_a_newcomer_is_told_what_comes_first(as_owner, owner):
    project = make_project(owner, "text_classification")

    assert "Collect some items first" in page(as_owner, "exploration:overview", project)


def test_one_button_has_the_data_profiled_and_searched(as_owner, texts, run_jobs):
    assert "No profile yet" in page(as_owner, "exploration:overview", texts)

    as_owner.post(reverse("exploration:refresh", args=[texts.slug]), {"what": "both"})
    waiting = page(as_owner, "exploration:overview", texts)
    run_jobs()
    done = page(as_owner, "exploration:overview", texts)

    assert 'hx-get="' in waiting and "Profile the items" in waiting
    assert "purring" in done and "Suspected label errors" in done and "range.words" in done
    assert as_owner.get(reverse("exploration:live", args=[texts.slug]), {"waited": 1})["HX-Refresh"] == "true"


def test_every_link_of_a_profile_leads_to_a_gallery_that_opens(as_owner, explored):
    import html
    import re

    text = page(as_owner, "exploration:overview", explored)
    links = {html.unescape(link) for link in re.findall(r'href="([^"]+/items\?[^"]+)"', text)}

    assert len(links) > 20
    for link in sorted(links)[::7]:
        assert as_owner.get(link).status_code == 200, link


def test_a_bar_opens_exactly_its_items(as_owner, explored):
    from lifecycle.datasets.filters import ItemFilters
    from lifecycle.exploration import selectors
    from webapp.charts.exploration import build_bars

    profile = selectors.find_profile(get_dataset(explored))
    for column in profile.result["columns"]:
        counts = [count for count in column["bins"]["counts"] if count]
        bars = [bar for bar in build_bars(column, "/items") if bar.url]
        found = [selectors.count_items(explored, read_filters(bar.url, ItemFilters)).count for bar in bars]
        assert found == counts, column["name"]


def test_classes_that_come_together_are_shown_and_each_opens_its_items(as_owner, owner, run_jobs):
    project = make_project(owner, "object_detection")
    bring(project, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (2, [20, 20, 10, 10]))}, run_jobs)
    services.start_profile(dataset=get_dataset(project), user=owner)
    run_jobs()

    text = page(as_owner, "exploration:overview", project)
    gallery = page(as_owner, "datasets:items", project, names="red cell")

    assert "Which classes come together" in text and "counts once for each class" in text
    assert "names=white+cell" in text and "label=white+cell" not in text
    assert "class: red cell" in gallery and f"/items/{Item.objects.exclude(label=None).get().pk}" in gallery
    assert "Nothing matches" in page(as_owner, "datasets:items", project, names="red")


def test_classes_that_are_written_almost_alike_become_one_in_one_click(as_owner, owner, run_jobs):
    project = make_project(owner, "text_classification")
    lines = ["text,label", "purring,Cat ", "miaowing,cat", "hissing,cat", "barking,dog"]
    bring(project, owner, {"a.csv": "\n".join(lines).encode()}, run_jobs)
    services.start_profile(dataset=get_dataset(project), user=owner)
    run_jobs()
    shown = page(as_owner, "exploration:overview", project)
    assert "Make them one: “cat”" in shown and "“Cat”, “cat”" in shown

    form = {"based_on": find_schema(project).version, "old": ["Cat", "cat", "dog"], "name": ["cat", "cat", "dog"]}
    for name in ("Cat", "cat", "dog"):
        assert f'name="old" value="{name}"' in shown
    as_owner.post(reverse("annotations:schema", args=[project.slug]), form)

    assert sorted(Item.objects.values_list("label", flat=True)) == ["cat", "cat", "cat", "dog"]
    assert "Make them one" not in page(as_owner, "exploration:overview", project)


def read_filters(url, filters):
    from urllib.parse import parse_qsl

    return filters.from_query(dict(parse_qsl(url.partition("?")[2])))


def test_a_list_goes_to_the_queue_in_one_click(as_owner, explored):
    shown = page(as_owner, "exploration:findings", explored, "label_errors")
    finding = Finding.objects.filter(kind="label_errors").first()
    assert finding.reason.split("”")[0] in shown

    answer = as_owner.post(
        reverse("exploration:findings-act", args=[explored.slug, "label_errors"]),
        {"action": "label", "items": [finding.item_id]},
        follow=True,
    )

    assert "Sent to labelling: 1 item" in answer.content.decode()
    assert Task.objects.get(item=finding.item_id).state == Task.State.OPEN


def test_a_whole_list_can_be_kept_excluded_or_tagged(as_owner, explored):
    act = reverse("exploration:findings-act", args=[explored.slug, "damaged"])

    as_owner.post(act, {"action": "tag", "tag": "look at me", "scope": "all"})
    as_owner.post(act, {"action": "exclude", "scope": "all"})

    assert Tag.objects.get().uses.count() == 2
    assert Item.objects.exclude(excluded_at=None).count() == 2
    assert "Nothing was found, or all of it was dealt with" in page(
        as_owner, "exploration:findings", explored, "damaged"
    )
    as_owner.post(
        reverse("exploration:findings-act", args=[explored.slug, "label_errors"]), {"action": "keep", "scope": "all"}
    )
    assert KeptItem.objects.exists()


def test_nonsense_is_answered_with_a_sentence(as_owner, explored):
    act = reverse("exploration:findings-act", args=[explored.slug, "damaged"])

    assert "Choose at least one item" in as_owner.post(act, {"action": "label"}, follow=True).content.decode()
    assert "is no action" in as_owner.post(act, {"action": "x", "items": [1]}, follow=True).content.decode()
    tagged = as_owner.post(act, {"action": "tag", "tag": " ", "scope": "all"}, follow=True)
    assert "A tag has 1 to 50 characters" in tagged.content.decode()
    assert as_owner.get(reverse("exploration:findings", args=[explored.slug, "nonsense"])).status_code == 404


def test_the_gallery_acts_on_everything_that_matches(as_owner, texts):
    url = reverse("datasets:items-change", args=[texts.slug])

    as_owner.post(url, {"action": "tag", "tag": "cats", "scope": "all", "query": "label=cat"})
    text = page(as_owner, "datasets:items", texts, tag="cats")

    assert Tag.objects.get().uses.count() == Item.objects.filter(label="cat").count()
    assert "tag: cats" in text


def test_a_view_is_saved_shared_and_opened(as_owner, client, texts, member):
    as_owner.post(
        reverse("exploration:views", args=[texts.slug]), {"name": " Cats  only ", "query": "label=cat&nonsense=1"}
    )
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Cats only", "label=cat")

    client.force_login(member_of(texts, "viewer"))
    opened = client.get(reverse("exploration:view", args=[texts.slug, view.pk]))

    assert opened.url.endswith("/items?label=cat")
    assert "Cats only" in page(client, "exploration:views", texts)
    assert "Cats only" in page(client, "datasets:items", texts)


def member_of(project, role):
    from tests import factories

    user = factories.UserFactory()
    factories.MembershipFactory(project=project, user=user, role=role)
    return user


def test_a_viewer_sees_everything_and_changes_nothing(client, explored):
    client.force_login(member_of(explored, "viewer"))

    assert 'name="action"' not in page(client, "exploration:findings", explored, "damaged")
    act = reverse("exploration:findings-act", args=[explored.slug, "damaged"])
    assert client.post(act, {"action": "exclude", "scope": "all"}).status_code == 403


def test_an_item_wears_its_tags(as_owner, texts):
    item = Item.objects.first()
    url = reverse("exploration:item-tags", args=[texts.slug, item.pk])

    as_owner.post(url, {"tag": "odd one"})
    assert "odd one" in page(as_owner, "datasets:item", texts, item.pk)
    as_owner.post(url, {"remove": "odd one"})

    assert not Tag.objects.exists()


def test_a_version_has_a_page_of_its_own(as_owner, owner, texts, run_jobs):
    commit_version(dataset=get_dataset(texts), user=owner, message="first")
    run_jobs()
    number = find_latest_version(texts).number
    url = reverse("exploration:version-profile", args=[texts.slug, number])

    assert "No profile of" in as_owner.get(url).content.decode()
    as_owner.post(url)
    run_jobs()

    text = as_owner.get(url).content.decode()
    assert "excluded=all" in text and "purring" in text


def test_rest_mirrors_it(as_owner, texts, run_jobs):
    base = f"/api/v1/projects/{texts.slug}"
    assert as_owner.get(f"{base}/profile/").status_code == 404
    assert as_owner.post(f"{base}/profile/").status_code == 202
    assert as_owner.post(f"{base}/findings/").status_code == 202
    run_jobs()

    profile = as_owner.get(f"{base}/profile/").json()
    scan = as_owner.get(f"{base}/findings/").json()
    damaged = as_owner.get(f"{base}/findings/damaged/").json()

    assert profile["result"]["items"] == 122 and profile["is_old"] is False
    assert {one["kind"]: one["count"] for one in scan["lists"]}["damaged"] == damaged["count"] == 2
    body = {"action": "tag", "finding": "damaged", "tag": "broken"}
    acted = as_owner.post(f"{base}/items/act/", body, content_type="application/json").json()
    assert (acted["state"], acted["changed"]) == ("done", 2)
    assert as_owner.get(f"{base}/items/?tag=broken").json()["count"] == 2
    assert as_owner.get(f"{base}/item-tags/").json()["results"] == [{"name": "broken", "items": 2}]
    assert as_owner.delete(f"{base}/item-tags/?name=broken").json() == {"changed": 2}
    saved = as_owner.post(f"{base}/views/", {"name": "v", "query": "label=cat"}, content_type="application/json")
    assert saved.status_code == 201
    assert as_owner.delete(f"{base}/views/{saved.json()['id']}/").status_code == 204


PRICES, OUTLIERS = "q=pri&kind=number&order=missing", "/explore/findings/outliers"


def save(client, project, page, query, name="Mine"):
    client.post(reverse("exploration:views", args=[project.slug]), {"page": page, "name": name, "query": query})
    return SavedView.objects.filter(page=page, name=name).first()


def open_it(client, project, view):
    return client.get(reverse("exploration:view", args=[project.slug, view.pk])).url.split(project.slug, 1)[1]


@pytest.mark.parametrize(
    ("where", "query", "kept", "opened"),
    [
        ("items", "label=cat&page=3", "label=cat", "/items?label=cat"),
        (
            "map",
            "map=7&color=col.a%2Fb&selection=9&at=0.5,-1,3&x=1",
            "map=7&selection=9&color=col.a%2Fb&at=0.5%2C-1%2C3",
            "/map?selection=9&color=col.a%2Fb&at=0.5%2C-1%2C3",  # there is no map 7
        ),
        ("map", "map=x&at=1,2&at=nan,0,1&color=", "", "/map"),
        ("findings", "finding=outliers&split=test", "split=test&finding=outliers", f"{OUTLIERS}?split=test"),
        ("profile", "order=missing&q=pri&kind=number&version=", PRICES, f"/explore?{PRICES}"),
        ("profile", "version=4&order=x&kind=x", "version=4", "/versions/4/profile"),
    ],
)  # fmt: skip
def test_a_view_of_any_page_keeps_what_that_page_understands_and_leads_there(
    as_owner, texts, where, query, kept, opened
):
    view = save(as_owner, texts, where, query)

    assert view.query == kept
    assert open_it(as_owner, texts, view) == opened
    told = "The map of this view was removed" in page(as_owner, "exploration:views", texts)
    assert told == ("map=7" in query)


def test_views_are_in_the_menu_of_their_page_only(as_owner, explored):
    for where, query in (("items", ""), ("findings", "finding=damaged"), ("profile", "")):
        assert save(as_owner, explored, where, query, name=f"A view of {where}")
    page(as_owner, "exploration:views", explored)  # the messages are read once

    for name, args, where in (
        ("datasets:items", [], "items"),
        ("exploration:findings", ["damaged"], "findings"),
    ):
        text = page(as_owner, name, explored, *args)
        assert f"A view of {where}" in text and text.count("A view of ") == 1
    everywhere = page(as_owner, "exploration:views", explored)
    assert "List of findings" in everywhere and everywhere.count("<strong>A view of ") == 3
    assert "A view of findings" in page(as_owner, "exploration:overview", explored)


def test_one_name_may_stand_for_a_view_of_each_page(as_owner, texts):
    save(as_owner, texts, "items", "label=cat")
    save(as_owner, texts, "map", "color=split")
    save(as_owner, texts, "map", "color=label")

    assert set(SavedView.objects.values_list("page", "query")) == {("items", "label=cat"), ("map", "color=label")}


@pytest.mark.parametrize(("where", "query"), [("nowhere", ""), ("findings", "finding=nonsense"), ("findings", "")])
def test_a_view_of_nothing_is_refused(as_owner, texts, where, query):
    assert save(as_owner, texts, where, query) is None


def test_a_list_of_findings_is_filtered_and_only_what_is_shown_is_acted_on(as_owner, explored):
    everything = page(as_owner, "exploration:findings", explored, "damaged")
    cats = page(as_owner, "exploration:findings", explored, "damaged", label="cat")

    assert everything.count('name="items"') == 2 and cats.count('name="items"') == 1
    here = reverse("exploration:findings", args=[explored.slug, "damaged"]) + "?label=cat"
    act = reverse("exploration:findings-act", args=[explored.slug, "damaged"])
    answer = as_owner.post(
        act, {"action": "exclude", "scope": "all", "query": "label=cat&finding=damaged", "next": here}
    )
    assert answer.url == here
    assert Item.objects.exclude(excluded_at=None).get().label == "cat"


def test_columns_of_a_profile_are_searched_and_ordered(as_owner, explored):
    both = page(as_owner, "exploration:overview", explored, order="name")
    one = page(as_owner, "exploration:overview", explored, q="WORD", kind="number")

    assert both.index('title="length"') < both.index('title="words"')
    assert 'title="words"' in one and 'title="length"' not in one
    assert "No column has this name" in page(as_owner, "exploration:overview", explored, q="nothing like it")


def test_enter_in_a_field_for_a_tag_tags_and_never_sends_to_labelling(as_owner, explored):
    """The first button of a form is what Enter does."""
    import re

    first_buttons = [
        re.findall(r'name="action" value="(\w+)"', form)[0]
        for name, args in (("datasets:items", ()), ("exploration:findings", ("near_duplicates",)))
        for form in re.findall(r"<form.*?</form>", page(as_owner, name, explored, *args), re.DOTALL)
        if 'name="tag"' in form and 'name="action"' in form
    ]

    assert first_buttons == ["tag", "tag", "tag"]
