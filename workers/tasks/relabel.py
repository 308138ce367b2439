"""Brings the answers of a project in line with a schema whose labels were renamed or taken out."""

from lifecycle.annotations import selectors
from lifecycle.annotations.models import LabelSchema
from lifecycle.annotations.schema_rules import SchemaChange
from lifecycle.annotations.services import renames
from workers.runtime import JobContext, job_task


@job_task("relabel", queue="io")
def relabel(context: JobContext) -> dict:
    schema = LabelSchema.objects.select_related("project").get(pk=context.spec["schema_id"])
    before = LabelSchema.objects.get(project=schema.project, version=schema.version - 1)
    count = renames.migrate_answers(
        project=schema.project,
        schema=schema,
        change=SchemaChange.from_json(context.spec["change"]),
        old=selectors.read_interface(schema.project, before),
        should_stop=context.should_stop,
    )
    return {"answers": count}
