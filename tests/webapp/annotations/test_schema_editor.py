"""The schema editor and what the labelling page is given: drafts, what a change breaks, hostile names and texts."""

from __future__ import annotations

import base64
import json
import re

import pytest

from lifecycle.annotations import selectors, services
from lifecycle.contracts.label_interface.templates import find_template
from lifecycle.datasets.models import Dataset
from tests import factories
from webapp.hypertext import clean_html

db = pytest.mark.django_db
HOSTILE = "</script><script>alert(1)</script>"
SOUND = b"RIFF" + bytes(range(96))


@pytest.fixture
def make_project(owner):
    """make_project("row_labelling", config, row={...}) has one open task, lent to the owner."""

    def make(problem_type: str, config: str, **content):
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        services.set_config(project=project, actor=owner, config=config)
        collection = factories.CollectionFactory(dataset=Dataset.objects.get(project=project))
        if content:
            factories.ItemFactory(dataset=collection.dataset, collection=collection, **content)
            services.open_tasks(collection=collection)
        return project

    return make


@pytest.fixture
def fetch_task(client, owner):
    """fetch_task(project) is the next task as the labelling page is given it."""

    def fetch(project):
        client.force_login(owner)
        answer = client.post(
            f"/api/v1/projects/{project.slug}/queue/next/", {"count": 1}, content_type="application/json"
        )
        return answer.json()["tasks"][0]

    return fetch


@pytest.mark.parametrize(
    "html",
    [
        "<p onclick=alert(1)>x</p>",
        "<img src=x onerror=alert(1)>",
        "<a href=javascript:alert(1)>x</a>",
        "<svg><script>alert(1)</script></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<style>*{display:none}</style><p style='position:fixed' class='modal' id='content'>x</p>",
        "<form action=//evil><input name=x><button>x</button></form>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
        "<base href=//evil><meta http-equiv=refresh content=0><link rel=stylesheet href=//evil>",
    ],
)
def test_markup_that_came_with_the_data_cannot_run_load_or_cover_the_page(html):
    cleaned = clean_html(html)

    assert not re.search(
        r"(?i)alert|javascript|on\w+=|style|class|id=|href|//evil|<(form|input|base|meta|link)", cleaned
    )


def test_markup_that_only_says_what_the_text_is_stays():
    kept = (
        '<h1>A</h1><p dir="rtl">ב <strong>c</strong></p><table><tbody><tr><td colspan="2">d</td></tr></tbody></table>'
    )

    assert clean_html(kept) == kept


@db
def test_html_and_sounds_are_given_to_the_page_in_a_form_that_cannot_run(make_project, fetch_task, client):
    address = f"data:audio/wav;base64,{base64.b64encode(SOUND).decode()}"
    config = '<View><HyperText name="h" value="$page"/><Audio name="sound" value="$audio"/>' \
        '<Rating name="r" toName="sound"/></View>'  # fmt: skip
    project = make_project("row_labelling", config, text="", row={"page": f"<b>x</b>{HOSTILE}", "audio": address})

    data = fetch_task(project)["data"]
    part = client.get(data["audio"], headers={"Range": "bytes=4-7"})

    assert data["page"] == "<b>x</b>"
    assert (part.status_code, part.content, part["Content-Type"]) == (206, SOUND[4:8], "audio/wav")
    assert "sandbox" in part["Content-Security-Policy"]


@db
def test_names_colors_and_keys_cannot_break_out_of_any_page(make_project, client, owner):
    shown = HOSTILE.replace("<", "&lt;")
    config = f"""<View><Header value="{shown}"/><Text name="t" value="$text"/>
    <Choices name="c" toName="t"><Choice value="{shown}" background="red;}}{shown}" hotkey="{shown}"/>
    </Choices></View>"""
    project = make_project("text_classification", config, text=HOSTILE)
    client.force_login(owner)

    for path in ("label", "label/schema", "label/overview", "label/schema?add=rating"):
        page = client.get(f"/projects/{project.slug}/{path}")
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode(), path


@db
def test_a_draft_is_checked_and_shown_without_being_saved(make_project, client, owner):
    project = make_project("text_classification", find_template("text-class").config, text="so good")
    task = project.datasets.get().tasks.get()
    services.lease_next(project=project, user=owner)
    said = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["positive"]}}]
    services.submit(project=project, user=owner, task_id=task.pk, result=said)
    client.force_login(owner)
    draft = find_template("text-class").config.replace("positive", "great")
    url = f"/projects/{project.slug}/label/schema/config"

    page = client.post(url, {"config": draft, "based_on": "1", "check": "1"}, headers={"HX-Request": "true"})
    broken = client.post(url, {"config": "<View><Video/></View>", "check": "1"}, headers={"HX-Request": "true"})

    text = page.content.decode()
    assert "What this would break" in text
    assert 'value="great"' in text
    setup = json.loads(re.search(r'id="annotator-setup"[^>]*>(.*?)</script>', text)[1])
    assert setup["preview"]["tasks"][0]["data"]["text"] == "so good"
    assert "&lt;Video&gt; is not supported" in broken.content.decode()
    assert selectors.get_schema(project).version == 1

    lost = {"lost_control": "label", "lost_label": "positive", "lost_to": "great"}
    saved = client.post(url, {"config": draft, "based_on": "1", **lost})

    task.item.refresh_from_db()
    assert (saved.status_code, task.item.label) == (302, "great")


