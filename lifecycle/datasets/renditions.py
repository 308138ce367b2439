"""Pictures as a browser should get them: re-encoded, upright, no larger than asked for. Made once, kept as blobs."""

from __future__ import annotations

import io

from django.conf import settings
from PIL import Image, ImageOps

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.picture_depth import flatten_depth
from lifecycle.datasets.models import Item, Rendition

SIZES = (96, 320, 1600)  # longest side in pixels: strip, gallery, item page
MIME = "image/webp"
LOSSLESS_UP_TO = 128
MAX_PIXELS = IngestLimits().image_pixels


def load_rendition(item: Item, size: int) -> tuple[str, bytes]:
    """(blob name, content) of the item's picture in one of SIZES, as WebP."""
    if not item.is_picture:
        raise NotFound("This item is not a picture.")
    if size not in SIZES:
        raise NotFound(f"Pictures come in {', '.join(map(str, SIZES))} pixels.")
    blobs = open_blobs(settings.STORAGE_URL)
    known = Rendition.objects.filter(blob=item.blob, size=size).values_list("rendered_blob", flat=True).first()
    if known:
        try:
            return known, blobs.get(known)
        except FileNotFoundError:
            Rendition.objects.filter(blob=item.blob, size=size).delete()  # a restored backup without its cache
    content = _render(blobs.get(item.blob), size)
    digest = blobs.put(content)
    Rendition.objects.bulk_create([Rendition(blob=item.blob, size=size, rendered_blob=digest)], ignore_conflicts=True)
    return digest, content


def _render(content: bytes, size: int) -> bytes:
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DomainError("This picture is too large to show.")
            image.draft("RGB", (size, size))  # lets the JPEG decoder skip most of the work
            picture = flatten_depth(ImageOps.exif_transpose(image))
            picture = picture.convert("RGBA" if _has_alpha(picture) else "RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise DomainError(f"This picture cannot be shown: {error}") from None
    is_small = max(picture.size) <= LOSSLESS_UP_TO
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", lossless=is_small, quality=84, method=3)
    return out.getvalue()


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
