"""Review, agreement, people, guide and quiz, as their users open them; what people write stays text."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, GoldItem, Lease, QuizAttempt, Review
from lifecycle.annotations.services import agreement, consensus, quality, quiz, quiz_gate, reviews
from lifecycle.datasets.models import Item
from tests import factories
from webapp.pages.annotations.answer_view import build_view
from webapp.pages.annotations.guide import compare_guides, render_guide

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def url(project):
    return lambda name, **more: reverse(f"annotations:{name}", kwargs={"slug": project.slug, **more})


@pytest.fixture
def reviewer(member):
    return member("reviewer")


@pytest.fixture
def annotator(member):
    return member("annotator")


@pytest.fixture
def answers(project, make_tasks, answer, annotator):
    return [answer(annotator, task, "cat", may_answer_any=True) for task in make_tasks(3)]


@pytest.fixture
def gold(project, answers, owner):
    return [
        GoldItem.objects.create(task=one.task, annotation=one, result=one.result, value=one.value, created_by=owner)
        for one in answers
    ]


def test_a_reviewer_goes_through_the_answers(client, url, reviewer, answers):
    client.force_login(reviewer)
    page = client.get(url("review")).content.decode()
    assert "3 waiting" in page and 'data-key="a"' in page

    shown = client.post(
        url("review-answer", annotation_id=answers[0].pk), {"verdict": "accepted", "next": answers[1].pk}, follow=True
    ).content.decode()

    assert "2 waiting" in shown
    assert f'href="?answer={answers[1].pk}"' in shown


def test_a_rejection_without_a_reason_says_so(client, url, reviewer, answers):
    client.force_login(reviewer)
    where = url("review-answer", annotation_id=answers[0].pk)

    shown = client.post(where, {"verdict": "rejected"}, headers={"HX-Request": "true"}).content.decode()

    assert "Say why" in shown and not Review.objects.exists()


def test_what_reviewers_write_stays_text(client, url, project, reviewer, annotator, answers):
    reviews.reject(project=project, reviewer=reviewer, annotation_id=answers[0].pk, reason=SCRIPT)
    client.force_login(annotator)

    for name, more in (("verdicts", {}), ("person", {"user_id": annotator.pk})):
        page = client.get(url(name, **more)).content.decode()
        assert "&lt;script&gt;alert(1)" in page and SCRIPT not in page


def test_an_annotator_sees_their_own_page_and_nobody_elses(client, url, annotator, reviewer, answers, answer):
    client.force_login(annotator)

    assert client.get(url("person", user_id=annotator.pk)).status_code == 200
    assert client.get(url("person", user_id=reviewer.pk)).status_code == 404
    assert client.get(url("people")).status_code == 403


def test_quality_and_its_cells_open_after_a_comparison(client, url, project, owner, reviewer, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2, lease_seconds=60)
    for number, task in enumerate(make_tasks(4)):
        answer(owner, task, "cat", may_answer_any=True)
        answer(reviewer, task, "dog" if number == 0 else "cat", may_answer_any=True)
    client.force_login(owner)
    assert "were not compared yet" in client.get(url("quality")).content.decode()
    result = agreement.compare_answers(project)
    job = agreement.start(project=project, user=owner)
    agreement.record(project=project, job=job, result=result)
    consensus.work_out(consensus.start(project=project, user=owner))

    page = client.get(url("quality")).content.decode()
    cell = client.get(url("quality-items"), {"first": "cat", "second": "dog"}).content.decode()
    pair = client.get(url("quality"), {"pair": f"{owner.pk}-{reviewer.pk}"})

    assert "Krippendorff" in page and "4 items with several answers" in page
    assert cell.count("Review</a></td>") == 1
    assert pair.status_code == 200
    assert client.get(url("people")).status_code == 200


def test_settings_are_percents_and_are_checked(client, url, project, owner):
    client.force_login(owner)
    given = {"review_share": "25", "return_to": "other", "consensus_method": "dawid_skene", "min_posterior": "90",
             "quiz_questions": "2", "quiz_pass_share": "50"}  # fmt: skip

    assert client.post(url("quality-settings"), given).status_code == 302
    refused = client.post(url("quality-settings"), given | {"review_share": "250"})
    assert refused.status_code == 400 and "Between 0 and 100 percent." in refused.content.decode()
    assert (quality.find_settings(project).review_share, quality.find_settings(project).return_to) == (0.25, "other")


def test_without_a_quiz_its_page_says_so(client, url, owner):
    client.force_login(owner)

    page = client.get(url("quiz")).content.decode()

    assert "No quiz is asked of you" in page and "A few questions" not in page


def test_who_has_not_passed_the_quiz_is_led_to_it(client, url, project, owner, gold):
    quality.change_settings(project=project, actor=owner, quiz_questions=2, quiz_pass_share=1.0, quiz_each_guide=True)
    newcomer = factories.UserFactory()
    factories.MembershipFactory(project=project, user=newcomer, role="annotator")
    client.force_login(newcomer)
    for place in ("label", "grid"):
        assert client.get(url(place)).headers["Location"] == url("quiz")
    nothing = client.post(reverse("api-annotations:queue-next", kwargs={"slug": project.slug}), {"count": 1})
    assert nothing.status_code == 409
    lent = gold[0].task_id
    Lease.objects.create(task_id=lent, user=newcomer, expires_at=timezone.now() + timedelta(minutes=1))
    rest = reverse("api-annotations:annotations", kwargs={"slug": project.slug})
    answered = client.post(rest, json.dumps({"task": lent, "result": []}), content_type="application/json")
    assert (answered.status_code, "quiz" in answered.json()["detail"]) == (409, True)

    for value in ("dog", "cat"):
        client.post(url("quiz"), {"start": "1"})
        attempt = quiz.find_open(project, newcomer)
        given = {f"item-{question['item']}": value for question in attempt.questions}
        assert len(given) == 2
        client.post(url("quiz"), given | {"attempt": attempt.pk})

    assert list(QuizAttempt.objects.order_by("pk").values_list("is_passed", flat=True)) == [False, True]
    assert [client.get(url(place)).status_code for place in ("label", "grid")] == [200, 200]
    services.write_guide(project=project, actor=owner, body="New rules")
    assert client.get(url("label")).headers["Location"] == url("quiz")  # a new guide asks again


def test_an_annotator_sees_the_items_of_the_guide_the_quiz_and_their_own_answers(
    client, url, project, owner, reviewer, annotator, answers, gold, make_tasks
):
    shown, asked, other = (task.item_id for task in make_tasks(3))
    services.write_guide(project=project, actor=owner, body=f"[like this](item:{shown}), not item:{other}0")
    QuizAttempt.objects.create(
        project=project, user=annotator, guide_version=1, questions=[{"item": asked, "truth": "dog"}], pass_share=1
    )
    Item.objects.filter(pk=answers[0].item_id).update(label="the label that won")

    def status(user, item_id: int) -> int:
        client.force_login(user)
        return client.get(url("item", item_id=item_id)).status_code

    assert [status(annotator, pk) for pk in (shown, asked, other)] == [200, 200, 404]
    assert status(annotator, answers[0].item_id) == 200
    page = client.get(url("item", item_id=answers[0].item_id)).content.decode()
    assert "Your answer" in page and "the label that won" not in page
    assert status(reviewer, other) == 302  # to the item's own page


def test_an_answer_that_is_only_a_mask_is_headed_by_it(client, url, reviewer, answers):
    mask = {"id": "m", "type": "brushlabels", "from_name": "mask", "to_name": "item", "value": {"brushlabels": ["cat"]}}
    Annotation.objects.filter(pk=answers[0].pk).update(value="(nothing)", result=[mask])
    client.force_login(reviewer)

    page = client.get(url("review"), {"answer": answers[0].pk}).content.decode()

    assert '<div class="h2 mb-1">1 mask: cat</div>' in page and "(nothing)" not in page


def test_reviewers_and_projects_without_gold_have_no_quiz(project, owner, reviewer, annotator, answers):
    quality.change_settings(project=project, actor=owner, quiz_questions=2)

    assert not quiz_gate.is_wanted(project, annotator, role="annotator")
    assert not quiz_gate.is_wanted(project, reviewer, role="reviewer")


def test_a_guide_shows_example_items_and_no_scripts():
    html = render_guide(
        f"{SCRIPT} [x](javascript:alert(1)) [plush](item:7) ![plush](item:7) ![x](item:7/../../evil)", "cats"
    )

    assert "<script" not in html and 'href="javascript' not in html and "evil" not in html
    assert 'href="/projects/cats/label/items/7"' in html and 'src="/projects/cats/label/items/7/picture/320"' in html


def test_versions_of_the_guide_are_compared_word_by_word(client, url, project, owner):
    services.write_guide(project=project, actor=owner, body="A cat is alive.")
    services.write_guide(project=project, actor=owner, body=f"A cat is plush. {SCRIPT}")
    client.force_login(owner)

    page = client.get(url("guide-version", version=2)).content.decode()

    assert "<del>alive.</del>" in page and SCRIPT not in page
    assert compare_guides("a b", "a c") == [("same", "a "), ("removed", "b"), ("added", "c")]
    assert client.get(url("guide-version", version=9)).status_code == 404


def test_relations_and_what_is_said_of_a_region_name_their_regions():
    def span(name, start, end, label):
        value = {"start": start, "end": end, "labels": [label]}
        return {"id": name, "type": "labels", "from_name": "label", "to_name": "item", "value": value}

    works = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["works at"]}
    why = {"id": "b", "type": "textarea", "from_name": "why", "to_name": "item", "value": {"text": ["a firm"]}}
    box = {"id": "c", "type": "rectanglelabels", "from_name": "box", "value": {"x": 1, "rectanglelabels": ["car"]}}
    bare = {"type": "relation", "from_id": "c", "to_id": "gone", "direction": "bi"}
    result = [span("a", 0, 3, "person"), span("b", 13, 17, "place"), box, works, why, bare]

    said = build_view(SimpleNamespace(item=Item(text="Ada works at Acme"), result=result)).said

    assert ("works at", "person “Ada” → place “Acme”") in said
    assert ("why of place “Acme”", "a firm") in said
    assert ("relation", "car 1 ↔ something missing") in said


def test_drawn_answers_are_shown_over_their_picture():
    box = {"x": 10, "y": 10, "width": 50, "height": 50, "rectanglelabels": ["car"]}
    picture = Item(blob="b", mime="image/png", width=200, height=100)
    entry = {"type": "rectanglelabels", "from_name": "label", "value": box}
    drawn = build_view(SimpleNamespace(item=picture, result=[entry]), ["car"])
    text = Item(text="Ada met Bob")
    spans = [{"type": "labels", "from_name": "label", "value": {"start": 8, "end": 11, "labels": ["name"]}}]
    marked = build_view(SimpleNamespace(item=text, result=spans), ["name"])

    assert drawn.shapes[0].points == "20.0,10.0 120.0,10.0 120.0,60.0 20.0,60.0"
    assert drawn.said == [("label", "car × 1")]
    called = build_view(SimpleNamespace(item=picture, result=[entry]), ["car"], {"label": "vehicles"})
    assert called.said == [("vehicles", "car × 1")]
    assert [(part.text, part.label) for part in marked.stretches] == [("Ada met ", ""), ("Bob", "name")]


def test_verdicts_and_figures_go_over_rest(client, project, owner, annotator, answers):
    def api(name):
        return reverse(f"api-annotations:{name}", kwargs={"slug": project.slug})

    client.force_login(owner)
    given = {"annotation": answers[0].pk, "verdict": "fixed", "idempotency_key": "fix-0001"}
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["dog"]}}]

    waiting = client.get(api("reviews-pending"), {"sample": "all"}).json()["results"]
    bare = client.post(api("reviews"), given, content_type="application/json")
    fixed = client.post(api("reviews"), given | {"result": result}, content_type="application/json")
    rejected = {"annotation": answers[1].pk, "verdict": "rejected", "reason": SCRIPT}
    sent_back = client.post(api("reviews"), rejected, content_type="application/json")
    settings = client.put(api("quality-settings"), {"review_share": 0.5}, content_type="application/json").json()
    started = client.post(api("consensus"), {"method": "majority"}, content_type="application/json")

    assert [row["id"] for row in waiting] == [one.pk for one in answers]
    assert (bare.status_code, fixed.status_code, sent_back.status_code) == (400, 201, 201)
    assert fixed.json()["fixed_by"] and sent_back.json()["return_to"] == "same"
    assert settings["review_share"] == 0.5 and settings["return_to"] == "same"
    assert started.status_code == 202 and client.post(api("agreement")).status_code == 202
    assert client.get(api("agreement")).status_code == 404
    client.force_login(annotator)
    assert [row["reason"] for row in client.get(api("reviews")).json()["results"]] == [SCRIPT, ""]
    assert [row["username"] for row in client.get(api("people")).json()["people"]] == [annotator.username]
    assert client.post(api("reviews"), rejected, content_type="application/json").status_code == 403


def test_where_answers_are_drawn_a_quiz_is_offered_too(client, owner):
    drawn = factories.ProjectFactory(owner=owner, problem_type="object_detection")
    client.force_login(owner)

    page = client.get(reverse("annotations:quality", args=[drawn.slug]))
    kept = client.post(reverse("annotations:quality-settings", args=[drawn.slug]), {
        "review_share": "25", "return_to": "same", "consensus_method": "majority", "min_posterior": "70",
        "quiz_questions": "3", "quiz_pass_share": "80",
    })  # fmt: skip

    assert "quiz_questions" in page.content.decode() and kept.status_code == 302
    assert quality.find_settings(drawn).quiz_questions == 3
