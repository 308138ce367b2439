"""Scripts written for Label Studio run unchanged: the real SDK against a live server."""

from __future__ import annotations

import pytest
from label_studio_sdk.core.api_error import ApiError

from lifecycle.annotations import suggestion_selectors
from lifecycle.annotations.assistance_rules import is_hidden
from lifecycle.annotations.models import Annotation, AssistanceSettings, QueueSettings, Task
from lifecycle.annotations.services import suggestions
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import TEXT_CONFIG, choose


def refusal(call, *arguments, **options) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(*arguments, **options)
    return caught.value


def test_a_client_learns_who_it_is_and_what_it_talks_to(client, engineer):
    assert client.users.whoami().email == "engineer@example.org"
    assert client.versions.get().edition == "Community"
    assert [user.id for user in client.users.list()] == [engineer.pk]


def test_a_project_is_created_read_changed_and_deleted(client):
    made = client.projects.create(title="Moods", label_config=TEXT_CONFIG, color="#123456", maximum_annotations=2)
    client.projects.update(made.id, title="Tempers", expert_instruction="Look closely")
    found = client.projects.get(made.id)

    assert (found.title, found.label_config, found.color) == ("Tempers", TEXT_CONFIG, "#123456")
    assert (found.expert_instruction, found.maximum_annotations) == ("Look closely", 2)
    assert found.skip_queue == "REQUEUE_FOR_OTHERS"
    QueueSettings.objects.filter(project=made.id).update(skips_to_leave=1)
    assert client.projects.get(made.id).skip_queue == "IGNORE_SKIPPED"
    assert found.get_label_interface().get_control("mood").labels == ["good", "bad", "שמח 🙂"]
    assert Project.objects.get(pk=made.id).problem_type == "text_classification"
    assert [project.id for project in client.projects.list()] == [made.id]

    client.projects.delete(made.id)

    assert refusal(client.projects.get, made.id).status_code == 404
    assert list(client.projects.list()) == []


def test_a_project_without_a_configuration_waits_for_one(client):
    made = client.projects.create(title="Later")
    client.projects.update(
        made.id,
        label_config='<View><Image name="i" value="$image"/><RectangleLabels name="box" toName="i">'
        '<Label value="car"/></RectangleLabels></View>',
    )

    assert Project.objects.get(pk=made.id).problem_type == "object_detection"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("<View><Text", "well-formed"),
        ('<!DOCTYPE x [<!ENTITY e "x">]><View>&e;</View>', "not allowed"),
        ('<View><Video name="a" value="$a"/><TextArea name="t" toName="a"/></View>', "<Video>"),
    ],
)
def test_a_configuration_that_cannot_be_labeled_is_refused_by_name(client, config, said):
    error = refusal(client.projects.create, title="x", label_config=config)

    assert error.status_code == 400
    assert said in error.body["validation_errors"]["label_config"][0]


def test_tasks_come_in_with_annotations_and_predictions_and_are_paged(client, text_project):
    tasks = [
        {
            "data": {"text": f"text {n} 🙂", "n": n},
            "annotations": [{"result": choose("good"), "lead_time": 1.5}] if n % 2 else [],
            "predictions": [{"model_version": "m1", "score": 0.5, "result": choose("bad")}],
        }
        for n in range(25)
    ]

    done = client.projects.import_tasks(text_project.id, request=tasks, return_task_ids=True)
    pages = list(client.tasks.list(project=text_project.id, page_size=10))
    second = client.tasks.list(project=text_project.id, page=2, page_size=10, fields="task_only")

    assert (done.task_count, done.annotation_count, done.predictions_count) == (25, 12, 25)
    assert [task.data["n"] for task in pages] == list(range(25)) and [t.id for t in pages] == done.task_ids
    assert pages[1].annotations[0]["result"] == choose("good")
    assert pages[1].annotations[0]["lead_time"] == 1.5
    assert pages[0].predictions[0].model_version == "m1"
    assert second.items[0].data["n"] == 10 and not getattr(second.items[0], "annotations", None)
    assert Task.objects.filter(state="done").count() == 12
    assert Task.objects.get(pk=done.task_ids[1]).item.label == "good"


