"""A model version as one zip: the ONNX file, the manifest, what it reads, and the card."""

from __future__ import annotations

import tempfile
import zipfile

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse
from django.views.decorators.http import require_GET

from lifecycle.common.blobs import open_blobs
from lifecycle.projects.selectors import get_project
from lifecycle.registry.selectors import get_version

CHUNK_BYTES = 1 << 20
MEMORY_BYTES = 8 * 2**20


@login_required
@require_GET
def download(request, slug, name, number):
    version = get_version(get_project(request.user, slug), name, number)
    return build_zip_response(version)


def build_zip_response(version) -> FileResponse:
    """The zip, built in a temporary file: models may be larger than what memory should hold."""
    blobs = open_blobs(settings.STORAGE_URL)
    folder = f"{version.model.name}-v{version.number}"
    out = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=str(settings.TEMP_DIR))  # noqa: SIM115 - the response closes it
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for file_name, digest in sorted(version.artifact.files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{file_name}", date_time=version.created_at.timetuple()[:6])
            with blobs.open(digest) as source, archive.open(entry, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
        archive.writestr(f"{folder}/README.md", version.card)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=f"{folder}.zip", content_type="application/zip")
