"""Projects as the Label Studio door makes, describes and reconfigures them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from lifecycle.annotations import selectors
from lifecycle.annotations.label_studio import Interface, guess_problem_type
from lifecycle.annotations.models import ExternalProject, LabelSchema
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.queue_settings import change_settings
from lifecycle.annotations.services.schemas import set_config
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.label_interface import parse_interface
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Dataset, Item
from lifecycle.datasets.services import create_dataset
from lifecycle.projects import services as projects
from lifecycle.projects.models import Project

EMPTY_CONFIG = "<View></View>"
UNDECIDED_TYPE = "text_classification"  # until a configuration says better
STATEMENT = "Made through the Label Studio door. Write here what the product must do."
MAX_SETTINGS_CHARS = 100_000


class BadConfig(DomainError):
    """The labelling configuration cannot be read, or asks what Gristmill cannot label."""

    code = "label_config"

    def __init__(self, message: str):
        super().__init__(message, fields={"label_config": message})


@transaction.atomic
def create_project(*, user, title: str, config: str, settings: Mapping[str, Any]) -> Project:
    """A project with a dataset for what the configuration shows; without one its kind is open until it comes."""
    problem_type = guess_problem_type(parse(config))
    name = " ".join(title.split()) or f"New project of {user.username}"
    statement = str(settings.get("description") or "").strip() or STATEMENT
    project = projects.create(
        user=user,
        name=name,
        problem_type=problem_type or UNDECIDED_TYPE,
        charter={"problem_statement": statement},
    )
    create_dataset(project=project)
    ExternalProject.objects.create(project=project, is_undecided=not problem_type)
    update_project(project=project, actor=user, settings=settings)
    if problem_type:
        set_external_config(project=project, actor=user, config=config)
    return project


@transaction.atomic
def update_project(
    *,
    project: Project,
    actor,
    title: str | None = None,
    config: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Project:
    """What a client may change: the name, the configuration, and settings that are kept for it."""
    if title is not None:
        projects.rename(project=project, user=actor, name=title)
    if config is not None and config != serve_config(project):
        set_external_config(project=project, actor=actor, config=config)
    if settings:
        _keep_settings(project, actor, settings)
    return project


def _keep_settings(project: Project, actor, settings: Mapping[str, Any]) -> None:
    kept, _ = ExternalProject.objects.select_for_update().get_or_create(project=project)
    kept.settings |= settings
    if len(str(kept.settings)) > MAX_SETTINGS_CHARS:
        raise DomainError("These settings are too long.")
    kept.save(update_fields=["settings", "updated_at"])
    wanted, queue = settings.get("maximum_annotations"), find_settings(project)
    if isinstance(wanted, int) and not isinstance(wanted, bool) and wanted != queue.overlap:
        change_settings(project=project, actor=actor, overlap=wanted, lease_seconds=queue.lease_seconds)


@transaction.atomic
def add_view(*, project: Project, data: Mapping[str, Any], limit: int) -> int:
    """Keep a view of the task list; returns its place among the project's."""
    kept, _ = ExternalProject.objects.select_for_update().get_or_create(project=project)
    views = [*kept.settings.get("views", []), dict(data)]
    if len(views) >= limit:
        raise Conflict(f"A project has at most {limit - 1} views.")
    _store_views(kept, views)
    return len(views) - 1


@transaction.atomic
def change_view(*, project: Project, place: int, data: Mapping[str, Any] | None) -> None:
    """Another content of the view at this place; None deletes it."""
    kept = ExternalProject.objects.select_for_update().get(project=project)
    views = list(kept.settings["views"])
    views[place] = None if data is None else dict(data)
    _store_views(kept, views)


def _store_views(kept: ExternalProject, views: list[Any]) -> None:
    kept.settings = kept.settings | {"views": views}
    if len(str(kept.settings)) > MAX_SETTINGS_CHARS:
        raise DomainError("These views are too long.")
    kept.save(update_fields=["settings", "updated_at"])


def parse(config: str) -> Interface:
    """What a client's configuration asks; BadConfig where it cannot be read or labeled. An empty one asks nothing."""
    if not config.strip():
        return parse_interface(EMPTY_CONFIG)
    try:
        interface = parse_interface(config)
    except ValueError as error:
        raise BadConfig(str(error)) from None
    if config.strip() != EMPTY_CONFIG and interface.main_control is None:
        raise BadConfig("The configuration asks nothing: it needs a control, such as <Choices>, about an object.")
    return interface


@transaction.atomic
def set_external_config(*, project: Project, actor, config: str) -> LabelSchema | None:
    """Take a client's configuration, with its own names, as the schema. Its kind of question must stay the same once
    there are items; a class that labels use cannot go."""
    Project.objects.select_for_update().get(pk=project.pk)
    problem_type = guess_problem_type(parse(config))
    if not problem_type:
        if selectors.find_schema(project):
            raise BadConfig("This project has a labelling configuration already; send the one that replaces it.")
        return None
    if parse_interface(config, project.problem_type).main_control is None or is_undecided(project):
        _change_problem_type(project, problem_type)
    ExternalProject.objects.update_or_create(project=project, defaults={"is_undecided": False})
    try:
        return set_config(project=project, actor=actor, config=config)
    except DomainError as refused:
        raise BadConfig(refused.message) from None


def is_undecided(project: Project) -> bool:
    """Whether the project was made without a configuration and still has none."""
    return ExternalProject.objects.filter(project=project, is_undecided=True).exists()


def _change_problem_type(project: Project, problem_type: str) -> None:
    if problem_type == project.problem_type:
        return
    if Item.objects.filter(dataset__project=project).exists():
        title = get_problem_type(project.problem_type).title.lower()
        raise BadConfig(f"This project has data for {title}; its configuration cannot ask for another kind.")
    problem = get_problem_type(problem_type)
    charter = project.charters.first()
    project.problem_type = problem.key
    project.save(update_fields=["problem_type", "updated_at"])
    Dataset.objects.filter(project=project).update(item_kind=problem.item_kind)
    if charter is not None and charter.target_metric not in {metric.key for metric in problem.metrics}:
        projects.update_charter(
            project=project, user=project.created_by, changes={"target_metric": problem.metrics[0].key}
        )


def get_interface(project: Project) -> Interface:
    """What the project asks, with the names its clients use; Conflict while it asks nothing."""
    schema = selectors.find_schema(project)
    interface = selectors.read_interface(project, schema) if schema else None
    if interface is None or interface.main_control is None:
        raise Conflict("This project has no labelling configuration yet: set its label_config first.")
    return interface


def serve_configs(project_ids: Sequence[int]) -> dict[int, str]:
    """{project: the configuration that counts now, with the names its author gave}."""
    schemas = LabelSchema.objects.filter(project__in=project_ids).order_by("project", "-version").distinct("project")
    found = {schema.project_id: selectors.read_config(schema) for schema in schemas}
    return {pk: found.get(pk, EMPTY_CONFIG) for pk in project_ids}


def serve_config(project: Project) -> str:
    """`serve_configs` of one."""
    return serve_configs([project.pk])[project.pk]


def delete_project(*, project: Project, actor) -> None:
    """Put away: a client no longer sees it; nothing is lost, and an owner can restore it."""
    if project.archived_at is None:
        projects.archive(project=project, user=actor)