@db
def test_what_a_configuration_keeps_and_the_page_does_not_use_is_said_by_name(make_project, client, owner):
    project = make_project("text_classification", find_template("text-class").config, text="so good")
    client.force_login(owner)
    styled = "<View><Style>p { color: red }</Style>"
    draft = find_template("text-class").config.replace("<View>", styled, 1)
    url = f"/projects/{project.slug}/label/schema/config"

    checked = client.post(url, {"config": draft, "based_on": "1", "check": "1"}, headers={"HX-Request": "true"})
    saved = client.post(url, {"config": draft, "based_on": "1"}, follow=True)

    for page in (checked, saved):
        assert "&lt;Style&gt; is kept, but not used: its rules could reach the whole page." in page.content.decode()


@db
def test_labels_get_colors_and_keys_in_a_form(make_project, client, owner):
    project = make_project("object_detection", find_template("boxes-attributes").config)
    client.force_login(owner)
    form = {
        "based_on": "1", "listed": ["label", "visibility"],
        "control": ["label", "label", "visibility"], "old": ["car", "person", "whole"],
        "name": ["car", "human", "whole"], "order": ["2", "1", "1"], "key": ["c", "", "w"],
        "color": ["#112233", "#2f7ed8", "#2f7ed8"], "more-label": "bus", "remove": "visibility hidden",
    }  # fmt: skip

    response = client.post(f"/projects/{project.slug}/label/schema", form)

    assert response.status_code == 302
    interface = selectors.get_interface(project)
    assert interface.classes == ["human", "car", "bus"]
    assert (interface.main_control.labels[1].color, interface.main_control.labels[1].key) == ("#112233", "c")
    assert [label.value for label in interface.by_name["visibility"].labels] == ["whole"]


@db
def test_labels_are_saved_where_relations_are_asked_too(make_project, client, owner):
    project = make_project("span_labelling", find_template("relations").config)
    control = selectors.get_interface(project).main
    client.force_login(owner)
    form = {
        "based_on": "1", "listed": ["relations"], "control": ["relations", "relations"],
        "old": ["works for", "founded"], "name": ["is paid by", "founded"], "order": ["2", "1"],
        "key": ["", ""], "color": ["", ""], f"more-{control}": "",
    }  # fmt: skip

    response = client.post(f"/projects/{project.slug}/label/schema", form)

    assert response.status_code == 302
    labels = selectors.get_interface(project).by_name["relations"].labels
    assert [label.value for label in labels] == ["founded", "is paid by"]


@db
def test_a_project_without_items_may_become_one_of_another_kind(make_project, client, owner):
    project = make_project("text_classification", find_template("text-class").config)
    client.force_login(owner)

    url = f"/projects/{project.slug}/label/schema/config"
    client.post(url, {"config": find_template("pair").config, "based_on": "1"})

    project.refresh_from_db()
    assert project.problem_type == "row_labelling"
    assert selectors.get_interface(project).main_control.tag == "Pairwise"


@db
def test_one_name_in_two_branches_is_renamed_and_removed_by_its_path(make_project, client, owner):
    config = """<View><Text name="t" value="$text"/><Taxonomy name="topic" toName="t">
        <Choice value="A"><Choice value="one"/><Choice value="other"/></Choice>
        <Choice value="B"><Choice value="other"/></Choice></Taxonomy></View>"""
    project = make_project("text_labelling", config)
    client.force_login(owner)
    paths, names = ["A", "A / one", "A / other", "B", "B / other"], ["A", "one", "elsewhere", "B", "other"]
    rows = {
        "control": ["label"] * 5,
        "order": range(5),
        "color": [""] * 5,
        "key": [""] * 5,
        "old": paths,
        "name": names,
    }

    page = client.get(f"/projects/{project.slug}/label/schema").content.decode()
    saved = client.post(
        f"/projects/{project.slug}/label/schema",
        rows | {"listed": "label", "based_on": 1, "remove": ["label B"], "more-label": "A / new"},
    )

    assert all(f'value="{path}"' in page for path in paths)
    assert saved.status_code == 302
    found = [" / ".join(label.path) for label in selectors.get_interface(project).main_control.labels]
    assert found == ["A", "A / one", "A / elsewhere", "A / new"]


