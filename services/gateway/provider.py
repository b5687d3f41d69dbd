"""Signing in with an account elsewhere: OpenID Connect, the authorization code flow with PKCE (RFC 7636).

What the provider can do and which keys it signs with is looked up, and looked up again when it signs with another one.
What it tells is believed only when it was signed by one of those keys, for us, now, and for this very sign-in.
"""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic_core import from_json

from chassis import Problem
from chassis.outward import whole_of
from chassis.telemetry import log
from services.gateway.settings import GatewaySettings

#: What a provider may sign with: never a shared secret, never nothing.
ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512", "EdDSA", "Ed25519"]

LEEWAY_SECONDS = 60
ANSWER_BYTES_MAX = 512 * 1024
SECONDS_MAX = 10.0

#: What a provider says of itself is looked up again after this long, and its keys no more often than this.
KNOWN_SECONDS, KEYS_ASKED_AGAIN_SECONDS = 3600.0, 10.0


class ProviderAway(Problem, slug="sign-in-provider-away", status=503, title="Signing in there does not work just now"):
    """The provider does not answer, or not as it should; a link by mail works all the same."""


class NotProven(Problem, slug="sign-in-not-proven", status=403, title="This sign-in cannot be trusted: begin again"):
    """What came back was not of this sign-in, came too late, or was not signed as it should be."""


class AddressNotVerified(
    Problem, slug="address-not-verified", status=403, title="The provider does not vouch for your mail address"
):
    """Who signs in is known by their address, and only when it is certain that it is theirs."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that is under way: where the browser goes, and what it must bring back."""

    url: str
    secret: str


class Provider:
    """The provider of this node, as its settings name it."""

    def __init__(self, settings: GatewaySettings) -> None:
        assert settings.oidc_issuer is not None
        self._settings, self._issuer = settings, settings.oidc_issuer
        self._redirect_uri = f"{settings.public_url}/sign-in/provider/done"
        self._said: tuple[dict[str, Any], float] | None = None
        self._keys: tuple[KeySet, float] | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings.oidc_name

    async def begin(self) -> Begun:
        """A new sign-in. Its secret stays with the browser; what goes to the provider is made from it."""
        said, secret = await self._configuration(), secrets.token_urlsafe(32)
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.oidc_scopes,
            "state": _part(secret, "state"),
            "nonce": _part(secret, "nonce"),
            "code_challenge": _challenge(_part(secret, "verifier")),
            "code_challenge_method": "S256",
        }
        address = str(said["authorization_endpoint"])
        return Begun(address + ("&" if "?" in address else "?") + urlencode(asked), secret)

    async def finish(self, secret: str, state: str, code: str) -> str:
        """The address of whoever signed in there; raises `NotProven`, `AddressNotVerified` or `ProviderAway`."""
        if not secret or not hmac.compare_digest(_part(secret, "state").encode(), state.encode()):
            raise NotProven
        tokens = await self._exchange(code, _part(secret, "verifier"))
        claims = await self._claims(str(tokens.get("id_token", "")), _part(secret, "nonce"))
        if "email" not in claims and "access_token" in tokens:
            claims = claims | await self._user_info(str(tokens["access_token"]), claims["sub"])
        email, verified = claims.get("email"), claims.get("email_verified")
        if not isinstance(email, str) or not email:
            raise AddressNotVerified
        if verified is not True and not (verified is None and self._settings.oidc_addresses_are_verified):
            raise AddressNotVerified
        return email

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        said, settings = await self._configuration(), self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        headers, secret = {"Accept": "application/json"}, settings.oidc_client_secret
        ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in ways:
            pair = f"{quote_plus(settings.oidc_client_id or '')}:{quote_plus(secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": settings.oidc_client_id or ""} | ({"client_secret": secret} if secret else {})
        return await self._ask("POST", str(said["token_endpoint"]), refused=NotProven, data=form, headers=headers)

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._settings.oidc_client_id or ""},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = await self._decode(token)
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            log.warning("a sign-in elsewhere was not proven", fault=type(error).__name__)
            raise NotProven from error
        of_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if of_several else self._settings.oidc_client_id) != self._settings.oidc_client_id:
            raise NotProven
        return claims

    async def _decode(self, token: str) -> dict[str, Any]:
        """What a token says, when one of the provider's keys signed it; they are asked again for one not known."""
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys[0], algorithms=ALGORITHMS).claims
            except (JoseError, ValueError):
                if time.monotonic() < self._keys[1] + KEYS_ASKED_AGAIN_SECONDS:
                    raise
        told = await self._ask("GET", str((await self._configuration())["jwks_uri"]))
        self._keys = (KeySet.import_key_set({"keys": told.get("keys", [])}), time.monotonic())
        return jwt.decode(token, self._keys[0], algorithms=ALGORITHMS).claims

    async def _user_info(self, token: str, subject: Any) -> dict[str, Any]:
        """What the provider tells of whoever signed in, where that is not in the token itself."""
        address = (await self._configuration()).get("userinfo_endpoint")
        if not address:
            return {}
        told = await self._ask("GET", str(address), headers={"Authorization": f"Bearer {token}"})
        if told.get("sub") != subject:
            raise NotProven
        return {name: told[name] for name in ("email", "email_verified") if name in told}

    async def _configuration(self) -> dict[str, Any]:
        if self._said and time.monotonic() < self._said[1] + KNOWN_SECONDS:
            return self._said[0]
        said = await self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if said.get("issuer") != self._issuer or not all(_is_kin(said.get(name), self._issuer) for name in needed):
            log.warning("the provider to sign in with says that it is another")
            raise ProviderAway
        self._said = (said, time.monotonic())
        return said

    async def _ask(
        self, method: str, url: str, *, refused: type[Problem] = ProviderAway, **sent: Any
    ) -> dict[str, Any]:
        try:
            async with self._client.request(method, url, allow_redirects=False, **sent) as answer:
                content = await whole_of(answer, ANSWER_BYTES_MAX)
                if answer.status != 200:
                    raise refused if 400 <= answer.status < 500 else ProviderAway
                told = from_json(content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("the provider to sign in with does not answer", fault=type(error).__name__)
            raise ProviderAway from error
        if not isinstance(told, dict):
            raise ProviderAway
        return told

    @cached_property
    def _client(self) -> aiohttp.ClientSession:  # it belongs to the loop that it is first used in
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=SECONDS_MAX), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )


def _part(secret: str, name: str) -> str:
    """One of the values that a sign-in needs; who sees one of them knows nothing of the others."""
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), name.encode(), "sha256")).decode().rstrip("=")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _is_kin(address: Any, issuer: str) -> bool:
    """Whether an address is one to call: over TLS when the issuer is."""
    return isinstance(address, str) and address.startswith("https://" if issuer.startswith("https://") else "http")
