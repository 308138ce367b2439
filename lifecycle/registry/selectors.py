"""Reads on models, their versions and aliases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Prefetch, QuerySet

from lifecycle.common.errors import NotFound
from lifecycle.contracts.loop import Figure, StageState, StageSummary, count_figure
from lifecycle.evaluations import rules as evaluation_rules
from lifecycle.evaluations import selectors as evaluations
from lifecycle.evaluations.models import Evaluation
from lifecycle.evaluations.rules import Comparison
from lifecycle.experiments.models import Artifact
from lifecycle.experiments.selectors import get_key_metric
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Stage
from lifecycle.registry import rules
from lifecycle.registry.models import Alias, Model, ModelVersion

MAX_NUMBER = 2**31 - 1
RELATED = ("model__project", "artifact__run__dataset_version", "evaluation", "created_by")


@dataclass(frozen=True)
class Standing:
    """A version's scores beside the champion's on the same items."""

    champion: ModelVersion | None
    evaluation: Evaluation | None  # of the champion, on the version's own items; None when there is none
    rows: list[Comparison]


def _with_aliases(versions: QuerySet[ModelVersion]) -> QuerySet[ModelVersion]:
    heavy = ("artifact__manifest", "artifact__run__environment", "evaluation__details", "card")
    return versions.select_related(*RELATED).prefetch_related("aliases").defer(*heavy)


def list_models(project) -> list[Model]:
    """A project's models with `version_count`, their aliases and newest versions, the latest changed first."""
    newest = _with_aliases(ModelVersion.objects.order_by("-number"))
    models = Model.objects.filter(project=project).annotate(
        version_count=Count("versions"), last_version_at=Max("versions__created_at")
    )
    aliases = Alias.objects.select_related("version__model").order_by("name")
    return list(
        models.prefetch_related(Prefetch("aliases", aliases), Prefetch("versions", newest)).order_by(
            "-last_version_at", "name"
        )
    )


def get_model(project, name: str) -> Model:
    model = Model.objects.filter(project=project, name=name).select_related("project").first()
    if model is None:
        raise NotFound(f"There is no model named {name} in this project.")
    return model


def list_versions(model: Model) -> QuerySet[ModelVersion]:
    """Newest first, with aliases."""
    return _with_aliases(ModelVersion.objects.filter(model=model)).order_by("-number")


def list_project_versions(project) -> QuerySet[ModelVersion]:
    """All registered versions of a project, newest first."""
    return _with_aliases(ModelVersion.objects.filter(model__project=project)).order_by("-pk")


def get_version(project, name: str, number: int) -> ModelVersion:
    """One version with everything its page shows; NotFound when there is none."""
    found = ModelVersion.objects.filter(model__project=project, model__name=name, number=min(number, MAX_NUMBER))
    version = found.select_related(*RELATED, "artifact__run__created_by").prefetch_related("aliases").first()
    if version is None:
        raise NotFound(f"There is no version {number} of a model named {name} in this project.")
    return version


def find_champion(project) -> ModelVersion | None:
    """The version that should be live; of several models the one promoted last."""
    alias = Alias.objects.filter(model__project=project, name=rules.CHAMPION).order_by("-updated_at")
    found = alias.select_related("version__model", "version__evaluation", "version__artifact__run__project").first()
    return found.version if found else None


def find_alias(model: Model, name: str) -> ModelVersion | None:
    """The version an alias of one model points at."""
    alias = Alias.objects.filter(model=model, name=name).select_related("version__model").first()
    return alias.version if alias else None


def list_registrable(project) -> QuerySet[Artifact]:
    """Artifacts of finished runs that are not registered yet, newest first."""
    found = Artifact.objects.filter(run__project=project, run__job__state=Job.State.SUCCEEDED)
    return found.filter(model_versions__isnull=True).select_related("run").defer("manifest").order_by("-pk")


def compare_with_champion(version: ModelVersion) -> Standing:
    """Scores of the version beside the champion's, on the same dataset version and split where both were measured."""
    champion = find_alias(version.model, rules.CHAMPION)
    if version.evaluation is None:
        return Standing(champion, None, [])
    other = None
    if champion is not None and champion.pk != version.pk:
        evaluation = version.evaluation
        other = evaluations.find_evaluation(champion.artifact, evaluation.dataset_version, evaluation.split)
    metrics = evaluations.get_metrics(version.model.project)
    reference = other.metrics if other else {}
    return Standing(champion, other, evaluation_rules.compare_scores(version.evaluation.metrics, reference, metrics))


def read_scores(versions: Iterable[ModelVersion], project) -> dict[int, float | None]:
    """{version id: value of the project's key metric}."""
    key = get_key_metric(project).key
    return {v.pk: v.evaluation.metrics.get(key) if v.evaluation else None for v in versions}


def summarize_optimize(project) -> StageSummary:
    """What the loop page shows of models and aliases."""
    versions = ModelVersion.objects.filter(model__project=project).count()
    if not versions:
        if list_registrable(project).exists():
            headline = "A trained model can be registered"
            return StageSummary(Stage.OPTIMIZE, StageState.READY, headline, (), "models", "Register a model")
        return StageSummary(Stage.OPTIMIZE, StageState.EMPTY, "Needs a trained model")
    aliases = {a.name: a.version for a in _list_aliases(project)}
    figures = [count_figure("version", versions)]
    figures += [Figure(name, str(aliases[name])) for name in (rules.CHAMPION, rules.CANDIDATE) if name in aliases]
    if rules.CANDIDATE in aliases:
        state, headline, label = StageState.READY, "A candidate waits to be promoted", "Look at the candidate"
    elif rules.CHAMPION not in aliases:
        state, headline, label = StageState.READY, "No version is champion yet", "Choose a champion"
    else:
        state, headline, label = StageState.DONE, f"{aliases[rules.CHAMPION]} is champion", "See models"
    return StageSummary(Stage.OPTIMIZE, state, headline, tuple(figures), "models", label)


def _list_aliases(project) -> QuerySet[Alias]:
    return Alias.objects.filter(model__project=project).select_related("version__model").order_by("updated_at")
