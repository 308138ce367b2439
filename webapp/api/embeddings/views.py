"""REST of vectors and maps: getter, one service call, serializer."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.datasets import selectors as datasets
from lifecycle.datasets.services import create_selection
from lifecycle.embeddings import selectors, services
from lifecycle.embeddings.codec import encode_colors
from lifecycle.exploration import selectors as exploration
from lifecycle.exploration.selectors import Scope
from lifecycle.exploration.services import start_act
from webapp.api.base import ProjectView
from webapp.api.embeddings import serializers as shapes
from webapp.api.exploration.serializers import ActOut
from webapp.api.exploration.views import respond_act
from webapp.api.parsers import OrjsonParser

BINARY = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


class EncoderView(ProjectView):
    def choose_encoder(self, number: int | None):
        version = selectors.get_usable_model(self.project, number) if number else None
        return services.choose_encoder(dataset=datasets.get_dataset(self.project), model_version=version)


class Encoders(EncoderView):
    """What turns the project's items into vectors."""

    @extend_schema(operation_id="encoders_list", responses=shapes.EncoderOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_encoders(self.project), shapes.EncoderOut)

    @extend_schema(request=shapes.EncoderChoice, responses={202: shapes.EncoderOut})
    def post(self, request, slug):
        """Encode the items that have no vector yet."""
        encoder = self.choose_encoder(self.parse(shapes.EncoderChoice).get("model_version"))
        encoder = services.start_embedding(encoder=encoder, user=request.user)
        return Response(shapes.EncoderOut(encoder).data, status=status.HTTP_202_ACCEPTED)


