"""The map's pages: empty, drawing, drawn; selections, neighbors and searches; strangers see none of it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from lifecycle.annotations.models import Task
from lifecycle.datasets.models import Selection
from lifecycle.datasets.services import create_selection
from lifecycle.embeddings import codec, services
from lifecycle.embeddings.models import Encoder, Map, Search
from lifecycle.exploration.models import ItemAct, KeptItem, Scan
from lifecycle.jobs.models import Job
from tests.factories import ItemFactory, ProjectFactory


@pytest.fixture
def visit(client, owner):
    """visit(url name, project, …) as the owner."""
    client.force_login(owner)

    def get(name, project, *arguments, **options):
        return client.get(reverse(f"embeddings:{name}", args=[project.slug, *arguments]), **options)

    return get


def test_an_empty_project_is_told_to_upload(visit, project):
    answer = visit("map", project)

    assert "Nothing to map yet" in answer.content.decode()


def test_items_without_a_map_get_a_button_that_draws_one(visit, client, rows_project):
    assert "Draw the first map" in visit("map", rows_project).content.decode()

    answer = client.post(reverse("embeddings:draw", args=[rows_project.slug]), {"method": "pca"}, follow=True)

    assert Map.objects.get().method == "pca"
    assert "every 2s" in answer.content.decode()
    assert "every 2s" in visit("live", rows_project).content.decode()


def test_a_drawn_map_lists_clusters_and_serves_points_and_colors(
    visit, rows_project, draw, django_assert_max_num_queries
):
    drawn, _ = draw(rows_project)

    with django_assert_max_num_queries(32):
        page = visit("map", rows_project).content.decode()
    points = visit("points", rows_project, drawn.pk)
    colors = visit("colors", rows_project, drawn.pk, "label")

    assert "crowd 1" in page and "3 clusters" in page
    assert len(codec.decode_points(points.content).item_ids) == 300
    assert visit("points", rows_project, drawn.pk, headers={"If-None-Match": points["ETag"]}).status_code == 304
    assert codec.decode_colors(colors.content)[0]["title"] == "Label"
    assert visit("colors", rows_project, drawn.pk, "smell").status_code == 404
    assert visit("live", rows_project)["HX-Refresh"] == "true"


def test_a_map_is_colored_by_a_column_over_both_doors(visit, client, rows_project, draw):
    drawn, _ = draw(rows_project)
    url = reverse("embeddings:colors", args=[rows_project.slug, drawn.pk, "other"])
    api = f"/api/v1/projects/{rows_project.slug}/maps/{drawn.pk}/colors/other/"

    for address in (url, api):
        legend, values = codec.decode_colors(client.get(address, {"by": "col.width"}).content)
        assert (legend["title"], legend["kind"], len(values)) == ("width", "values", 300)
        assert client.get(address, {"by": "col.smell\0"}).status_code == 404
        assert client.get(address).status_code == 404

    page = client.get(reverse("embeddings:map", args=[rows_project.slug]), {"color": "col.color"}).content.decode()
    assert '<option value="col.color" selected>' in page and 'data-color="col.color"' in page
    page = client.get(
        reverse("embeddings:map", args=[rows_project.slug]), {"color": "col.x\0", "at": "1,x"}
    ).content.decode()
    assert 'data-color="label"' in page and 'data-place=""' in page


def test_a_failed_job_says_why(visit, rows_project, draw):
    draw(rows_project)
    Job.objects.update(state=Job.State.FAILED, error="The weights are gone.")

    assert "The weights are gone." in visit("map", rows_project).content.decode()


def test_chosen_items_become_a_selection_that_the_gallery_shows(visit, client, rows_project):
    ids = list(rows_project.datasets.get().items.values_list("pk", flat=True)[:5])
    url = reverse("embeddings:select", args=[rows_project.slug])

    panel = client.post(url, {"items": ",".join(map(str, ids)), "title": "odd ones"}, headers={"HX-Request": "true"})
    plain = client.post(url, {"items": ",".join(map(str, ids))})

    assert "5 items" in panel.content.decode() and "odd ones" in panel.content.decode()
    selection = Selection.objects.get(title="odd ones")
    assert sorted(selection.item_ids) == sorted(ids)
    assert plain["Location"].startswith(reverse("datasets:items", args=[rows_project.slug]) + "?selection=")
    assert (
        "selection: odd ones"
        in client.get(reverse("datasets:items", args=[rows_project.slug]), {"selection": selection.pk}).content.decode()
    )
    assert (
        f'data-ids="{",".join(map(str, sorted(ids)))}"'
        in visit("selection", rows_project, selection.pk).content.decode()
    )


def test_a_cluster_is_chosen_without_a_script_and_excluded(visit, client, rows_project, draw):
    drawn, _ = draw(rows_project)

    client.post(reverse("embeddings:select", args=[rows_project.slug]), {"map": drawn.pk, "cluster": "0"})
    selection = Selection.objects.get()
    url = reverse("embeddings:selection-change", args=[rows_project.slug, selection.pk])
    answer = client.post(url, {"action": "exclude"}, follow=True)

    assert "Excluded 100 items." in answer.content.decode()
    assert rows_project.datasets.get().items.exclude(excluded_at=None).count() == 100


def test_a_selection_is_tagged_and_nonsense_is_a_message(client, owner, rows_project):
    client.force_login(owner)
    ids = list(rows_project.datasets.get().items.values_list("pk", flat=True)[:3])
    selection = create_selection(project=rows_project, user=owner, item_ids=ids)
    url = reverse("embeddings:selection-change", args=[rows_project.slug, selection.pk])

    tagged = client.post(url, {"action": "tag", "tag": "odd"}, follow=True)
    nameless = client.post(url, {"action": "tag", "tag": ""}, follow=True)
    unknown = client.post(url, {"action": "eat"}, follow=True)

    assert "Tagged 3 items “odd”." in tagged.content.decode()
    assert nameless.status_code == unknown.status_code == 200
    assert "use one of" in unknown.content.decode()


def test_a_selection_is_kept_out_of_a_list_sent_to_labelling_and_taken_back(client, owner, rows_project):
    client.force_login(owner)
    Scan.objects.create(dataset=rows_project.datasets.get())
    ids = list(rows_project.datasets.get().items.values_list("pk", flat=True)[:3])
    Task.objects.all().delete()
    Task.objects.bulk_create(Task(dataset=rows_project.datasets.get(), item_id=pk, priority=0.4) for pk in ids)
    selection = create_selection(project=rows_project, user=owner, item_ids=ids)
    url = reverse("embeddings:selection-change", args=[rows_project.slug, selection.pk])
    panel = client.get(reverse("embeddings:selection", args=[rows_project.slug, selection.pk])).content.decode()

    kept = client.post(url, {"action": "keep", "kind": "outliers"}, follow=True).content.decode()
    there = set(KeptItem.objects.values_list("item_id", "kind"))
    client.post(reverse("exploration:undo", args=[rows_project.slug, ItemAct.objects.get().pk]))
    sent = client.post(url, {"action": "label"}, follow=True).content.decode()

    assert all(f'name="action" value="{verb}"' in panel for verb in ("label", "exclude", "keep", "tag", "restore"))
    assert "Kept 3 items out of “Outliers”." in kept and "Undo" in kept
    assert there == {(pk, "outliers") for pk in ids} and not KeptItem.objects.exists()
    assert "Sent to labelling: 3 items." in sent and set(Task.objects.values_list("priority", flat=True)) == {2.0}


def test_items_like_one_are_chosen_and_sent_somewhere(client, visit, rows_project, encode):
    encode(rows_project)
    item = rows_project.datasets.get().items.first()
    page = visit("like", rows_project, item.pk).content.decode()
    ids = re.findall(r'name="items" value="(\d+)"', page)
    next_url = re.search(r'name="next" value="([^"]+)"', page)[1]

    form = {"action": "exclude", "items": ids[:4], "next": next_url}
    shown = client.post(reverse("datasets:items-change", args=[rows_project.slug]), form, follow=True)
    opened = client.post(reverse("embeddings:select", args=[rows_project.slug]), {"items": ids[:4]}, follow=True)

    assert len(ids) == 12 and "data-all" in page
    assert shown.redirect_chain[-1][0] == reverse("datasets:item", args=[rows_project.slug, item.pk])
    assert "Excluded 4 items." in shown.content.decode() and "Undo" in shown.content.decode()
    assert Selection.objects.get().item_count == 4 and opened.status_code == 200


def test_the_rest_api_draws_selects_and_finds(client, owner, rows_project, run_jobs):
    client.force_login(owner)
    base = f"/api/v1/projects/{rows_project.slug}"

    def post(path, body):
        return client.post(f"{base}/{path}/", body, content_type="application/json")

    started = post("maps", {"method": "pca"})
    run_jobs()
    drawn = client.get(f"{base}/maps/{started.json()['id']}/").json()
    selection = post("selections", {"map": drawn["id"], "cluster": 0}).json()
    changed = post(f"selections/{selection['id']}", {"action": "exclude"}).json()
    item = rows_project.datasets.get().items.filter(excluded_at=None).first()
    like = client.get(f"{base}/items/{item.pk}/like/?limit=3").json()

    assert started.status_code == 202
    assert drawn["is_ready"] and len(drawn["clusters"]) == 3
    assert (changed["state"], changed["changed"]) == ("done", selection["item_count"])
    assert [neighbor["item"]["label"] for neighbor in like] == [item.label] * 3
    assert client.get(f"{base}/items/?selection={selection['id']}&excluded=all").json()["count"] == 100
    assert client.get(f"{base}/encoders/").json()["results"][0]["dimension"] == 5
    assert client.delete(f"{base}/encoders/{drawn['encoder']}/").status_code == 204
    refused = post("searches", {"text": "rain"})
    assert refused.status_code == 400 and "Rows are not searched by meaning" in refused.json()["detail"]


def test_nothing_chosen_is_a_sentence_not_an_error(client, visit, rows_project):
    answer = client.post(
        reverse("embeddings:select", args=[rows_project.slug]), {"items": "x"}, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert "No item was chosen" in answer.content.decode()


def test_an_item_shows_those_like_it(visit, rows_project, encode):
    item = rows_project.datasets.get().items.first()
    assert "no vectors yet" in visit("like", rows_project, item.pk).content.decode()

    encode(rows_project)

    page = visit("like", rows_project, item.pk).content.decode()
    assert page.count("item-tile") == 12
    assert item.label in page
    assert "width" in visit("peek", rows_project, item.pk).content.decode()


def test_a_search_is_polled_until_its_vector_is_there(visit, client, owner, run_jobs):
    project = ProjectFactory(owner=owner, problem_type="text_classification")
    item = ItemFactory(dataset=project.datasets.get(), text="a text about rain")
    encoder = Encoder.objects.create(dataset=project.datasets.get(), kind=Encoder.Kind.MINILM)
    assert "Nothing is encoded yet" in visit("search", project).content.decode()
    services.prepare_encoder(encoder=encoder, state={"graph": "g"})
    import numpy as np

    services.store_vectors(encoder=encoder, item_ids=[item.pk], vectors=np.eye(1, 8, dtype=np.float32), problems={})

    answer = client.post(reverse("embeddings:search", args=[project.slug]), {"q": "rain"}, follow=True)
    assert "every 500ms" in answer.content.decode()
    search = Search.objects.get()
    services.record_search(search=search, vector=np.eye(1, 8, dtype=np.float32)[0])

    found = visit("found-live", project, search.pk).content.decode()
    assert "a text about rain" in found and "every 500ms" not in found


def test_strangers_and_other_projects_get_404(client, stranger, visit, rows_project, draw, owner):
    drawn, _ = draw(rows_project)
    other = ProjectFactory(owner=owner)
    assert visit("points", other, drawn.pk).status_code == 404

    client.force_login(stranger)

    assert visit("map", rows_project).status_code == 404
    assert visit("points", rows_project, drawn.pk).status_code == 404


@pytest.mark.parametrize("problem", ["image_classification", "tabular_regression"])
def test_pictures_and_rows_are_searched_by_words_before_anything_is_encoded(visit, owner, problem):
    project = ProjectFactory(owner=owner, problem_type=problem)

    page = visit("search", project).content.decode()

    gallery = reverse("datasets:items", args=[project.slug])
    assert f'<form method="get" action="{gallery}"' in page and 'name="q"' in page
