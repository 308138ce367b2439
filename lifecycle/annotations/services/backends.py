"""Label Studio ML backends as sources of suggestions: add one, ask it about open tasks, tell it to train."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.core import signing
from django.db import transaction

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.external_payloads import build_task
from lifecycle.annotations.label_studio import get_item_kind, get_variable, is_own
from lifecycle.annotations.models import SuggestionSource, Task, Webhook
from lifecycle.annotations.selectors import count_progress
from lifecycle.annotations.services import webhooks
from lifecycle.annotations.services.addresses import check_http_url
from lifecycle.annotations.services.external import get_interface, serve_config
from lifecycle.annotations.services.external_labels import LabelReader
from lifecycle.annotations.services.suggestions import Draft, create_source, write
from lifecycle.common import secrets
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import ItemKind
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project

KIND = SuggestionSource.Kind
PICTURE_PATH = "/suggestions/pictures/"  # where a backend fetches the picture of a task: the path, then a signed name
PICTURE_SECONDS = 24 * 3_600
PICTURE_SALT = "picture for an ML backend"
ACTIONS = ("predict", "train")
TOLD = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")
MAX_CONTEXT_BYTES = 4 * 2**20
MAX_TRAINED = 10_000  # annotated tasks sent to a backend that wants them all at once
ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True)
class Place:
    """Where a backend is, and what it is told of the project."""

    url: str
    username: str
    password: str
    project: str
    config: str
    hostname: str


def add_backend(
    *,
    project: Project,
    actor,
    url: str,
    title: str = "",
    username: str = "",
    password: str = "",
    train_every: int = 0,
    is_told: bool = False,
    is_interactive: bool = False,
) -> SuggestionSource:
    """A backend, which is asked about every open task at once. Its password is encrypted and never shown again.

    One that `is_told` hears of every answer under its /webhook, signed and retried like every webhook; one that
    `is_interactive` may be asked while somebody draws.
    """
    url = _check_url(url)
    if not 0 <= train_every <= 1_000_000:
        raise DomainError("Train after 0 (never) to 1,000,000 labels.", fields={"train_every": "0 to 1,000,000."})
    get_interface(project)
    kept = {"username": username, "password": password} if username or password else {}
    with transaction.atomic():
        source = create_source(
            project=project,
            actor=actor,
            kind=KIND.BACKEND,
            title=title or urlsplit(url).hostname or url,
            url=url,
            secrets=secrets.encrypt(kept),
            train_every=train_every,
            trained_at_labels=count_progress(project).done,
            is_interactive=is_interactive,
            webhook=_tell(project, actor, url, username, password) if is_told else None,
        )
        ask(source=source, user=actor, action="predict")
    return source


def change_backend(*, source: SuggestionSource, actor, changes: Mapping[str, Any]) -> SuggestionSource:
    """Another url, title, username, password, is_told or is_interactive; what is not named stays."""
    if source.kind != KIND.BACKEND:
        raise DomainError("Only an ML backend can be changed.")
    kept = secrets.decrypt(source.secrets)
    with transaction.atomic():
        source.url = _check_url(changes["url"]) if changes.get("url") else source.url
        source.title = " ".join(str(changes.get("title") or "").split())[:200] or source.title
        source.is_interactive = bool(changes.get("is_interactive", source.is_interactive))
        kept |= {name: str(changes[name]) for name in ("username", "password") if changes.get(name) is not None}
        source.secrets = secrets.encrypt(kept if kept.get("username") or kept.get("password") else {})
        username, password = kept.get("username", ""), kept.get("password", "")
        before, is_told = source.webhook, bool(changes.get("is_told", source.is_told))
        if is_told and before is None:
            source.webhook = _tell(source.project, actor, source.url, username, password)
        elif not is_told:
            source.webhook = None
        elif before is not None:
            to = {"url": source.url.rstrip("/") + "/webhook", "headers": _sign_in(username, password)}
            webhooks.change_webhook(webhook=before, actor=actor, changes=to)
        source.save(update_fields=["url", "title", "is_interactive", "secrets", "webhook", "updated_at"])
        if before is not None and not is_told:
            webhooks.delete_webhook(webhook=before, actor=actor)
    return source


def ask_about(*, source: SuggestionSource, user, task: Task, context: Mapping[str, Any] | None) -> Job:
    """Have a worker ask an interactive backend about one task. `context` is what Label Studio's protocol hands on: the
    `result` so far, of which the last region is the one that was just drawn, in the configuration's names.
    """
    if source.kind != KIND.BACKEND or not source.is_interactive:
        raise Conflict(f"{source.title} is not asked while somebody draws.")
    if len(orjson.dumps(context)) > MAX_CONTEXT_BYTES:
        raise DomainError("The regions are too large to be sent to a backend.", fields={"context": "At most 4 MB."})
    spec = {"source_id": source.pk, "action": "interact", "task_id": task.pk, "context": context}
    return jobs.enqueue(
        kind="ml_backend",
        title=f"Ask {source.title} about one task",
        spec=spec,
        project=source.project,
        created_by=user,
        subject_type="suggestion_source",
        subject_id=source.pk,
    )


def read_drawn(source: SuggestionSource, said: Mapping[str, Any]) -> dict[str, Any]:
    """What an interactive backend answered, in the project's own names; ValueError where it does not fit."""
    read = LabelReader(get_interface(source.project)).read_proposal(said)
    return {"result": read.result, "score": read.score, "model_version": read.model_version}


