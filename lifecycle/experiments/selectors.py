"""Reads on experiments, runs and what they left behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, FloatField, Func, IntegerField, Max, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.loop import Figure, StageState, StageSummary, count_figure
from lifecycle.contracts.problems import MetricDefinition, get_problem_type
from lifecycle.contracts.recipes import Recipe, list_recipes
from lifecycle.datasets.models import DatasetVersion
from lifecycle.experiments import rules
from lifecycle.experiments.models import Artifact, Checkpoint, Experiment, Run
from lifecycle.jobs.models import Job
from lifecycle.jobs.selectors import ACTIVE
from lifecycle.projects.models import Charter, Stage

SORTS = ("number", "score", "seconds", "recipe", "version")
MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class RunFilters:
    """What a list of runs shows; empty means all. `sort` is one of SORTS, with a leading - for descending."""

    state: str = ""
    recipe: str = ""
    experiment: int | None = None
    version: int | None = None
    search: str = ""
    sort: str = "-number"
    metric: str = ""  # what the sort "score" goes by; the project's key metric when empty


def get_key_metric(project) -> MetricDefinition:
    """The score this project is judged by: its charter's target, or the problem type's first."""
    problem_type = get_problem_type(project.problem_type)
    charter = Charter.objects.filter(project=project).order_by("-version").only("target_metric").first()
    known = {metric.key: metric for metric in problem_type.metrics}
    return known.get(charter.target_metric if charter else "", problem_type.metrics[0])


def list_project_recipes(project) -> tuple[Recipe, ...]:
    """The recipes that fit the project's problem type, the usual choice first."""
    default = get_problem_type(project.problem_type).default_recipe
    return tuple(sorted(list_recipes(project.problem_type), key=lambda r: (r.key != default, r.order, r.title)))


def get_run(project, number: int) -> Run:
    """One run with what its page shows; NotFound when the project has none of that number."""
    runs = Run.objects.filter(project=project, number=min(number, MAX_NUMBER))
    run = runs.select_related("project", "experiment", "dataset_version__dataset", "job", "created_by").first()
    if run is None:
        raise NotFound(f"There is no run {number} in this project.")
    return run


def get_run_number(project, run_id: int) -> int:
    """The number of a run known by its row id; NotFound when it is not this project's."""
    number = Run.objects.filter(project=project, pk=run_id).values_list("number", flat=True).first()
    if number is None:
        raise NotFound("There is no such run in this project.")
    return number


def load_run(run_id: int) -> Run:
    """One run by its row id, for the worker that trains it."""
    return Run.objects.select_related("project", "dataset_version__dataset", "job", "created_by").get(pk=run_id)


def list_runs(project, filters: RunFilters | None = None) -> QuerySet[Run]:
    """Runs of a project; raises DomainError for a sort it does not know."""
    filters = filters or RunFilters()
    runs = Run.objects.filter(project=project).select_related("experiment", "dataset_version", "job", "created_by")
    wanted = {
        "job__state": filters.state,
        "recipe": filters.recipe,
        "experiment_id": filters.experiment,
        "dataset_version__number": filters.version,
    }
    runs = runs.filter(**{name: value for name, value in wanted.items() if value})
    if filters.search:
        matches = Q(name__icontains=filters.search) | Q(notes__icontains=filters.search)
        number = filters.search.strip().lstrip("#")
        runs = runs.filter(matches | Q(number=int(number)) if number.isdecimal() and len(number) < 10 else matches)
    return _sort(runs.defer("environment", "notes"), project, filters)


def _sort(runs: QuerySet[Run], project, filters: RunFilters) -> QuerySet[Run]:
    key, descending = filters.sort.lstrip("-"), filters.sort.startswith("-")
    if key not in SORTS:
        raise DomainError(f"Runs can be sorted by {', '.join(SORTS)}.", fields={"sort": "Unknown."})
    if key == "score":
        metric = filters.metric or get_key_metric(project).key
        field: Cast | F = Cast(KT(f"metrics__{metric}"), FloatField())
    else:
        field = F({"version": "dataset_version__number"}.get(key, key))
    order = field.desc(nulls_last=True) if descending else field.asc(nulls_last=True)
    return runs.order_by("-number") if filters.sort == "-number" else runs.order_by(order, "-number")


def list_runs_by_number(project, numbers: Iterable[int]) -> list[Run]:
    """The runs with these numbers in the order asked for, each once, at most as many as can be compared."""
    wanted = list(dict.fromkeys(n for n in numbers if 0 < n <= MAX_NUMBER))[: rules.MAX_COMPARED_RUNS]
    found = Run.objects.filter(project=project, number__in=wanted)
    by_number = {r.number: r for r in found.select_related("experiment", "dataset_version", "job", "created_by")}
    return [by_number[number] for number in wanted if number in by_number]


def list_experiments(project) -> QuerySet[Experiment]:
    """Groups of runs with how many each holds, the latest used first."""
    counted = Experiment.objects.filter(project=project).annotate(
        run_count=Count("runs"),
        running_count=Count("runs", filter=Q(runs__job__state__in=ACTIVE)),
        last_run_at=Max("runs__created_at"),
    )
    return counted.order_by(F("last_run_at").desc(nulls_last=True), "-pk")


