"""Data over REST: files in, imports, items."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from lifecycle.annotations.authors import find_authors
from lifecycle.datasets import selectors, services
from lifecycle.datasets.filters import FACT_RANGES, FACTS, ITEM_RANGES, SORTS, ItemFilters
from lifecycle.exploration import selectors as exploration
from lifecycle.sources import services as sources
from lifecycle.sources.selectors import may_have_contract
from webapp.api.base import ProjectView
from webapp.api.datasets import serializers
from webapp.api.datasets.parsers import PieceParser, take_piece
from webapp.api.pagination import refuse_page_numbers
from webapp.api.parsers import OrjsonParser
from webapp.files import read_offset, respond_file, respond_version, store_posted

OFFSET = OpenApiParameter("Upload-Offset", int, OpenApiParameter.HEADER, required=True, description="first byte sent")
FILTERS = [
    OpenApiParameter("label", str),
    OpenApiParameter("names", str, description="a class that the label names, alone or among others"),
    OpenApiParameter("labeled", str, enum=["yes", "no"]),
    OpenApiParameter("dated", str, enum=["yes", "no"], description="whether it is known what moment it is of"),
    OpenApiParameter("split", str),
    OpenApiParameter("collection", int),
    OpenApiParameter("selection", int, description="items chosen on the map and kept as a selection"),
    OpenApiParameter("excluded", str, enum=["no", "yes", "all"]),
    OpenApiParameter("group", str),
    OpenApiParameter("missing", str, description="a column without a value"),
    OpenApiParameter("tag", str),
    OpenApiParameter("finding", str, description="a list of findings"),
    OpenApiParameter("language", str, description="ISO 639-1, as a profile saw it"),
    OpenApiParameter("fact", str, enum=list(FACTS)),
    OpenApiParameter("q", str, description="words in the text, the row or the file name"),
    OpenApiParameter("sort", str, description=f"{', '.join(SORTS)}, col.<name> or -col.<name>"),
    *(
        OpenApiParameter(f"range.{name}", str, description="low..high, either end may be open; also range.col.<name>")
        for name in ITEM_RANGES + FACT_RANGES
    ),
    OpenApiParameter("at", str, description="from `next` or `previous` of another page"),
    OpenApiParameter("page_size", int),
]


class DatasetView(ProjectView):
    """The project's dataset: what kind of items it has, their columns and the shares of its splits."""

    @extend_schema(responses=serializers.DatasetOut)
    def get(self, request, slug):
        return Response(serializers.DatasetOut(selectors.get_dataset(self.project)).data)

    @extend_schema(request=serializers.DatasetChange, responses=serializers.DatasetOut)
    def patch(self, request, slug):
        """Set the shares of the splits and how items fall into them; items of a version never move."""
        change = self.parse(serializers.DatasetChange)
        dataset = selectors.get_dataset(self.project)
        dataset = services.update_splits(
            dataset=dataset,
            user=request.user,
            ratios=change["split_ratios"],
            policy=change.get("split_policy"),
        )
        return Response(serializers.DatasetOut(dataset).data)


class UploadsView(ProjectView):
    """Files on their way in."""

    parser_classes = [OrjsonParser, MultiPartParser]

    @extend_schema(parameters=[serializers.UploadQuery], responses=serializers.UploadOut(many=True))
    def get(self, request, slug):
        """Newest first; `unfinished` lists your own files that stopped on their way in, of drafts, oldest first."""
        wanted = self.parse(serializers.UploadQuery, data=request.query_params)
        uploads = (
            selectors.list_unfinished_uploads(self.project, request.user)
            if wanted["unfinished"]
            else selectors.list_uploads(self.project)
        )
        if wanted.get("collection"):
            uploads = uploads.filter(collection=wanted["collection"])
        return self.respond_page(uploads, serializers.UploadOut)

    @extend_schema(
        request={
            "application/json": serializers.UploadStart,
            "multipart/form-data": {
                "type": "object",
                "properties": {
                    "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    "paths": {"type": "array", "items": {"type": "string"}},
                    "collection": {"type": "integer"},
                },
            },
        },
        responses={201: serializers.UploadOut(many=True)},
    )
    def post(self, request, slug):
        """Announce one file, whose pieces follow with PATCH; or send whole (small) files as a form.

        Answers with a list in both cases.
        """
        if request.content_type.startswith("multipart/"):
            number = request.data.get("collection", "")
            collection = self._find_collection(int(number)) if number.isascii() and number.isdigit() else None
            uploads = store_posted(request, self.project, collection)
        else:
            wanted = self.parse(serializers.UploadStart)
            collection = self._find_collection(wanted.pop("collection", None))
            uploads = [services.start_upload(project=self.project, user=request.user, collection=collection, **wanted)]
        return Response(serializers.UploadOut(uploads, many=True).data, status=status.HTTP_201_CREATED)

    def _find_collection(self, number: int | None):
        return selectors.get_collection(self.project, number) if number else None


