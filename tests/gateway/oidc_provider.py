"""A provider of OpenID Connect, strict in what it takes (PKCE, secret, each code once), and told what to say."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "om-de-hoek", "een heel geheim: woord"


@dataclass
class OidcProvider:
    """One account, of whom the claims are set by a test, and what it does otherwise than it should."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: _new_key())
    claims: dict[str, Any] = field(default_factory=dict)
    in_token: bool = True
    wrong: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signs_with: Any = None
    said_issuer: str | None = None
    user_info: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    keys_asked: int = 0

    def rotates(self) -> None:
        """Another key from now on."""
        self.key = _new_key()

    def app(self) -> FastAPI:
        """What it serves."""
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(self._configuration)
        app.get("/keys")(self._keys)
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)
        app.get("/userinfo")(self._user_info)
        return app

    async def _configuration(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        ends["userinfo_endpoint"] = "userinfo"
        known = {name: f"{self.issuer}/{path}" for name, path in ends.items()}
        return known | {"issuer": self.said_issuer or self.issuer}

    async def _keys(self) -> dict[str, Any]:
        self.keys_asked += 1
        return {"keys": [self.key.as_dict(private=False)]}

    async def _authorize(self, request: Request) -> RedirectResponse:
        """Whoever comes is signed in at once."""
        asked = dict(request.query_params)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert (asked["code_challenge_method"], "openid" in asked["scope"].split()) == ("S256", True)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 303)

    async def _token(self, request: Request) -> JSONResponse:
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        code_verifier, redirect_uri = form["code_verifier"], form["redirect_uri"]
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
        pair = base64.b64encode(f"{CLIENT_ID}:een+heel+geheim%3A+woord".encode()).decode()
        is_ours = request.headers.get("authorization") == f"Basic {pair}"
        if not asked or not is_ours or (asked["redirect_uri"], asked["code_challenge"]) != (redirect_uri, challenge):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "t", "token_type": "Bearer", "id_token": self._signed(asked["nonce"])})

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "1", "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= (self.claims if self.in_token else {}) | self.wrong
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, self.signs_with or self.key, algorithms=[header["alg"]])

    async def _user_info(self) -> dict[str, Any]:
        return {"sub": "1"} | self.claims | self.user_info


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})