def test_importing_the_same_again_changes_nothing(client, text_project):
    tasks = [{"data": {"text": "once"}, "annotations": [{"result": choose("good")}]}]
    client.projects.import_tasks(text_project.id, request=tasks)
    client.projects.import_tasks(text_project.id, request=tasks)

    [task] = client.tasks.list(project=text_project.id)
    assert len(task.annotations) == 1


def test_two_annotations_of_one_import_are_both_kept(client, text_project):
    tasks = [{"data": {"text": "twice"}, "annotations": [{"result": choose("good")}, {"result": choose("bad")}]}]
    client.projects.import_tasks(text_project.id, request=tasks)

    [task] = client.tasks.list(project=text_project.id)
    assert [one["result"][0]["value"]["choices"] for one in task.annotations] == [["good"], ["bad"]]


def test_a_bad_task_is_named_and_nothing_is_imported(client, text_project):
    unknown = {"data": {"text": "x"}, "annotations": [{"result": choose("?")}]}
    tasks = [{"data": {"text": "fine"}}, {"data": {"other": 1}}, unknown]

    error = refusal(client.projects.import_tasks, text_project.id, request=tasks)

    assert error.status_code == 400
    problems = error.body["validation_errors"]["non_field_errors"]
    assert problems[0] == "Error at item 1: “text” key is expected in task data."
    assert "not a class" in problems[1]
    assert Task.objects.count() == 0


def test_a_task_is_created_read_changed_and_deleted(client, text_project):
    made = client.tasks.create(project=text_project.id, data={"text": "one", "n": 1})
    client.tasks.update(made.id, data={"text": "one", "n": 2}, meta={"who": "me"})
    found = client.tasks.get(made.id)

    assert (found.data, found.meta) == ({"text": "one", "n": 2}, {"who": "me"})
    assert refusal(client.tasks.update, made.id, data={"text": "another"}).status_code == 400

    client.tasks.delete(made.id)

    assert refusal(client.tasks.get, made.id).status_code == 404
    assert Task.objects.count() == 1, "the item is excluded, not lost"


def test_an_annotation_keeps_its_id_through_its_versions(client, text_project):
    task = client.tasks.create(project=text_project.id, data={"text": "one"})
    result = [*choose("good"), {"from_name": "why", "to_name": "words", "type": "textarea", "value": {"text": ["so"]}}]
    made = client.annotations.create(task.id, result=result, lead_time=2.5)
    client.annotations.update(made.id, result=choose("bad"))
    found = client.annotations.get(made.id)

    assert made.result == result
    assert (found.id, found.result, found.lead_time) == (made.id, choose("bad"), 2.5)
    assert [one.id for one in client.annotations.list(task.id)] == [made.id]
    assert Annotation.objects.count() == 2
    assert client.tasks.get(task.id).is_labeled

    client.annotations.delete(made.id)

    assert refusal(client.annotations.get, made.id).status_code == 404
    assert client.annotations.list(task.id) == []
    assert not client.tasks.get(task.id).is_labeled
    assert client.annotations.create(task.id, result=choose("good")).id != made.id


def test_skips_and_empty_answers_are_answers(client, text_project):
    first = client.tasks.create(project=text_project.id, data={"text": "one"})
    second = client.tasks.create(project=text_project.id, data={"text": "two"})
    client.annotations.create(first.id, result=[], was_cancelled=True)
    client.annotations.create(second.id, result=[])

    assert client.tasks.get(first.id).annotations[0]["was_cancelled"]
    assert client.tasks.get(second.id).annotations[0]["result"] == []


def test_predictions_are_created_listed_changed_and_deleted(client, text_project):
    task = client.tasks.create(project=text_project.id, data={"text": "one"})
    made = client.predictions.create(task=task.id, result=choose("good"), score=0.25, model_version="v1")
    client.predictions.update(made.id, score=0.75)

    assert client.predictions.get(made.id).score == 0.75
    assert [one.id for one in client.predictions.list(project=text_project.id)] == [made.id]
    assert client.predictions.list(task=task.id)[0].result == choose("good")

    client.predictions.delete(made.id)

    assert client.predictions.list(project=text_project.id) == []