class UploadView(ProjectView):
    """One file on its way in. Broken off? GET says with `received` where to go on."""

    parser_classes = [PieceParser]

    @extend_schema(responses=serializers.UploadOut)
    def get(self, request, slug, upload_id):
        return Response(serializers.UploadOut(selectors.get_upload(self.project, upload_id)).data)

    @extend_schema(
        parameters=[OFFSET], request={"application/octet-stream": OpenApiTypes.BINARY}, responses=serializers.UploadOut
    )
    def patch(self, request, slug, upload_id):
        """Add the piece (at most 8 MiB) that starts at `Upload-Offset`; the last one completes the file."""
        upload = selectors.get_upload(self.project, upload_id)
        content = take_piece(request)
        upload = services.append_part(upload=upload, offset=read_offset(request), content=content)
        return Response(serializers.UploadOut(upload).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, upload_id):
        services.discard_upload(upload=selectors.get_upload(self.project, upload_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadComparisonView(ProjectView):
    """Is a file that was chosen again the one that was begun?"""

    parser_classes = [PieceParser]

    @extend_schema(
        parameters=[OFFSET], request={"application/octet-stream": OpenApiTypes.BINARY}, responses=serializers.UploadOut
    )
    def post(self, request, slug, upload_id):
        """Compare a piece that the server has with the same piece of a file: the first one or the last one so far.
        200 when they are equal, 409 with the code `other_content` when this is another file."""
        upload = selectors.get_upload(self.project, upload_id)
        content = take_piece(request)
        services.compare_part(upload=upload, offset=read_offset(request), content=content)
        return Response(serializers.UploadOut(upload).data)


class CollectionsView(ProjectView):
    """Imports, newest first."""

    @extend_schema(responses=serializers.CollectionOut(many=True))
    def get(self, request, slug):
        return self.respond_page(
            selectors.list_collections(self.project).select_related("source_run"), serializers.CollectionOut
        )

    @extend_schema(request=serializers.CollectionStart, responses={202: serializers.CollectionOut})
    def post(self, request, slug):
        """Import uploaded files. Without a mapping the columns are guessed by their names."""
        wanted = self.parse(serializers.CollectionStart)
        is_started, mapping = wanted.pop("start"), wanted.pop("mapping", None)
        folders = wanted.pop("folders_are_labels")
        dataset = selectors.get_dataset(self.project)
        collection = services.create_collection(dataset=dataset, user=request.user, **wanted)
        if is_started:
            collection = services.start_import(
                collection=collection, user=request.user, mapping=mapping, folders_are_labels=folders
            )
        return Response(serializers.CollectionOut(collection).data, status=status.HTTP_202_ACCEPTED)


class CollectionView(ProjectView):
    """One import and what came of it."""

    @extend_schema(responses=serializers.CollectionOut)
    def get(self, request, slug, collection_id):
        return Response(serializers.CollectionOut(selectors.get_collection(self.project, collection_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, collection_id):
        """Throw a draft away."""
        services.discard_collection(collection=selectors.get_collection(self.project, collection_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CollectionPreviewView(ProjectView):
    """What a draft's files seem to be."""

    @extend_schema(responses=serializers.PreviewOut)
    def get(self, request, slug, collection_id):
        return Response(_describe_preview(selectors.get_collection(self.project, collection_id)))

    @extend_schema(request=None, responses={202: serializers.PreviewOut})
    def post(self, request, slug, collection_id):
        """Have a worker look at the files."""
        collection = selectors.get_collection(self.project, collection_id)
        collection = services.inspect_collection(collection=collection, user=request.user)
        return Response(_describe_preview(collection), status=status.HTTP_202_ACCEPTED)


class CollectionStartView(ProjectView):
    @extend_schema(request=serializers.ImportStart, responses={202: serializers.CollectionOut})
    def post(self, request, slug, collection_id):
        """Import the files of a draft; tables under a contract unless told otherwise."""
        wanted = self.parse(serializers.ImportStart)
        collection = selectors.get_collection(self.project, collection_id)
        contract = wanted.pop("contract")
        if may_have_contract(collection) if contract is None else contract:
            del wanted["folders_are_labels"]
            collection = sources.adopt_draft(collection=collection, user=request.user, **wanted).collection
        else:
            collection = services.start_import(collection=collection, user=request.user, **wanted)
        return Response(serializers.CollectionOut(collection).data, status=status.HTTP_202_ACCEPTED)


class RejectsView(ProjectView):
    """What an import set aside, and why."""

    @extend_schema(responses=serializers.RejectOut(many=True))
    def get(self, request, slug, collection_id):
        collection = selectors.get_collection(self.project, collection_id)
        return self.respond_page(selectors.list_rejects(collection), serializers.RejectOut)


class ItemsView(ProjectView):
    """Items by filter; follow `next` through any number of them."""

    @extend_schema(parameters=FILTERS, responses=serializers.ItemPageOut)
    def get(self, request, slug):
        filters = ItemFilters.from_query(request.query_params)
        size = _read_size(request.query_params.get("page_size", ""))
        refuse_page_numbers(request)
        page = exploration.list_items(self.project, filters, at=request.query_params.get("at", ""), size=size)
        tally = exploration.count_items(self.project, filters)
        rows = serializers.ItemOut(page.items, many=True, context={"slug": slug}).data
        body = {
            "count": tally.count if tally.is_exact else None,
            "next": self._link(request, page.next_at),
            "previous": self._link(request, page.previous_at),
            "results": rows,
        }
        return Response(body)

    @extend_schema(request=serializers.ItemsChange, responses=serializers.Changed)
    def patch(self, request, slug):
        """Exclude or restore many items at once."""
        wanted = self.parse(serializers.ItemsChange)
        change = services.exclude_items if wanted["is_excluded"] else services.restore_items
        return Response({"changed": change(project=self.project, user=request.user, item_ids=wanted["items"])})

    def _link(self, request, at: str) -> str | None:
        if not at:
            return None
        query = request.query_params.copy()
        query.pop("page", None)
        query["at"] = at
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class ItemView(ProjectView):
    """One item."""

    @extend_schema(responses=serializers.ItemOut)
    def get(self, request, slug, item_id):
        item = selectors.get_item(self.project, item_id)
        return Response(serializers.ItemOut(item, context={"slug": slug}).data)

    @extend_schema(request=serializers.ItemChange, responses=serializers.ItemOut)
    def patch(self, request, slug, item_id):
        """Exclude the item from coming versions, or take it in again."""
        item, wanted = selectors.get_item(self.project, item_id), self.parse(serializers.ItemChange)
        change = services.exclude_items if wanted["is_excluded"] else services.restore_items
        change(project=self.project, user=request.user, item_ids=[item.pk])
        item = selectors.get_item(self.project, item_id)
        return Response(serializers.ItemOut(item, context={"slug": slug}).data)


class ItemFileView(ProjectView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request, slug, item_id):
        """The picture or sound exactly as it was uploaded."""
        return respond_file(selectors.get_item(self.project, item_id))


class VersionsView(ProjectView):
    """Dataset versions, newest first."""

    @extend_schema(parameters=[serializers.VersionsQuery], responses=serializers.VersionOut(many=True))
    def get(self, request, slug):
        """Those that are not archived; all of them with `archived=true`."""
        wanted = self.parse(serializers.VersionsQuery, data=request.query_params)
        versions = selectors.list_versions(self.project)
        found = versions if wanted["archived"] else versions.filter(archived_at=None)
        return self.respond_page(found, serializers.VersionOut)

    @extend_schema(request=serializers.VersionCommit, responses={202: serializers.JobStarted})
    def post(self, request, slug):
        """Commit what is there now. The job's result says which version that is."""
        wanted = self.parse(serializers.VersionCommit)
        dataset = selectors.get_dataset(self.project)
        job = services.commit_version(dataset=dataset, user=request.user, message=wanted["message"])
        return Response({"job": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)


class VersionView(ProjectView):
    """One version with its class balance."""

    @extend_schema(responses=serializers.VersionOut)
    def get(self, request, slug, number):
        return Response(serializers.VersionOut(selectors.get_version(self.project, number)).data)


class VersionItemsView(ProjectView):
    """A version's items with their split and label of then."""

    @extend_schema(parameters=[serializers.VersionItemsQuery], responses=serializers.VersionItemsOut)
    def get(self, request, slug, number):
        version = selectors.get_version(self.project, number)
        wanted = self.parse(serializers.VersionItemsQuery, data=request.query_params)
        lines, count = selectors.list_version_items(version, **wanted)
        return Response({"count": count, "results": serializers.VersionLine(lines, many=True).data})


class VersionDiffView(ProjectView):
    """What changed from one version to another, and who gave the labels."""

    @extend_schema(parameters=[serializers.DiffQuery], responses=serializers.DiffOut)
    def get(self, request, slug, old, new):
        before, after = (selectors.get_version(self.project, n) for n in (old, new))
        wanted = self.parse(serializers.DiffQuery, data=request.query_params)
        counts = selectors.compare_versions(before, after)
        change = wanted.get("change") or next((name for name, n in counts.items() if n), "added")
        lines = selectors.list_changes(before, after, change=change, page=wanted["page"])
        labels = [pk for line in lines for pk in (line.old_annotation_id, line.new_annotation_id)]
        context = {"authors": find_authors(self.project, labels)}
        results = serializers.DiffLine(lines, many=True, context=context).data
        return Response({"counts": counts, "change": change, "results": results})


class VersionDownloadView(ProjectView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request, slug, number, kind):
        """The whole version as Parquet or CSV."""
        return respond_version(self.project, number, kind)


def _describe_preview(collection) -> dict:
    return {"is_ready": bool(collection.preview), "preview": collection.preview, "job": collection.job_id}


def _read_size(text: str) -> int:
    return min(max(int(text), 1), 1_000) if text.isascii() and text.isdigit() and len(text) < 6 else 50
