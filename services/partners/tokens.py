"""A partner's token: asked with its key, good for some minutes, and only as long as the key is (OAuth2, RFC 6749)."""

import base64
import binascii
import hmac
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qs, unquote

from fastapi import APIRouter, Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import JSONResponse, Response

from chassis import Now, ReadSession, Service
from services.partners import assertions, rules, store
from services.partners.document import TOKEN
from services.partners.promises import TOKEN_SECONDS
from services.partners.rules import NotAPartner
from services.partners.settings import OwnSettings
from services.partners.tables import Partner

router = APIRouter(prefix="/v1", tags=["partners"])

ALGORITHM, TOKEN_CHARACTERS_MAX = "HS256", 2048


class PartnerCaller(BaseModel):
    """Which partner is calling."""

    model_config = ConfigDict(frozen=True)

    partner_id: str
    network: str
    source: str


@router.post("/token", openapi_extra=TOKEN)
async def ask_token(request: Request, session: ReadSession, now: Now, settings: OwnSettings) -> Response:
    """A token for a key: `grant_type=client_credentials`, with the key in the form or as HTTP Basic, or signed for."""
    form = {name: found[0] for name, found in parse_qs((await request.body()).decode("latin-1")).items()}
    if form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", 400)
    try:
        if form.get("client_assertion_type") == assertions.TYPE:
            audience = f"{settings.public_url}/partners/v1/token"
            shown = form.get("client_assertion", "")
            key_id = await assertions.credential_of(session, shown, now, audience=audience)
        else:
            key_id = await _by_secret(request, form, session, now)
    except assertions.NotGood:
        return _refused("invalid_client", 401)
    issued = int(now.timestamp())
    claims = {"iss": settings.node, "sub": key_id, "iat": issued, "exp": issued + TOKEN_SECONDS}
    token = jwt.encode({"alg": ALGORITHM}, claims, await _key(request, session), algorithms=[ALGORITHM])
    await session.commit()
    told = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _by_secret(request: Request, form: dict[str, str], session: AsyncSession, now: datetime) -> str:
    key_id, secret = _basic(request.headers.get("authorization", "")) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    found = None if "\0" in key_id else await store.live_credential(session, key_id, now)
    if found is None or found[0].secret_hash is None:
        raise assertions.NotGood
    if not hmac.compare_digest(found[0].secret_hash, rules.secret_hash(secret)):
        raise assertions.NotGood
    return key_id


async def _shown(request: Request) -> str:
    """The token that came along; without one nothing is asked of the database."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_CHARACTERS_MAX:
        raise NotAPartner
    return token


async def signed_partner(
    request: Request,
    token: Annotated[str, Depends(_shown)],
    session: ReadSession,
    now: Now,
    settings: OwnSettings,
) -> PartnerCaller:
    """Which partner is calling; raises `NotAPartner` also when the key of the token was revoked since."""
    try:
        claims = jwt.decode(token, await _key(request, session), algorithms=[ALGORITHM]).claims
        key_id, until = str(claims["sub"]), int(claims["exp"])
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotAPartner from None
    if claims.get("iss") != settings.node or until <= now.timestamp():
        raise NotAPartner
    if (found := await store.live_credential(session, key_id, now)) is None:
        raise NotAPartner
    return caller_of(found[1])


SignedPartner = Annotated[PartnerCaller, Depends(signed_partner)]


def caller_of(partner: Partner) -> PartnerCaller:
    """The partner, as the door needs it."""
    return PartnerCaller(partner_id=partner.partner_id, network=partner.network, source=partner.source)


async def _key(request: Request, session: AsyncSession) -> OctKey:
    service: Service = request.app.state.service
    key: OctKey | None = getattr(service.app.state, "token_key", None)
    if key is None:
        key = service.app.state.token_key = OctKey.import_key(await store.secret_of(session, "tokens"))
        await session.commit()
    return key


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote(name), unquote(secret)


def _refused(error: str, status: int) -> Response:
    """As OAuth2 has it, for its clients read that and no problem document."""
    headers = {"WWW-Authenticate": "Basic"} if status == 401 else {}
    return JSONResponse({"error": error}, status, headers | {"Cache-Control": "no-store"})
