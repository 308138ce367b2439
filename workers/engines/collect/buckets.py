"""The client of a bucket: the source's own keys, no address that was not checked, errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lifecycle.contracts.sources import BucketConfig, Surroundings
from workers.engines.collect.errors import SourceError, SourceUnreachable
from workers.engines.collect.hosts import resolve_host

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

CONNECT_SECONDS, READ_SECONDS = 10, 60


def open_client(config: BucketConfig, secrets: Mapping[str, str], surroundings: Surroundings) -> Any:
    """With the source's own keys or none at all: the worker's keys are not the source's."""
    import boto3  # 0.3 s to import
    from botocore import UNSIGNED
    from botocore.config import Config

    if config.endpoint_url:
        parts = urlsplit(config.endpoint_url)
        resolve_host(parts.hostname or "", parts.port, surroundings.private_addresses)
    key, secret = secrets.get("access_key_id"), secrets.get("secret_access_key")
    options: dict[str, Any] = {"signature_version": UNSIGNED} if not (key and secret) else {}
    settings = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"max_attempts": 3, "mode": "standard"},
        s3={"addressing_style": "path" if config.endpoint_url else "auto"},
        **options,
    )
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=config.endpoint_url or None,
        region_name=config.region or "us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=secrets.get("session_token"),
        config=settings,
    )
    _check_connections(client, surroundings.private_addresses)
    return client


def _check_connections(client: Any, rule_text: str) -> None:
    """Every connection goes to an address that was checked then: a name may lead elsewhere than a moment ago.

    botocore offers no public way to choose the connections of a client, hence its pool manager. A proxy that the
    operator has set is connected to as it is.
    """
    from botocore.awsrequest import (
        AWSHTTPConnection,
        AWSHTTPConnectionPool,
        AWSHTTPSConnection,
        AWSHTTPSConnectionPool,
    )

    def connect(connection: HTTPConnection, connect_unchecked: Any) -> Any:
        name = connection._dns_host
        connection._dns_host = resolve_host(name, connection.port, rule_text)
        try:
            return connect_unchecked()
        finally:
            connection._dns_host = name  # certificates are issued to it

    class PlainConnection(AWSHTTPConnection):
        def _new_conn(self) -> Any:
            return connect(self, super()._new_conn)

    class SecureConnection(AWSHTTPSConnection):
        def _new_conn(self) -> Any:
            return connect(self, super()._new_conn)

    class PlainPool(AWSHTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(AWSHTTPSConnectionPool):
        ConnectionCls = SecureConnection

    manager = client._endpoint.http_session._manager
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


@contextmanager
def explaining() -> Iterator[None]:
    """Turns what boto3 raises into a sentence; no message of S3 carries the secret key."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500 or code in ("SlowDown", "RequestTimeout"):
            raise SourceUnreachable(f"The bucket does not answer now ({code}).") from None
        raise SourceError(f"The bucket refused: {str(error)[:300]}") from None
    except BotoCoreError as error:
        cause = error.kwargs.get("error")
        if isinstance(cause, SourceError | SourceUnreachable):
            raise cause from None
        raise SourceUnreachable(f"The bucket cannot be reached: {str(error)[:300]}") from None
