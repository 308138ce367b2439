"""Two projects with one object of every kind each, so that every URL can be called, and called with another's objects.

A new kind of argument in a URL is added to `World.arguments`; a URL with an argument that is not there fails the tests.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.accounts.services import tokens
from lifecycle.annotations.models import (
    Annotation,
    AssignmentRule,
    GoldItem,
    GuideVersion,
    LabelExport,
    LabelSchema,
    Review,
    Suggestion,
    Task,
    TaskComment,
    WebhookDelivery,
)
from lifecycle.annotations.services.backends import sign_picture
from lifecycle.annotations.services.suggestions import create_source
from lifecycle.annotations.services.webhooks import create_webhook
from lifecycle.common.blobs import open_blobs
from lifecycle.crawls.services import create_site, start_crawl, start_trial
from lifecycle.datasets.models import Collection, DatasetVersion, Selection, Upload, VersionExport, VersionTag
from lifecycle.deployments.models import Deployment, DeploymentKey, Prediction, Release
from lifecycle.embeddings.codec import Points, encode_points
from lifecycle.embeddings.models import Encoder, Map, Search
from lifecycle.exploration.models import ItemAct, SavedView
from lifecycle.jobs.models import Job
from lifecycle.monitoring.models import Alert
from lifecycle.pipelines.models import PipelineRun
from lifecycle.projects import invitations
from lifecycle.projects.models import Decision, Milestone, Project
from lifecycle.registry.models import Model, ModelVersion
from lifecycle.sources.models import Source, SourceRun
from tests import factories
from tests.versions import commit_rows


@dataclass
class World:
    """One project with its objects; `arguments` fills the URLs."""

    project: Project
    owner: User
    arguments: dict[str, Any] = field(default_factory=dict)

    def fill(self, names) -> dict[str, Any]:
        return {name: self.arguments[name] for name in names}


def build_world(name: str, number: int, folder: Path) -> World:
    """`number` is what numbered objects carry, so that two worlds share no address. `folder` is for passing files."""
    owner = factories.UserFactory(username=f"owner-{name}")
    project = factories.ProjectFactory(owner=owner, slug=name, problem_type="text_classification")
    world = World(project, owner)
    _add_data(world, number, folder)
    for add in (_add_accounts, _add_planning, _add_training, _add_vectors, _add_serving):
        add(world, number)
    world.arguments |= {"slug": project.slug, "number": number, "old": number, "new": number}
    world.arguments |= {"kind": "csv", "size": 256, "topic": "label", "alias": "champion"}
    return world


def _add_accounts(world: World, number: int) -> None:
    token, _ = tokens.issue(user=world.owner, name="contract")
    invitation, secret = invitations.create(invited_by=world.owner, project=world.project, role="viewer")
    world.arguments |= {
        "token_id": token.pk,
        "user_id": world.owner.pk,
        "invitation_id": invitation.pk,
        "secret": secret,
        "uid": "MQ",
        "token": "abc-def",
    }


def _add_planning(world: World, number: int) -> None:
    milestone = Milestone.objects.create(project=world.project, stage="train", title="m", created_by=world.owner)
    decision = Decision.objects.create(project=world.project, title="d", created_by=world.owner)
    member = factories.UserFactory()
    membership = factories.MembershipFactory(project=world.project, user=member, role="viewer")
    world.arguments |= {
        "milestone_id": milestone.pk,
        "decision_id": decision.pk,
        "member_id": member.pk,
        "membership_id": membership.pk,
        "version": 1,
    }


def _add_data(world: World, number: int, folder: Path) -> None:
    dataset = world.project.datasets.get()
    rows = [(f"text {position} of {world.project.slug}", "ab"[position % 2]) for position in range(20)]
    version = commit_rows(dataset, rows, folder)
    DatasetVersion.objects.filter(pk=version.pk).update(number=number)
    item = dataset.items.order_by("pk").first()
    Collection.objects.update(job=factories.JobFactory(project=world.project, kind="ingest"))
    LabelSchema.objects.create(
        project=world.project, version=1, config="<View/>", classes=["a", "b"], created_by=world.owner
    )
    GuideVersion.objects.create(project=world.project, version=1, body="guide", created_by=world.owner)
    task = Task.objects.create(dataset=dataset, item=item)
    annotation = Annotation.objects.create(task=task, item=item, user=world.owner, value="a")
    suggestion = Suggestion.objects.create(task=task, created_by=world.owner)
    webhook, _ = create_webhook(project=world.project, actor=world.owner, url="https://example.org/hook")
    delivery = WebhookDelivery.objects.create(webhook=webhook, key=uuid.uuid4(), event="PING", body="{}")
    export = LabelExport.objects.create(project=world.project, created_by=world.owner)
    maker = create_source(project=world.project, actor=world.owner, kind="backend", title="B", url="http://example.org")
    rule = AssignmentRule.objects.create(project=world.project, title="r", shares={}, created_by=world.owner)
    comment = TaskComment.objects.create(task=task, author=world.owner, body="said in this project only")
    GoldItem.objects.create(task=task, annotation=annotation, value="a", created_by=world.owner)
    review = Review.objects.create(
        project=world.project, task=task, annotation=annotation, annotator=world.owner, reviewer=world.owner,
        verdict="accepted",
    )  # fmt: skip
    world.arguments |= {
        "review_id": review.pk,
        "rule_id": rule.pk,
        "comment_id": comment.pk,
        "project_pk": world.project.pk,
        "task_pk": task.pk,
        "annotation_pk": annotation.pk,
        "prediction_pk": suggestion.pk,
        "webhook_pk": webhook.pk,
        "webhook_id": webhook.pk,
        "delivery_id": delivery.pk,
        "object_name": "item",
        "export_pk": export.pk,
        "label_export_id": export.pk,
        "import_pk": (imported := factories.JobFactory(project=world.project, kind="label_import")).pk,
        "label_import_id": imported.pk,
        "maker_id": maker.pk,
        "maker_pk": maker.pk,
        "picture_name": sign_picture(item.pk),
        "user_pk": world.owner.pk,
        "view_pk": world.project.pk * 1_000,
    }
    upload = Upload.objects.create(project=world.project, name="a.csv", byte_size=1, created_by=world.owner)
    site = create_site(dataset=dataset, user=world.owner, title="Site", config={"start_urls": ["https://example.org/"]})
    crawl = start_crawl(source=site, user=world.owner)
    trial = start_trial(source=site, user=world.owner)
    _add_source(world, item.collection)
    world.arguments |= {"site_id": site.pk, "crawl_id": crawl.pk, "trial_id": trial.pk}
    view = SavedView.objects.create(project=world.project, name="all", created_by=world.owner)
    act = ItemAct.objects.create(project=world.project, action="exclude", item_ids=[], created_by=world.owner)
    world.arguments |= {
        "view_id": view.pk,
        "act_id": act.pk,
        "finding": "damaged",
        "item_id": item.pk,
        "task_id": task.pk,
        "annotation_id": annotation.pk,
        "collection_id": item.collection_id,
        "upload_id": upload.pk,
        "digest": version.manifest_blob,
        "export_id": VersionExport.objects.create(version=version, layout="csv", created_by=world.owner).pk,
        "tag": VersionTag.objects.create(
            dataset=dataset, version=version, name=f"gold{number}", created_by=world.owner
        ).name,
        "row": 0,
    }


def _add_source(world: World, collection: Collection) -> None:
    source = Source.objects.create(
        dataset=collection.dataset, kind="upload", title="Weekly", last_collection=collection, created_by=world.owner
    )
    SourceRun.objects.create(source=source, collection=collection)
    reject = b'{"source": "a.csv", "line": 2, "reason": "broken", "row": {"a": "=1"}}\n'
    Collection.objects.filter(pk=collection.pk).update(rejects_blob=open_blobs(settings.STORAGE_URL).put(reject))
    world.arguments |= {"source_id": source.pk, "source_kind": "sql"}


def _add_training(world: World, number: int) -> None:
    run = factories.RunFactory(project=world.project, number=number)
    blob = open_blobs(settings.STORAGE_URL).put(b"{}")
    artifact = factories.ArtifactFactory(run=run, files={"manifest.json": blob, "model.onnx": blob})
    evaluation = factories.EvaluationFactory(artifact=artifact)
    job = Job.objects.create(project=world.project, kind="train", queue="cpu", title="t")
    model = Model.objects.create(project=world.project, name=f"model-{number}")
    version = ModelVersion.objects.create(
        model=model, number=number, artifact=artifact, evaluation=evaluation, created_by=world.owner
    )
    spec = {"recipe": "text_fast", "parameters": {}, "promote": False, "deploy": False}
    PipelineRun.objects.create(project=world.project, number=number, spec=spec, created_by=world.owner)
    world.arguments |= {
        "run_id": run.pk,
        "experiment_id": run.experiment_id,
        "evaluation_id": evaluation.pk,
        "job_id": job.pk,
        "name": model.name,
        "model_version_id": version.pk,
    }


def _add_vectors(world: World, number: int) -> None:
    dataset = world.project.datasets.get()
    encoder = Encoder.objects.create(dataset=dataset, kind=Encoder.Kind.MINILM)
    points = encode_points(Points(np.arange(1), np.zeros((1, 2), np.float32), np.zeros(1, np.int16)))
    blob = open_blobs(settings.STORAGE_URL).put(points)
    drawn = Map.objects.create(encoder=encoder, method="pca", points_blob=blob, seconds=1, created_by=world.owner)
    search = Search.objects.create(encoder=encoder, text="t", content_hash=f"{number:064}", created_by=world.owner)
    ids = list(dataset.items.values_list("pk", flat=True)[:1])
    selection = Selection.objects.create(
        project=world.project, title="s", item_ids=ids, item_count=1, created_by=world.owner
    )
    world.arguments |= {
        "encoder_id": encoder.pk,
        "map_id": drawn.pk,
        "search_id": search.pk,
        "selection_id": selection.pk,
        "color": "label",
    }


def _add_serving(world: World, number: int) -> None:
    deployment = Deployment.objects.create(
        project=world.project, model=world.project.models.get(), slug=f"endpoint-{number}", created_by=world.owner
    )
    release = Release.objects.create(deployment=deployment, number=number, created_by=world.owner)
    Deployment.objects.filter(pk=deployment.pk).update(current_release=release)
    key = DeploymentKey.objects.create(
        deployment=deployment, name="k", token_hash=f"{number:064}", prefix="gm_x", created_by=world.owner
    )
    prediction = Prediction.objects.create(
        request_id=uuid.uuid4(),
        deployment=deployment,
        release_id=release.pk,
        model_version_id=world.arguments["model_version_id"],
        at=timezone.now(),
        door="v1",
        latency_ms=1.0,
    )
    alert = Alert.objects.create(deployment=deployment, kind="drift", level="warning", summary="s")
    world.arguments |= {
        "deployment": deployment.slug,
        "key_id": key.pk,
        "request_id": prediction.request_id,
        "alert_id": alert.pk,
        "release_number": number,
    }
