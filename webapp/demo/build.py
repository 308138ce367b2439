"""Build the demonstration projects through the services that a person's clicks use; every stage is done only once."""

from __future__ import annotations

import base64
import io
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
from django.conf import settings
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets import services as datasets
from lifecycle.datasets.models import Collection, Dataset, DatasetVersion, Item
from lifecycle.deployments import services as deployments
from lifecycle.deployments.models import Deployment, Feedback, Prediction
from lifecycle.embeddings import services as embeddings
from lifecycle.evaluations import services as evaluations
from lifecycle.evaluations.models import Evaluation, EvaluationDecision
from lifecycle.experiments import services as experiments
from lifecycle.experiments.models import Run
from lifecycle.exploration import services as exploration
from lifecycle.jobs.models import Job
from lifecycle.pipelines.onboarding import create_project
from lifecycle.projects import services as projects
from lifecycle.projects.models import Milestone, Project
from lifecycle.registry import selectors as registry_selectors
from lifecycle.registry import services as registry
from lifecycle.registry.models import ModelVersion
from webapp.demo.plans import PLANS, File, Plan
from webapp.pages.deployments.serving import ServingDown, predict

PREDICTIONS = 120
FEEDBACK_SHARE = 3  # the truth of every third prediction is known
JOB_PATIENCE_SECONDS = 600
SERVING_PATIENCE_SECONDS = 60
NAMESPACE = uuid.UUID("6d1f6b1e-7a5c-4c3b-9a53-2f6f1d0c9b11")

Say = Callable[[str], None]


class DemoFailed(RuntimeError):
    """The demonstration could not be built; the message says what stood in the way."""


@dataclass
class Build:
    """One plan on its way; `wait` holds the jobs that the next stage needs."""

    plan: Plan
    user: User
    made: Project | None = None

    @property
    def project(self) -> Project:
        """Raises AssertionError before the first stage has made it."""
        assert self.made is not None
        return self.made


def build_all(*, user, packages: Path, say: Say) -> list[Project]:
    """All demonstration projects live at the end. Running it again goes on where it stopped."""
    builds = [Build(plan, user) for plan in PLANS]
    stages = (
        ("Projects and charters", _create),
        ("Upload and import", lambda build: _import(build, packages)),
        ("Commit versions", _commit),
        ("Train (the longest part)", _train),
        ("Evaluate", _await_evaluation),
        ("Approve, register, promote", _promote),
        ("Deploy", _deploy),
        ("Predictions and feedback", _use),
        ("Profiles, faults and maps: workers go on with them", _explore),
    )
    for number, (title, stage) in enumerate(stages, start=1):
        started = time.monotonic()
        say(f"[{number}/{len(stages)}] {title} …")
        jobs = [job for build in builds for job in stage(build)]
        _wait(jobs, say)
        say(f"      done in {time.monotonic() - started:.0f} s")
    return [build.project for build in builds]


def _wait(jobs: list[Job], say: Say) -> None:
    deadline = time.monotonic() + JOB_PATIENCE_SECONDS
    open_ids = {job.pk for job in jobs}
    while open_ids:
        for job in Job.objects.filter(pk__in=open_ids):
            if job.state in (Job.State.FAILED, Job.State.CANCELED):
                raise DemoFailed(f"{job.title}: {job.error or job.state}")
            if job.state == Job.State.SUCCEEDED:
                open_ids.discard(job.pk)
                say(f"      {job.title}: done")
        if time.monotonic() > deadline:
            raise DemoFailed("The jobs do not finish. Does a worker run? See the page Jobs and workers.")
        time.sleep(0.3)


def _create(build: Build) -> Iterator[Job]:
    plan = build.plan
    build.made = Project.objects.filter(slug=plan.slug).first() or create_project(
        user=build.user,
        name=plan.name,
        problem_type=plan.problem_type,
        charter=plan.charter,
        classes=plan.classes,
        slug=plan.slug,
    )
    for number, (stage, title) in enumerate(plan.milestones):
        if not Milestone.objects.filter(project=build.project, title=title).exists():
            due = timezone.localdate() + timedelta(days=14 * (number + 1))
            projects.add_milestone(project=build.project, user=build.user, title=title, stage=stage, due_on=due)
    yield from ()


def _dataset(build: Build) -> Dataset:
    return Dataset.objects.get(project=build.project, name="main")


def _import(build: Build, packages: Path) -> Iterator[Job]:
    dataset = _dataset(build)
    if Collection.objects.filter(dataset=dataset, finished_at__isnull=False).count() >= 2:
        return
    for file in build.plan.read_files(packages):
        collection = Collection.objects.filter(dataset=dataset, title=file.name).exclude(job=None).first()
        job = (collection or _start_import(build, dataset, file)).job
        assert job is not None
        yield job


def _start_import(build: Build, dataset: Dataset, file: File) -> Collection:
    collection = datasets.create_collection(dataset=dataset, user=build.user, title=file.name, license=file.license)
    datasets.store_file(
        project=build.project,
        user=build.user,
        name=file.name,
        file=io.BytesIO(file.content),
        byte_size=len(file.content),
        collection=collection,
    )
    return datasets.start_import(
        collection=collection, user=build.user, mapping=file.mapping, folders_are_labels=file.folders_are_labels
    )


def _commit(build: Build) -> Iterator[Job]:
    if not DatasetVersion.objects.filter(dataset=_dataset(build)).exists():
        yield datasets.commit_version(dataset=_dataset(build), user=build.user, message="Everything as imported")


