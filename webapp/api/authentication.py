"""Who a request is from: an API token in the Authorization header, or the browser's session."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed

from lifecycle.accounts.services import tokens

SCHEMES = ("bearer", "token")  # `Token` is what Label Studio's clients send


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer gm_…`` or ``Token gm_…``; the token, with its scope, becomes `request.auth`."""

    def authenticate(self, request):
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in SCHEMES:
            return None
        token = tokens.authenticate(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is not valid: it is unknown, expired or revoked.")
        return token.user, token

    def authenticate_header(self, request):
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a person in a browser; writes need the CSRF token."""


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "An API token from your account page."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