KEYED = """<View><Image name="i" value="$image"/><RectangleLabels name="label" toName="i">
<Label value="cat" hotkey="c" background="red"/><Label value="dog" hotkey="d"/><Label value="owl"/></RectangleLabels>
<Choices name="how" toName="i" perRegion="true"><Choice value="whole" hotkey="w"/></Choices></View>"""


@pytest.fixture
def send_labels(make_project, client, owner):
    """send_labels(keys=[…], colors=[…]) posts the form of KEYED as it would be typed, and is (project, answer)."""
    project = make_project("object_detection", KEYED)
    client.force_login(owner)

    def send(keys=("c", "d", "1", "w"), colors=("#ff0000", "", "", ""), **more):
        names = ["cat", "dog", "owl", "whole"]
        rows = {"control": ["label"] * 3 + ["how"], "old": names, "name": names, "order": [1, 2, 3, 1]}
        body = rows | {"listed": ["label", "how"], "key": keys, "color": colors, "based_on": 1}
        headers = {"HX-Request": "true"} if "check" in more else {}
        answer = client.post(f"/projects/{project.slug}/label/schema", body | more, headers=headers)
        return project, answer

    return send


def list_keys(project):
    return {label.value: label.asked_key for one in selectors.get_interface(project).controls for label in one.labels}


@db
def test_a_form_that_is_saved_as_it_was_shown_changes_nothing(send_labels):
    project, answer = send_labels()

    assert answer.status_code == 302
    assert selectors.get_schema(project).config.replace(" />", "/>") == KEYED


@db
def test_an_emptied_key_goes_and_one_that_is_free_comes(send_labels):
    project, answer = send_labels(keys=["", "c", "1", "w"])

    assert answer.status_code == 302
    assert list_keys(project) == {"cat": "", "dog": "c", "owl": "", "whole": "w"}
    assert 'background="red"' in selectors.get_schema(project).config


@db
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["s", "d", "1", "w"], "“S” belongs to the page: it skips an item."),
        (["?", "d", "1", "w"], "A key is one letter from a to z, or one digit."),
        (["c", "c", "1", "w"], "“C” is the key of “cat” already."),
        (["c", "d", "1", "d"], "“D” is the key of “dog” already."),
    ],
)
def test_a_key_that_cannot_be_given_is_said_beside_its_field(send_labels, keys, said):
    project, answer = send_labels(keys=keys, **{"more-label": "fox"})

    page = answer.content.decode()
    assert (answer.status_code, selectors.get_schema(project).version) == (400, 1)
    assert f'role="alert">{said}</div></td>' in page
    assert "Nothing was saved" in page
    assert ">fox</textarea>" in page


@db
def test_the_form_is_shown_as_it_would_be_without_being_saved(send_labels):
    project, answer = send_labels(keys=["x", "x", "1", "w"], check="1", **{"more-label": "fox"})

    page = answer.content.decode()
    setup = json.loads(re.search(r'id="annotator-setup"[^>]*>(.*?)</script>', page)[1])
    labels = setup["interface"]["controls"][0]["labels"]
    assert [(label["value"], label["key"]) for label in labels][:1] == [("cat", "x")]
    assert [label["value"] for label in labels] == ["cat", "dog", "owl", "fox"]
    assert "“X” is the key of “cat” already." in page
    assert selectors.get_schema(project).version == 1


@db
def test_the_answers_of_a_question_with_another_name_can_be_sent_along(make_project, client, owner):
    config = find_template("boxes-attributes").config
    project = make_project("object_detection", config, text="", blob="a" * 64)
    services.lease_next(project=project, user=owner)
    value = {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["car"]}
    box = {"id": "a", "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}
    seen = {"id": "a", "from_name": "visibility", "to_name": "item", "type": "choices", "value": {"choices": ["whole"]}}
    task = Dataset.objects.get(project=project).items.get().task
    services.submit(project=project, user=owner, task_id=task.pk, result=[box, seen])
    client.force_login(owner)
    draft = config.replace('name="visibility"', 'name="seen"')

    page = client.post(f"/projects/{project.slug}/label/schema/config", {"config": draft, "check": "1"})
    sent = {"lost_control": "visibility", "lost_label": "", "lost_to": "seen", "config": draft}
    saved = client.post(f"/projects/{project.slug}/label/schema/config", sent)

    assert '<option value="seen">seen</option>' in page.content.decode()
    assert saved.status_code == 302
    result = task.annotations.get(is_current=True).result
    assert [entry["from_name"] for entry in result] == ["label", "seen"]