def test_a_dialogue_is_taken_as_the_list_that_it_is(client):
    config = (
        '<View><Paragraphs name="talk" value="$talk" layout="dialogue"/><ParagraphLabels name="who" toName="talk">'
        '<Label value="question"/></ParagraphLabels></View>'
    )
    made = client.projects.create(title="Talks", label_config=config)
    talk = [{"author": "Ann", "text": "Where?"}, {"author": "Bob", "text": "Here."}]
    said = {"start": "0", "end": "0", "startOffset": 0, "endOffset": 6, "paragraphlabels": ["question"]}
    region = {"id": "a", "from_name": "who", "to_name": "talk", "type": "paragraphlabels", "value": said}

    client.projects.import_tasks(made.id, request=[{"data": {"talk": talk}, "annotations": [{"result": [region]}]}])

    [task] = list(client.tasks.list(project=made.id, fields="all"))
    kept = task.annotations[0]["result"][0]
    assert (kept["type"], kept["value"]["startOffset"], kept["value"]["endOffset"]) == ("paragraphlabels", 0, 6)
    assert "Where?" in str(task.data["talk"])


def test_rows_are_labeled_by_number(client):
    config = '<View><Text name="a" value="$a"/><Text name="b" value="$b"/><Number name="price" toName="a"/></View>'
    made = client.projects.create(title="Prices", label_config=config)
    result = [{"from_name": "price", "to_name": "a", "type": "number", "value": {"number": 2.5}}]
    rows = [{"data": {"a": 1.5, "b": "x"}, "annotations": [{"result": result}]}]
    client.projects.import_tasks(made.id, request=rows)

    [task] = client.tasks.list(project=made.id)
    assert task.data == {"a": 1.5, "b": "x"} and task.annotations[0]["result"] == result
    assert Task.objects.get().item.label == "2.5"


def test_a_stranger_sees_nothing_and_an_annotator_only_what_is_theirs(client, connect, text_project):
    task = client.tasks.create(project=text_project.id, data={"text": "one"})
    made = client.annotations.create(task.id, result=choose("good"))
    annotator, stranger = factories.UserFactory(), factories.UserFactory()
    project = Project.objects.get(pk=text_project.id)
    factories.MembershipFactory(project=project, user=annotator, role="annotator")
    theirs, foreign = connect(annotator), connect(stranger)

    refused = [(foreign.projects.get, project.pk), (foreign.tasks.get, task.id), (foreign.annotations.get, made.id)]
    for call, pk in [*refused, (theirs.tasks.get, task.id), (theirs.annotations.get, made.id)]:
        assert refusal(call, pk).status_code == 404
    assert list(theirs.tasks.list(project=project.pk)) == []
    assert refusal(foreign.tasks.list, project=project.pk).status_code == 404
    assert refusal(theirs.projects.import_tasks, project.pk, request=[{"text": "x"}]).status_code == 403
    assert refusal(theirs.projects.exports.as_json, project.pk).status_code == 403


def test_a_token_for_reading_changes_nothing(client, connect, engineer, text_project):
    reader = connect(engineer, scope="read")

    assert reader.projects.get(text_project.id).title == "Moods"
    assert refusal(reader.tasks.create, project=text_project.id, data={"text": "x"}).status_code == 403
    assert refusal(connect(engineer, scope="predict").projects.get, text_project.id).status_code == 403


def test_views_keep_filters(client, text_project):
    client.projects.import_tasks(text_project.id, request=[{"text": f"text {n}"} for n in range(5)])
    ids = sorted(task.id for task in client.tasks.list(project=text_project.id))
    items = [{"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": ids[2]}]
    view = client.views.create(project=text_project.id, data={"filters": {"conjunction": "and", "items": items}})

    assert [task.id for task in client.tasks.list(view=view.id)] == ids[3:]