def _find_run(build: Build) -> Run | None:
    return Run.objects.filter(project=build.project, is_baseline=False).order_by("number").first()


def _train(build: Build) -> Iterator[Job]:
    run = _find_run(build) or experiments.start_run(
        project=build.project,
        user=build.user,
        recipe=build.plan.recipe,
        parameters={},
        seed=0,
        dataset_version=DatasetVersion.objects.get(dataset=_dataset(build), number=1),
        name="First model",
    )
    yield from Job.objects.filter(pk__in=Run.objects.filter(project=run.project).values("job_id"))


def _find_evaluation(build: Build) -> Evaluation:
    found = Evaluation.objects.filter(artifact__run=_find_run(build)).select_related("artifact__run", "job")
    evaluation = found.order_by("pk").first()
    if evaluation is None:
        raise DemoFailed(f"{build.plan.name}: the run was not evaluated.")
    return evaluation


def _await_evaluation(build: Build) -> Iterator[Job]:
    yield from Job.objects.filter(
        pk__in=Evaluation.objects.filter(project=build.project, job__isnull=False).values("job_id")
    )


def _promote(build: Build) -> Iterator[Job]:
    evaluation = _find_evaluation(build)
    if registry_selectors.find_champion(build.project) is None:
        if not EvaluationDecision.objects.filter(evaluation=evaluation).exists():
            evaluations.decide(
                evaluation=evaluation,
                user=build.user,
                verdict=EvaluationDecision.Verdict.APPROVED,
                reason="Far above the baseline, and no class is left behind. Good enough for a first release.",
            )
        version = registry.register(
            project=build.project, user=build.user, artifact=evaluation.artifact, evaluation=evaluation
        )
        registry.promote(version=version, user=build.user)
    yield from ()


def _deploy(build: Build) -> Iterator[Job]:
    if not Deployment.objects.filter(project=build.project).exists():
        champion = registry_selectors.find_champion(build.project)
        assert champion is not None
        deployments.create(project=build.project, user=build.user, version=champion, slug=build.plan.slug)
    yield from ()


def _use(build: Build) -> Iterator[Job]:
    """Real requests to the inference server, and what turned out to be true for some of them."""
    deployment = Deployment.objects.get(project=build.project, slug=build.plan.slug)
    sent = set(_request_ids(build.plan))
    known = set(Prediction.objects.filter(request_id__in=sent).values_list("request_id", flat=True))
    items = _pick_items(build)
    for item, request_id in zip(items, _request_ids(build.plan), strict=False):
        if request_id not in known:
            _predict(deployment, item, request_id)
    _await_log(sent, len(items))
    rows = [
        deployments.FeedbackRow(request_id=request_id, truth=item.label, idempotency_key=f"demo-{request_id}")
        for item, request_id in list(zip(items, _request_ids(build.plan), strict=False))[::FEEDBACK_SHARE]
    ]
    if not Feedback.objects.filter(project=build.project, idempotency_key=rows[0].idempotency_key).exists():
        deployments.record_feedback_rows(project=build.project, user=build.user, rows=rows)
    yield from ()


def _explore(build: Build) -> Iterator[Job]:
    """Ask for what the pages of exploration show; nobody has to wait for it."""
    dataset = _dataset(build)
    if not Job.objects.filter(project=build.project, kind="profile").exists():
        exploration.start_profile(dataset=dataset, user=build.user)
        exploration.start_scan(dataset=dataset, user=build.user)
        encoder = embeddings.choose_encoder(dataset=dataset, model_version=_find_encoder(build))
        embeddings.draw_map(encoder=encoder, user=build.user)
    yield from ()


def _find_encoder(build: Build) -> ModelVersion | None:
    """The model just trained sees digits better than an encoder of photographs does."""
    return registry_selectors.find_champion(build.project) if build.plan.problem_type.startswith("image") else None


def _request_ids(plan: Plan) -> list[uuid.UUID]:
    return [uuid.uuid5(NAMESPACE, f"{plan.slug}-{number}") for number in range(PREDICTIONS)]


def _pick_items(build: Build) -> list[Item]:
    found = Item.objects.filter(dataset=_dataset(build), label__isnull=False, split="test").order_by("content_hash")
    return list(found[:PREDICTIONS])


def _predict(deployment: Deployment, item: Item, request_id: uuid.UUID) -> None:
    body = orjson.dumps(_describe(item))
    deadline = time.monotonic() + SERVING_PATIENCE_SECONDS
    while True:
        try:
            answer = predict(deployment.slug, body, "application/json", request_id=str(request_id))
            if answer.is_good:
                return
            problem = f"{answer.status} {answer.body.get('detail', '')}"
        except ServingDown as error:
            problem = error.message
        if time.monotonic() > deadline:
            raise DemoFailed(f"The deployment {deployment.slug} does not answer: {problem}")
        time.sleep(0.5)


def _describe(item: Item) -> dict:
    if item.blob:
        return {"image": base64.b64encode(open_blobs(settings.STORAGE_URL).get(item.blob)).decode()}
    return {"text": item.text} if item.text else {"row": item.row}


def _await_log(request_ids: set[uuid.UUID], wanted: int) -> None:
    """Predictions are logged in bulk a moment later; feedback joins what is logged."""
    deadline = time.monotonic() + SERVING_PATIENCE_SECONDS
    while Prediction.objects.filter(request_id__in=request_ids).count() < wanted:
        if time.monotonic() > deadline:
            raise DemoFailed("The inference server answered but logged nothing. Look at var/log/serving.log.")
        time.sleep(0.3)
