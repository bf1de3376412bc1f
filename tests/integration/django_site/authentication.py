"""Who asks: the user whose public key verifies the token of the request."""

import glob
import os
import time

import jwt
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

# Seconds that the clocks of both sides may differ.
TOLERANCE = 20


def public_keys(username):
    """The keys of a user: FOLDER/keys/USERNAME/*."""
    for path in glob.glob(os.path.join(settings.FOLDER, "keys", glob.escape(username), "*")):
        with open(path, encoding="ascii") as stream:
            yield stream.read()


def verified_claims(token, username):
    for key in public_keys(username):
        try:
            return jwt.decode(token, key, algorithms=["RS256"])
        except jwt.InvalidTokenError:
            pass
    raise AuthenticationFailed("no key of the user verifies the token")


class TokenAuthentication(BaseAuthentication):
    """Authorization: JWT TOKEN, with the claims username, time and nonce."""

    def authenticate_header(self, request):
        return "JWT"

    def authenticate(self, request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "JWT":
            return None
        try:
            username = jwt.decode(token, options={"verify_signature": False})["username"]
            user = User.objects.get(username=username, is_active=True)
        except (jwt.InvalidTokenError, KeyError, User.DoesNotExist):
            raise AuthenticationFailed("there is no such user") from None
        claims = verified_claims(token, username)
        if not isinstance(claims.get("time"), int) or \
                abs(time.time() - claims["time"]) > TOLERANCE:
            raise AuthenticationFailed("the time of the token is wrong")
        # add() does nothing, and says so, if the key is there.
        if not claims.get("nonce") or \
                not cache.add(f"{username}:{claims['nonce']}", 1, 10 * TOLERANCE):
            raise AuthenticationFailed("the nonce was used before")
        return user, token