def list_experiment_names(project) -> QuerySet[Experiment]:
    """Groups of runs without figures, for menus; the newest first."""
    return Experiment.objects.filter(project=project).only("pk", "name").order_by("-pk")


def get_experiment(project, experiment_id: int) -> Experiment:
    experiment = Experiment.objects.filter(project=project, pk=experiment_id).first()
    if experiment is None:
        raise NotFound("There is no such experiment in this project.")
    return experiment


def list_versions(project) -> QuerySet[DatasetVersion]:
    """Dataset versions one can train on, newest first."""
    return DatasetVersion.objects.filter(dataset__project=project).select_related("dataset").order_by("-pk")


def get_version(project, number: int) -> DatasetVersion:
    """The version with this number; NotFound when the project has none."""
    version = list_versions(project).filter(number=min(number, MAX_NUMBER)).first()
    if version is None:
        raise NotFound(f"There is no dataset version {number} in this project.")
    return version


def find_baselines(versions: Iterable[int]) -> dict[int, Run]:
    """{dataset version id: its newest finished baseline run}, in one query."""
    runs = Run.objects.filter(dataset_version_id__in=set(versions), is_baseline=True, job__state=Job.State.SUCCEEDED)
    return {run.dataset_version_id: run for run in runs.order_by("pk").select_related("job")}


def find_artifact(run: Run) -> Artifact | None:
    """What a finished run left behind, the newest if it was trained again."""
    return Artifact.objects.filter(run=run).order_by("-pk").first()


def get_artifact(project, artifact_id: int) -> Artifact:
    artifact = Artifact.objects.filter(run__project=project, pk=artifact_id).select_related("run__project").first()
    if artifact is None:
        raise NotFound("There is no such artifact in this project.")
    return artifact


def find_last_checkpoint(run: Run) -> Checkpoint | None:
    return Checkpoint.objects.filter(run=run).order_by("-step").first()


class _JsonCount(Func):
    """How many keys a JSON object has."""

    template = "(SELECT count(*) FROM jsonb_object_keys(%(expressions)s))"
    output_field = IntegerField()


def list_checkpoints(run: Run) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(run=run).annotate(file_count=_JsonCount("files")).order_by("-step")


def count_by_state(project) -> dict[str, int]:
    """{job state: runs} of a project."""
    rows = Run.objects.filter(project=project).order_by().values("job__state").annotate(runs=Count("pk"))
    return {row["job__state"] or "": row["runs"] for row in rows}


def find_best_run(project, metric: MetricDefinition) -> Run | None:
    """The finished run, baselines aside, with the best validation score."""
    sort = "-score" if metric.higher_is_better else "score"
    runs = list_runs(project, RunFilters(state=Job.State.SUCCEEDED, sort=sort, metric=metric.key))
    return runs.filter(is_baseline=False, metrics__has_key=metric.key).first()


def summarize_train(project) -> StageSummary:
    """What the loop page shows of training."""
    counts = count_by_state(project)
    has_version = bool(counts) or DatasetVersion.objects.filter(dataset__project=project).exists()
    if not counts:
        state = StageState.READY if has_version else StageState.EMPTY
        headline = "Ready to train" if has_version else "Needs a dataset version"
        action = ("run-new", "Train a model") if has_version else ("", "")
        return StageSummary(Stage.TRAIN, state, headline, (), *action)
    active = sum(counts.get(s, 0) for s in ACTIVE)
    metric = get_key_metric(project)
    best = find_best_run(project, metric)
    figures = [count_figure("run", sum(counts.values()))]
    if best:
        figures.append(Figure(f"best {metric.title}", f"{best.metrics[metric.key]:.4g}"))
    state, headline = _describe_progress(active, best is not None, counts.get(Job.State.FAILED, 0))
    return StageSummary(Stage.TRAIN, state, headline, tuple(figures), "runs", "Compare runs" if best else "See runs")


def _describe_progress(active: int, has_best: bool, failed: int) -> tuple[StageState, str]:
    if active:
        return StageState.WORKING, f"{active} {'run' if active == 1 else 'runs'} training"
    if has_best:
        return StageState.DONE, "Trained"
    if failed:
        return StageState.ATTENTION, "No run has succeeded yet"
    return StageState.READY, "Train a model that beats the baseline"


def compare_runs(runs: Sequence[Run], metrics: Sequence[MetricDefinition]) -> tuple[list, list]:
    """(parameter rows, metric rows) of runs side by side."""
    settings = [{"recipe": r.recipe, "dataset version": str(r.dataset_version), "seed": r.seed} for r in runs]
    parameters = rules.compare_parameters([{**s, **r.parameters} for s, r in zip(settings, runs, strict=True)])
    rows = []
    for metric in metrics:
        values = tuple(run.metrics.get(metric.key) for run in runs)
        if any(value is not None for value in values):
            best = rules.find_best(values, higher_is_better=metric.higher_is_better)
            rows.append(rules.MetricRow(metric.key, metric.title, values, best))
    return parameters, rows
