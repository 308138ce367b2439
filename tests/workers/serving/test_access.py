"""Who may call a deployment: people by token, programs by key, nobody else."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from lifecycle.accounts.models import ApiToken
from lifecycle.contracts.serving import sign_call
from lifecycle.contracts.tokens import hash_token
from lifecycle.deployments import services
from tests.factories import MembershipFactory, UserFactory
from tests.workers.serving.conftest import make_token

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"row": {"x0": 0, "x1": 0, "x2": 0, "x3": 0}}
PATHS = ("/v1/cells", "/v2/models/cells", "/v2/models/cells/ready", "/v2/models/cells/versions/1/ready")


def status_for(serving, token: str, slug: str = "cells", scheme: str = "Bearer") -> int:
    return serving.post(f"/v1/{slug}/predict", BODY, Authorization=f"{scheme} {token}").status


def test_every_kind_of_caller_gets_what_fits(serving, tabular, deployment, build_other):
    viewer, stranger, admin, gone = (UserFactory() for _ in range(4))
    MembershipFactory(project=tabular, user=viewer, role="viewer")
    MembershipFactory(project=tabular, user=gone, role="owner")
    admin.is_superuser = True
    admin.save()
    gone.is_active = False
    gone.save()
    _, key = services.create_key(deployment=deployment, user=tabular.created_by, name="shop")
    other_key = services.create_key(deployment=build_other(), user=tabular.created_by, name="other")[1]
    revoked, secret = services.create_key(deployment=deployment, user=tabular.created_by, name="old")
    services.revoke_key(key=revoked, user=tabular.created_by)
    past = timezone.now() - timedelta(minutes=1)

    assert status_for(serving, make_token(viewer)) == 200
    assert status_for(serving, make_token(viewer, "predict")) == 200
    assert status_for(serving, make_token(viewer), scheme="Token") == 200
    assert status_for(serving, make_token(admin)) == 200
    assert status_for(serving, key) == 200
    assert status_for(serving, make_token(viewer, "read")) == 403
    assert status_for(serving, make_token(stranger)) == 404
    assert status_for(serving, other_key) == 404
    assert status_for(serving, make_token(viewer), slug="nobody") == 404
    assert status_for(serving, make_token(gone)) == 401
    assert status_for(serving, make_token(viewer, expires_at=past)) == 401
    assert status_for(serving, make_token(viewer, revoked_at=past)) == 401
    assert status_for(serving, secret) == 401
    assert status_for(serving, "gm_unknown") == 401
    assert status_for(serving, "") == 401
    assert status_for(serving, make_token(viewer), scheme="Basic") == 401
    assert status_for(serving, "gm_unknown", slug="nobody") == 401


@pytest.fixture
def build_other(tabular, version):
    return lambda: services.create(project=tabular, user=tabular.created_by, version=version, slug="other")


@pytest.mark.parametrize("path", PATHS)
def test_metadata_is_for_members_only(serving, path):
    assert serving.get(path).status == 200
    assert serving.get(path, Authorization=f"Bearer {make_token(UserFactory())}").status == 404
    assert serving.get(path, Authorization="").status == 401


def test_health_and_metrics_are_open(serving):
    for path in ("/healthz", "/metrics", "/v2", "/v2/health/live", "/v2/health/ready"):
        assert serving.get(path, Authorization="").status == 200


def test_the_web_process_signs_calls_of_one_deployment_for_a_minute(serving, build_other):
    build_other()
    secret = settings.SECRET_KEY

    assert status_for(serving, sign_call(secret, "cells")) == 200
    assert status_for(serving, sign_call(secret, "other")) == 401
    assert status_for(serving, sign_call("another secret", "cells")) == 401
    assert status_for(serving, sign_call(secret, "cells", now=time.time() - 61)) == 401
    assert status_for(serving, "gmc_99999999999999999999.x") == 401
    assert status_for(serving, "gmc_1e9.\udcff".encode("utf-8", "ignore").decode()) == 401


def test_a_revoked_token_opens_nothing_within_five_seconds(serving, tabular):
    token = make_token(tabular.created_by)
    assert status_for(serving, token) == 200

    ApiToken.objects.filter(token_hash=hash_token(token)).update(revoked_at=timezone.now())

    time.sleep(4.2)
    assert status_for(serving, token) == 401
