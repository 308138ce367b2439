"""From a click on "refresh" to a stored profile and lists of findings, through the real jobs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from lifecycle.contracts.label_interface.values import join_names
from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import find_latest_version, get_dataset
from lifecycle.datasets.services import commit_version, exclude_items
from lifecycle.exploration import selectors, services
from lifecycle.exploration.models import Finding, ItemFacts, Profile
from lifecycle.jobs.models import Job
from lifecycle.pipelines.datacards import write_data_card
from tests.lifecycle.datasets.test_drawn_labels import coco, pictures
from tests.lifecycle.datasets.test_import import bring, make_project, png, zip_of

pytestmark = pytest.mark.django_db

TOPICS = {"cat": "purring cats chase mice and drink milk", "dog": "barking dogs guard houses and fetch sticks"}


def write_reviews(count: int = 120) -> bytes:
    rng = np.random.default_rng(0)
    lines = ["text,label"]
    for n in range(count):
        label = "cat" if n % 2 else "dog"
        words = [str(word) for word in rng.permutation(TOPICS[label].split())]
        lines.append(f"{' '.join(words)} number {n} seen {' '.join(rng.choice(list('abcdefgh'), 6))},{label}")
    lines[5] = lines[5].rsplit(",", 1)[0] + ",dog" if lines[5].endswith("cat") else lines[5].rsplit(",", 1)[0] + ",cat"
    lines.append("l’humanitÃ© des cafÃ©s Ã  Paris est une chose rare,cat")
    lines.append("ok,dog")
    return "\n".join(lines).encode()


def picture(seed: int, size: int = 64) -> bytes:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8))
    out = io.BytesIO()
    small.resize((size, size), Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def texts(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)
    return project


def run_all(project, owner, run_jobs):
    dataset = get_dataset(project)
    services.start_profile(dataset=dataset, user=owner)
    services.start_scan(dataset=dataset, user=owner)
    for job in run_jobs():
        assert job.state == Job.State.SUCCEEDED, (job.error, job.traceback)
    return dataset


def test_a_profile_and_a_scan_of_texts_are_kept_and_lead_to_their_items(texts, owner, run_jobs):
    dataset = run_all(texts, owner, run_jobs)

    profile, scan = selectors.find_profile(dataset), selectors.find_scan(dataset)

    assert profile.item_count == profile.result["items"] == 122
    assert {column["name"] for column in profile.result["columns"]} >= {"length", "words"}
    assert "purring" in [word for word, _ in profile.result["texts"]["vocabulary"]["by_class"]["cat"]]
    assert profile.result["texts"]["damaged"] == 1 and profile.result["texts"]["near_empty"] == 1
    assert selectors.count_items(texts, ItemFilters.from_query({"fact": "damaged"})).count == 1
    assert selectors.count_items(texts, ItemFilters.from_query({"range.words": "0..3"})).count == 1
    damaged = selectors.list_findings(scan, FindingKind.DAMAGED)
    assert len(damaged) == 2
    found = selectors.list_items(texts, ItemFilters.from_query({"finding": "damaged"}))
    assert {item.pk for item in found.items} == {finding.item_id for finding in damaged}


def test_the_classes_of_boxes_are_counted_one_by_one(owner, run_jobs):
    """As their labels are written: the names of all classes, joined."""
    project = make_project(owner, "object_detection")
    bring(
        project, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (2, [20, 20, 10, 10]), (2, [1, 1, 5, 5]))}, run_jobs
    )
    more = {"labels.json": coco((2, [2, 2, 8, 8])).encode(), "a.png": png(50, 40)}
    bring(project, owner, {"more.zip": zip_of(more)}, run_jobs)

    dataset = get_dataset(project)
    services.start_profile(dataset=dataset, user=owner)
    assert [job.state for job in run_jobs()] == [Job.State.SUCCEEDED]

    result = selectors.find_profile(dataset).result
    assert sorted(Item.objects.exclude(label=None).values_list("label", flat=True)) == [
        "red cell, white cell", "white cell",
    ]  # fmt: skip
    assert result["classes"]["balance"] == [["white cell", 2], ["red cell", 1]]
    assert result["classes"]["together"] == [["red cell", "white cell", 1]]
    assert (result["labeled"], result["classes"]["distinct"], result["classes"]["several"]) == (2, 2, True)
    assert [source["labels"] for source in result["sources"]] == [
        {"white cell": 1, "red cell": 1}, {"white cell": 1},
    ]  # fmt: skip
    commit_version(dataset=dataset, user=owner, message="first")
    run_jobs()
    version = find_latest_version(project)
    services.start_profile(dataset=dataset, user=owner, version=version)
    run_jobs()
    assert selectors.find_profile(dataset, version).result["classes"] == result["classes"]


def test_boxes_that_are_there_twice_are_listed_until_their_label_changes(owner, run_jobs):
    project = make_project(owner, "object_detection")
    bring(project, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (1, [4, 4, 8, 8]))}, run_jobs)
    dataset = get_dataset(project)
    assert "regions" not in [kind for kind, _ in selectors.list_titles(dataset)]

    services.start_scan(dataset=dataset, user=owner)
    assert [job.state for job in run_jobs()] == [Job.State.SUCCEEDED]

    scan = selectors.find_scan(dataset)
    (found,) = selectors.list_findings(scan, FindingKind.REGIONS)
    assert found.reason == "“red cell” is marked twice at the same place" and found.item.label == "red cell"
    assert ("regions", "Regions worth a look") in selectors.list_titles(dataset)
    assert {one.kind: one.count for one in selectors.list_lists(scan, dataset)}[FindingKind.REGIONS] == 1
    Item.objects.filter(pk=found.item_id).update(labeled_at=timezone.now())
    assert not selectors.list_findings(scan, FindingKind.REGIONS).exists()


def test_several_choices_are_counted_one_by_one(owner, run_jobs):
    project = make_project(owner, "text_labelling", ["plot", "cast, crew"])
    texts = {"slow but well played": ["cast, crew", "plot"], "dull": ["plot"], "no word on either": []}
    bring(project, owner, {"a.csv": "\n".join(["text", *texts]).encode()}, run_jobs)
    for text, names in texts.items():
        Item.objects.filter(text=text).update(label=join_names(names), labeled_at=timezone.now())

    services.start_profile(dataset=get_dataset(project), user=owner)
    run_jobs()

    classes = selectors.find_profile(get_dataset(project)).result["classes"]
    assert classes["balance"] == [["plot", 2], ["cast, crew", 1]] and classes["nothing"] == 1
    assert classes["together"] == [["cast, crew", "plot", 1]]


def test_what_was_measured_once_is_not_measured_again(texts, owner, run_jobs):
    run_all(texts, owner, run_jobs)
    assert ItemFacts.objects.filter(dataset__project=texts).count() == 122

    services.start_profile(dataset=get_dataset(texts), user=owner)
    job = run_jobs()[-1]

    assert job.result["measured"] == 0


def test_a_version_has_a_profile_of_its_own(texts, owner, run_jobs):
    dataset = get_dataset(texts)
    commit_version(dataset=dataset, user=owner, message="first")
    run_jobs()
    version = find_latest_version(texts)
    exclude_items(project=texts, user=owner, item_ids=[Item.objects.first().pk])

    services.start_profile(dataset=dataset, user=owner, version=version)
    services.start_profile(dataset=dataset, user=owner)
    run_jobs()

    assert selectors.find_profile(dataset, version).item_count == 122
    assert selectors.find_profile(dataset).item_count == 121


def test_the_clock_has_the_newest_version_profiled_once_and_its_pages_lead_there(texts, owner, run_jobs, client):
    dataset = get_dataset(texts)
    assert services.profile_due() == 0
    commit_version(dataset=dataset, user=owner, message="first")
    run_jobs()

    assert services.profile_due() == 1 and services.profile_due() == 0, "one at a time"
    run_jobs()

    version = find_latest_version(texts)
    assert selectors.find_profile(dataset, version).item_count == 122 and services.profile_due() == 0
    client.force_login(owner)
    target = reverse("exploration:version-profile", args=[texts.slug, 1])
    for page in ("datasets:version", "datasets:version-card"):
        assert target in client.get(reverse(page, args=[texts.slug, 1])).content.decode()
    assert "122 items of this version were looked at" in write_data_card(version)


def test_a_second_click_joins_the_job_that_is_waiting(texts, owner):
    dataset = get_dataset(texts)

    first, second = (services.start_profile(dataset=dataset, user=owner) for _ in range(2))

    assert first == second


def test_a_profile_says_when_items_changed_since(texts, owner, run_jobs):
    dataset = run_all(texts, owner, run_jobs)
    made_at = selectors.find_profile(dataset).created_at
    assert not selectors.has_changed_since(dataset, made_at)

    exclude_items(project=texts, user=owner, item_ids=[Item.objects.first().pk])

    assert selectors.has_changed_since(dataset, made_at)


def test_only_the_newest_profiles_are_kept(texts, owner, run_jobs):
    dataset = get_dataset(texts)
    for _ in range(7):
        services.start_profile(dataset=dataset, user=owner)
        run_jobs()

    assert Profile.objects.filter(dataset=dataset).count() == 5


def test_kept_items_leave_their_list_for_good(texts, owner, run_jobs):
    dataset = run_all(texts, owner, run_jobs)
    scan = selectors.find_scan(dataset)
    first = selectors.list_findings(scan, FindingKind.DAMAGED)[0]

    services.act_on_items(project=texts, user=owner, action="keep", kind="damaged", item_ids=[first.item_id])

    assert first.item_id not in selectors.pick_item_ids(scan, FindingKind.DAMAGED)
    services.start_scan(dataset=dataset, user=owner)
    run_jobs()
    assert first.item_id not in selectors.pick_item_ids(selectors.find_scan(dataset), FindingKind.DAMAGED)
    assert selectors.count_kept(texts, FindingKind.DAMAGED) == 1


def test_a_wrong_label_is_found_and_goes_to_the_queue_first(texts, owner, run_jobs):
    from lifecycle.annotations.models import Task

    dataset = run_all(texts, owner, run_jobs)
    scan = selectors.find_scan(dataset)
    wrong = selectors.list_findings(scan, FindingKind.LABEL_ERRORS)[0]
    assert wrong.item.text.count("number 4 ") and wrong.suggestion == "dog"

    sent = services.act_on_items(project=texts, user=owner, action="label", item_ids=[wrong.item_id])

    assert sent == 1 and Task.objects.get(item=wrong.item_id).state == Task.State.OPEN


def test_a_list_ends_at_its_cut_and_the_whole_ranking_goes_on(texts, owner, run_jobs, client):
    dataset = run_all(texts, owner, run_jobs)
    scan, kind = selectors.find_scan(dataset), FindingKind.LABEL_ERRORS
    whole = selectors.pick_item_ids(scan, kind, is_whole=True)
    Finding.objects.filter(scan=scan, kind=kind).exclude(item=whole[0]).update(is_likely=False)
    client.force_login(owner)
    url = reverse("exploration:findings", args=[texts.slug, "label_errors"])
    base = f"/api/v1/projects/{texts.slug}/findings/label_errors/"

    short, long = client.get(url).content.decode(), client.get(url, {"whole": "yes"}).content.decode()

    assert selectors.pick_item_ids(scan, kind) == whole[:1]
    assert next(one for one in selectors.list_lists(scan, dataset) if one.kind == kind).count == 1
    assert [client.get(base).json()["count"], client.get(base, {"whole": "yes"}).json()["count"]] == [1, len(whole)]
    assert short.count("finding-line") == 1 and "Show the whole ranking" in short
    assert long.count("finding-line") == min(len(whole), 40) and "Only what is likely wrong" in long


def test_the_tolerance_of_rows_is_set_where_the_search_begins_and_stays(owner, run_jobs, client):
    project = make_project(owner, "tabular_classification")
    rows = "\n".join(f"{n * 7 % 83},{n * 5 % 71},{n * 3 % 59},{'ab'[n % 2]}" for n in range(60))
    bring(project, owner, {"rows.csv": f"x,y,z,label\n{rows}".encode()}, run_jobs)
    client.force_login(owner)
    url = reverse("exploration:refresh", args=[project.slug])

    client.post(url, {"what": "findings", "tolerance": "1.5"})
    run_jobs()
    page = client.get(reverse("exploration:overview", args=[project.slug])).content.decode()
    again = services.start_scan(dataset=get_dataset(project), user=owner)
    refused = client.post(url, {"what": "findings", "tolerance": "90"}, follow=True)

    scan = selectors.find_scan(get_dataset(project))
    assert scan.row_tolerance == again.spec["row_tolerance"] == 0.015
    assert "1.50%" in scan.notes["near_duplicates"] and 'name="tolerance"' in page and 'value="1.5"' in page
    assert b"The tolerance is from 0 to 20%" in refused.content
    assert "blurred" not in {one.kind for one in selectors.list_lists(scan, scan.dataset)}


def test_a_suspect_that_got_another_label_leaves_the_list(texts, owner, run_jobs):
    from lifecycle.datasets.services import record_labels

    dataset = run_all(texts, owner, run_jobs)
    scan = selectors.find_scan(dataset)
    Finding.objects.update(is_likely=True)  # so few texts that cleanlab is sure of one only
    wrong = selectors.list_findings(scan, FindingKind.LABEL_ERRORS)[0]
    services.act_on_items(project=texts, user=owner, action="label", item_ids=[wrong.item_id])
    assert [one.is_sent for one in selectors.list_findings(scan, FindingKind.LABEL_ERRORS)[:2]] == [True, False]

    record_labels(dataset=dataset, labels=[(wrong.item_id, wrong.suggestion, None)])

    assert wrong.item_id not in selectors.pick_item_ids(scan, FindingKind.LABEL_ERRORS)
    gallery = selectors.list_matching_ids(texts, ItemFilters(finding="label_errors"))
    assert wrong.item_id not in gallery and gallery
    Item.objects.filter(pk=gallery[0]).update(label="bird", labeled_at=timezone.now())  # nor one with any other label
    assert gallery[0] not in selectors.pick_item_ids(scan, FindingKind.LABEL_ERRORS)


def test_a_twin_leaves_the_lists_once_it_is_alone(owner, run_jobs):
    project = make_project(owner, "text_classification", ["a", "b"])
    texts = ["".join(letters) for letters in np.random.default_rng(1).choice(list("abcdefgh "), (12, 60))]
    rows = [f'"{text}",train' for text in texts]
    rows += [f'"{texts[0].upper()}",test', f'"{texts[0]}!!",test', f'"{texts[1]}?",test']
    content = "\n".join(["text,split", *rows]).encode()
    bring(project, owner, {"t.csv": content}, run_jobs, mapping={"text": "text", "split": "split"})
    dataset = get_dataset(project)
    services.start_scan(dataset=dataset, user=owner)
    run_jobs()
    scan = selectors.find_scan(dataset)
    twins = list(selectors.list_findings(scan, FindingKind.DUPLICATES))
    leaks = list(selectors.list_findings(scan, FindingKind.SPLIT_LEAKS))
    assert len(twins) == len(leaks) == 3
    first = min(twin.other_id for twin in twins)

    services.act_on_items(project=project, user=owner, action="exclude", item_ids=[first])

    assert len(selectors.pick_item_ids(scan, FindingKind.DUPLICATES)) == 3  # two of them have each other
    assert len(selectors.pick_item_ids(scan, FindingKind.SPLIT_LEAKS)) == 1
    services.act_on_items(project=project, user=owner, action="exclude", item_ids=[twin.other_id for twin in twins])
    assert len(selectors.pick_item_ids(scan, FindingKind.DUPLICATES)) == 2
    assert selectors.pick_item_ids(scan, FindingKind.SPLIT_LEAKS) == []


def test_pictures_are_measured_and_their_copies_found(owner, run_jobs):
    project = make_project(owner, "image_classification")
    files = {f"{'ab'[n % 2]}/{n}.png": picture(n) for n in range(60)}
    blank = io.BytesIO()
    Image.new("L", (64, 64), 7).save(blank, "PNG")
    copy = io.BytesIO()
    Image.open(io.BytesIO(picture(3))).resize((48, 48)).save(copy, "JPEG", quality=60)
    files |= {"a/blank.png": blank.getvalue(), "a/copy.jpg": copy.getvalue()}
    bring(project, owner, {"pictures.zip": zip_of(files)}, run_jobs)

    dataset = run_all(project, owner, run_jobs)

    scan = selectors.find_scan(dataset)
    near = selectors.list_findings(scan, FindingKind.NEAR_DUPLICATES)
    assert [(f.item.source_uri.split("/")[-1], f.other.source_uri.split("/")[-1]) for f in near] in (
        [("copy.jpg", "3.png")],
        [("3.png", "copy.jpg")],
    )
    assert [f.item.source_uri.split("/")[-1] for f in selectors.list_findings(scan, FindingKind.DAMAGED)] == [
        "blank.png"
    ]
    assert selectors.count_items(project, ItemFilters.from_query({"range.contrast": "..0.01"})).count == 1
    assert selectors.find_profile(dataset).result["images"]["measured"] == 62


def test_a_leaking_column_is_named(owner, run_jobs):
    project = make_project(owner, "tabular_classification")
    rng = np.random.default_rng(1)
    lines = ["height,weight,refund,label"]
    for _ in range(200):
        label = rng.choice(["kept", "returned"])
        lines.append(f"{rng.normal():.3f},{rng.normal():.3f},{1 if label == 'returned' else 0},{label}")
    bring(project, owner, {"rows.csv": "\n".join(lines).encode()}, run_jobs, mapping={"label": "label"})

    dataset = run_all(project, owner, run_jobs)

    assert selectors.find_scan(dataset).columns[0]["column"] == "refund"
    assert selectors.find_profile(dataset).result["suspects"][0]["kind"] == "leak"
    found = selectors.list_items(project, ItemFilters.from_query({"range.col.height": "0..", "sort": "-col.height"}))
    heights = [item.row["height"] for item in found.items]
    assert heights == sorted(heights, reverse=True) and min(heights) >= 0


def test_wrong_classes_of_items_with_several_are_found_by_the_job(owner, run_jobs):
    """The scan knows from the schema that labels are joined of names."""
    rng = np.random.default_rng(0)
    project = make_project(owner, "text_labelling", ["cat", "dog, small"])
    words = {"cat": "purring mice milk whiskers", "dog, small": "barking sticks leash bones", "": "nothing here at all"}
    texts = {}
    for n in range(160):
        names = [name for name in ("cat", "dog, small") if rng.random() < 0.5]
        said = [str(word) for name in names or [""] for word in rng.permutation(words[name].split())]
        texts[f"{' '.join(said)} {n}"] = names
    bring(project, owner, {"a.csv": "\n".join(["text", *texts]).encode()}, run_jobs)
    for n, (text, names) in enumerate(texts.items()):
        wrong = n == 77
        said = ({"cat", "dog, small"} - set(names)) if wrong else names
        Item.objects.filter(text=text).update(label=join_names(said), labeled_at=timezone.now())

    services.start_scan(dataset=get_dataset(project), user=owner)
    assert [job.state for job in run_jobs()] == [Job.State.SUCCEEDED]

    first = selectors.list_findings(selectors.find_scan(get_dataset(project)), FindingKind.LABEL_ERRORS)[0]
    assert first.item.text == list(texts)[77]
    assert first.suggestion == join_names(texts[first.item.text])