class EncoderDetail(ProjectView):
    @extend_schema(responses={204: None})
    def delete(self, request, slug, encoder_id):
        """Remove an encoder with its vectors, maps and searches."""
        services.delete_encoder(encoder=selectors.get_encoder(self.project, encoder_id), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Maps(EncoderView):
    """Maps of the project's items, newest first."""

    @extend_schema(operation_id="maps_list", responses=shapes.MapOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_maps(self.project), shapes.MapOut)

    @extend_schema(request=shapes.MapStart, responses={202: shapes.MapOut})
    def post(self, request, slug):
        """Draw a map; items without a vector are encoded first."""
        wanted = self.parse(shapes.MapStart)
        encoder = self.choose_encoder(wanted.pop("model_version", None))
        drawn = services.draw_map(encoder=encoder, user=request.user, **wanted)
        return Response(shapes.MapOut(drawn).data, status=status.HTTP_202_ACCEPTED)


class MapDetail(ProjectView):
    @extend_schema(responses=shapes.MapOut)
    def get(self, request, slug, map_id):
        return Response(shapes.MapOut(selectors.get_map(self.project, map_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, map_id):
        services.delete_map(drawn=selectors.get_map(self.project, map_id), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MapPoints(ProjectView):
    @extend_schema(responses=BINARY)
    def get(self, request, slug, map_id):
        """`GMP1`, uint32 n, float64 item ids, float32 x, float32 y, int16 clusters; little-endian, padded to 8."""
        points = selectors.read_points(selectors.get_map(self.project, map_id))
        return HttpResponse(points, content_type="application/octet-stream")


class MapColors(ProjectView):
    @extend_schema(responses=BINARY, parameters=[OpenApiParameter("by", str, description="With `color` other.")])
    def get(self, request, slug, map_id, color):
        """`GMC1`, uint32 length, legend as JSON, then uint16 codes or float32 values, in the order of the points.

        `color` is label, cluster, split, collection, predicted, confidence, excluded, time, annotator, labeled, source,
        site, group; width, height, aspect, bytes, mime, brightness, contrast, sharpness, channels of images; length,
        words, language of texts. For all else it is `other`, and `by` is `col.` and a column's name, `class.` and a
        class that an item may have among others, `tag.` and a tag, or `finding.` and a list of findings.
        """
        by = request.query_params.get("by", "") if color == "other" else color
        coloring = exploration.color_points(selectors.get_map(self.project, map_id), by)
        content = encode_colors(coloring.legend, coloring.values)
        return HttpResponse(content, content_type="application/octet-stream")


class Selections(ProjectView):
    """Items somebody chose, newest first. The items themselves: `items/?selection=`."""

    @extend_schema(operation_id="selections_list", responses=shapes.SelectionOut(many=True))
    def get(self, request, slug):
        return self.respond_page(datasets.list_selections(self.project), shapes.SelectionOut)

    @extend_schema(request=shapes.SelectionStart, responses={201: shapes.SelectionOut})
    def post(self, request, slug):
        wanted = self.parse(shapes.SelectionStart)
        if "map" in wanted and "cluster" in wanted:
            drawn = selectors.get_map(self.project, wanted["map"])
            selection = services.select_cluster(drawn=drawn, number=wanted["cluster"], user=request.user)
        else:
            items, title = wanted.get("items", []), wanted["title"]
            selection = create_selection(project=self.project, user=request.user, item_ids=items, title=title)
        return Response(shapes.SelectionOut(selection).data, status=status.HTTP_201_CREATED)


class SelectionDetail(ProjectView):
    @extend_schema(responses=shapes.SelectionOut)
    def get(self, request, slug, selection_id):
        return Response(shapes.SelectionOut(datasets.get_selection(self.project, selection_id)).data)

    @extend_schema(request=shapes.SelectionChange, responses={200: ActOut, 202: ActOut})
    def post(self, request, slug, selection_id):
        """Exclude, restore, tag, keep or send to labelling everything in the selection; as items/act/."""
        selection = datasets.get_selection(self.project, selection_id)
        wanted = self.parse(shapes.SelectionChange)
        act = start_act(
            project=self.project,
            user=request.user,
            action=wanted["action"],
            scope=Scope(selection=selection.pk),
            kind=wanted["finding"],
            tag=wanted["tag"],
        )
        return respond_act(act)


class LikeItem(ProjectView):
    @extend_schema(
        operation_id="items_like", parameters=[shapes.NeighborQuery], responses=shapes.NeighborOut(many=True)
    )
    def get(self, request, slug, item_id):
        """The items most like this one, nearest first."""
        item = datasets.get_item(self.project, item_id)
        limit = self.parse(shapes.NeighborQuery, data=request.query_params)["limit"]
        encoder = selectors.find_encoder(self.project)
        if encoder is None:
            raise Conflict("No item of this project has a vector yet. Post to encoders/ to have them encoded.")
        neighbors = selectors.list_like_item(encoder, item, limit=limit)
        if neighbors is None:
            raise Conflict("This item has no vector yet. Post to encoders/ to have new items encoded.")
        return Response(shapes.NeighborOut(neighbors, many=True, context={"slug": slug}).data)


class Searches(ProjectView):
    """Search by meaning: post a sentence (texts) or a picture (images), then get the search until it is ready."""

    parser_classes = [OrjsonParser, MultiPartParser]

    @extend_schema(
        request={
            "application/json": shapes.SearchText,
            "multipart/form-data": {
                "type": "object",
                "properties": {"picture": {"type": "string", "format": "binary"}},
            },
        },
        responses={202: shapes.SearchOut},
    )
    def post(self, request, slug):
        how = {
            "dataset": datasets.get_dataset(self.project),
            "encoder": selectors.find_query_encoder(self.project),
            "user": request.user,
        }
        if request.content_type.startswith("multipart/"):
            picture = request.FILES.get("picture")
            if picture is None:
                raise DomainError("No picture was sent.", fields={"picture": "Choose one."})
            content = picture.read(services.MAX_PICTURE_BYTES + 1)
            search = services.search_picture(**how, content=content)
        else:
            text = self.parse(shapes.SearchText)["text"]
            search = services.search_text(**how, text=text)
        return Response(_describe(search, slug), status=status.HTTP_202_ACCEPTED)


class SearchDetail(ProjectView):
    @extend_schema(parameters=[shapes.NeighborQuery], responses=shapes.SearchOut)
    def get(self, request, slug, search_id):
        """The search and, once it is encoded, what it finds."""
        limit = self.parse(shapes.NeighborQuery, data=request.query_params)["limit"]
        return Response(_describe(selectors.get_search(self.project, search_id), slug, limit))


def _describe(search, slug: str, limit: int = 24) -> dict:
    neighbors = selectors.list_like_search(search, limit=limit)
    return shapes.SearchOut(search, context={"slug": slug, "neighbors": neighbors}).data