def test_predictions_are_suggestions_at_once_a_source_for_each_version(client, engineer, text_project):
    project = Project.objects.get(pk=text_project.id)
    said = [{"model_version": version, "result": choose(mood)} for version, mood in (("m1", "good"), ("m2", "bad"))]
    client.projects.import_tasks(text_project.id, request=[{"data": {"text": "one"}, "predictions": said}])
    [task] = client.tasks.list(project=text_project.id)
    client.predictions.create(task=task.id, result=choose("good"), model_version="m1")  # known word for word
    client.predictions.create(task=task.id, result=choose("bad"), model_version="m1")

    sources = {source.version: source for source in suggestion_selectors.list_sources(project)}
    assert set(sources) == {"m1", "m2"}
    counts = {name: suggestion_selectors.list_suggestions(source).count() for name, source in sources.items()}
    assert counts == {"m1": 2, "m2": 1}
    settings = suggestions.change_assistance(project=project, actor=engineer, source=sources["m2"], hidden_share=0.05)
    AssistanceSettings.objects.update(seed=next(n for n in range(99) if not is_hidden(n, task.id, 0.05)))
    settings.refresh_from_db()
    shown = suggestion_selectors.list_shown(settings, [Task.objects.get(pk=task.id)])
    assert shown[task.id][0]["model"] == "m2"


def test_versions_without_end_share_a_source(client, text_project):
    said = [{"model_version": f"v{number}", "result": choose("good")} for number in range(30)]
    client.projects.import_tasks(text_project.id, request=[{"data": {"text": "one"}, "predictions": said}])

    sources = suggestion_selectors.list_sources(Project.objects.get(pk=text_project.id))
    assert len(sources) == 21 and sources.filter(version="").count() == 1


def test_what_the_door_does_not_have_says_so_in_json(client, text_project):
    with pytest.raises(ApiError) as caught:
        client.import_storage.s3.list(project=text_project.id)

    assert caught.value.status_code == 404
    assert "not a call that Gristmill knows" in caught.value.body["detail"]


def test_the_same_text_with_other_data_is_another_task_and_the_same_import_again_brings_none(client, text_project):
    rows = [
        {"data": {"text": "same", "ref": 1}, "annotations": [{"result": choose("good")}]},
        {"data": {"text": "same", "ref": 2.0, "of": {"b": 1, "a": 2}}, "annotations": [{"result": choose("bad")}]},
        {"data": {"text": "same", "ref": 1}},
        {"data": {"text": "alone"}},
        {"data": {"text": "alone", "ref": 3}},
    ]

    first = client.projects.import_tasks(text_project.id, request=rows, return_task_ids=True)
    again = client.projects.import_tasks(text_project.id, request=rows[1:2] + rows[:1], return_task_ids=True)

    tasks = {task.id: task for task in client.tasks.list(project=text_project.id)}
    one, two, same, alone, told = first.task_ids
    assert len(tasks) == 3 and (same, told) == (one, alone) and again.task_ids == [two, one]
    assert tasks[one].data == {"text": "same", "ref": 1} and tasks[two].data == rows[1]["data"]
    assert tasks[alone].data == {"text": "alone", "ref": 3}
    said = {pk: {one["result"][0]["value"]["choices"][0] for one in tasks[pk].annotations} for pk in (one, two)}
    assert said == {one: {"good"}, two: {"bad"}}


def test_the_columns_of_a_table_keep_their_order(client):
    config = (
        '<View><Table name="facts" value="$row"/><Choices name="c" toName="facts"><Choice value="a"/></Choices></View>'
    )
    made = client.projects.create(title="Tables", label_config=config)
    row = {"zone": "north", "age": 3, "name": "Ann"}

    client.projects.import_tasks(made.id, request=[{"row": row}, {"row": dict(sorted(row.items()))}])

    assert [task.data["row"] for task in client.tasks.list(project=made.id)] == [row]
    dataset = Project.objects.get(pk=made.id).datasets.get()
    assert [column["name"] for column in dataset.columns] == ["zone", "age", "name"]