def ask(*, source: SuggestionSource, user, action: str, since: int | None = None) -> Job:
    """Have a worker talk to the backend: predict the open tasks, or train and then predict them. With `since` 0 it
    predicts those only that it suggested nothing for.
    """
    if source.kind != KIND.BACKEND or action not in ACTIONS:
        raise DomainError("Only an ML backend can be asked to predict or train.")
    if source.job is not None and source.job.state in ACTIVE:
        raise Conflict(f"{source.title} is at work already. Wait until it has answered.")
    newest = selectors.find_newest_id() if since is None else since
    with transaction.atomic():
        source.job = jobs.enqueue(
            kind="ml_backend",
            title=f"{action.capitalize()}: {source.title}",
            spec={"source_id": source.pk, "action": action, "since": newest},
            project=source.project,
            created_by=user,
            subject_type="suggestion_source",
            subject_id=source.pk,
        )
        source.save(update_fields=["job", "updated_at"])
    return source.job


def tell_due() -> int:
    """Ask the backends to train whose number of labels has come; the clock calls it. Returns how many were asked."""
    asked = 0
    wanting = SuggestionSource.objects.filter(kind=KIND.BACKEND, train_every__gt=0, project__archived_at=None)
    for source in wanting.select_related("project", "job", "created_by"):
        done = count_progress(source.project).done
        is_busy = source.job is not None and source.job.state in ACTIVE
        if done - source.trained_at_labels >= source.train_every and not is_busy:
            source.trained_at_labels = done
            source.save(update_fields=["trained_at_labels", "updated_at"])
            ask(source=source, user=source.created_by, action="train")
            asked += 1
    return asked


def describe_place(source: SuggestionSource) -> Place:
    """For the worker."""
    kept, project = secrets.decrypt(source.secrets), source.project
    return Place(
        url=source.url,
        username=kept.get("username", ""),
        password=kept.get("password", ""),
        project=f"{project.pk}.{int(project.created_at.timestamp())}",
        config=serve_config(project),
        hostname=settings.SITE_URL,
    )


def describe_project(source: SuggestionSource) -> dict[str, Any]:
    """What the event that starts a training says of the project."""
    project = source.project
    return {"id": project.pk, "title": project.name, "label_config": serve_config(project)}


def load_task(source: SuggestionSource, task_id: int) -> dict[str, Any]:
    """One task of the project as `build_tasks` tells of it; DomainError where it is gone."""
    found = build_tasks(source, [task_id])
    if not found:
        raise DomainError("The task is gone.")
    return found[0]


def list_annotated(source: SuggestionSource) -> list[dict[str, Any]]:
    """Annotated tasks as Label Studio exports them, at most so many."""
    from lifecycle.annotations.external_selectors import stream_export

    found = stream_export(source.project, source.created_by, role="owner", only_annotated=True)
    return list(islice(found, MAX_TRAINED))


def build_tasks(source: SuggestionSource, task_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Tasks in the configuration's words; pictures under an address that is open for a day to whoever has it."""
    interface = get_interface(source.project)
    tasks = Task.objects.select_related("item").in_bulk(task_ids)
    return [_build_task(source.project, interface, tasks[pk]) for pk in task_ids if pk in tasks]


def _build_task(project: Project, interface: Any, task: Task) -> dict[str, Any]:
    body = build_task(project, interface, task)
    data = body["data"]
    if task.item.blob:
        address = settings.SITE_URL.rstrip("/") + PICTURE_PATH + sign_picture(task.item_id)
        own = get_variable(interface) if get_item_kind(interface) == ItemKind.IMAGE else ""
        is_ours = f"/{task.item.blob}"
        data = {
            name: address if name == own or (isinstance(value, str) and is_ours in value and is_own(value)) else value
            for name, value in data.items()
        }
    return {"id": task.pk, "data": data, "meta": body["meta"]}


def sign_picture(item_id: int) -> str:
    """A name that stands for one item's picture."""
    return signing.dumps(item_id, salt=PICTURE_SALT)


def read_picture_name(name: str) -> int | None:
    """The item that a signed name stands for; None for a name that is not ours or is too old."""
    try:
        return int(signing.loads(name, salt=PICTURE_SALT, max_age=PICTURE_SECONDS))
    except signing.BadSignature:
        return None


def write_predictions(
    *,
    source: SuggestionSource,
    task_ids: Sequence[int],
    predictions: Sequence[Mapping[str, Any] | None],
    version: str,
) -> tuple[int, list[str]]:
    """Store what a backend said; returns (how many, why the others were refused)."""
    reader, drafts, refused = LabelReader(get_interface(source.project)), [], []
    for task_id, said in zip(task_ids, predictions, strict=True):
        if said is None:
            continue
        try:
            read = reader.read_proposal(said)
        except ValueError as error:
            refused.append(f"Task {task_id}: {error}")
            continue
        model = read.model_version or version
        drafts.append(Draft(task_id, read.result, read.value, read.score, read.uncertainty, model))
    write(source=replace_version(source, version), rows=drafts)
    return len(drafts), refused


def replace_version(source: SuggestionSource, version: str) -> SuggestionSource:
    """The source as it names its model now; saved with the run's end."""
    source.version = version or source.version or source.title
    return source


def _tell(project: Project, actor, url: str, username: str, password: str) -> Webhook:
    webhook, _ = webhooks.create_webhook(
        project=project,
        actor=actor,
        url=url.rstrip("/") + "/webhook",
        events=TOLD,
        headers=_sign_in(username, password),
    )
    return webhook


def _sign_in(username: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"} if username or password else {}


def _check_url(url: str) -> str:
    return check_http_url(
        url,
        example="http://my-backend:9090",
        password_goes="Put the password into its own field.",
        may_have_query=False,
    )
