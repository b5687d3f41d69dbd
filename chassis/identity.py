"""Who is calling: a short-lived token that the gateway signs and every service checks itself.

The token is a JWT signed with Ed25519. Keys come from a file, never from what a token says of itself.
"""

import json
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.problems import Problem
from contracts.members import AmbassadorScope
from contracts.vocabulary import Role

ALGORITHM = "Ed25519"
GATEWAY = "gateway"
LIFETIME_SECONDS = 60
LEEWAY_SECONDS = 10

#: A token, which goes in the head of every call (`chassis.http`): the most that somebody may have fits in it.
TOKEN_CHARACTERS_MAX = 16 * 1024

#: To how many organisations somebody can belong, and how many references one person can have.
ORGANISATIONS_MAX, REFERENCES_MAX = 50, 20

_registry = jws.JWSRegistry(algorithms=[ALGORITHM])


class NotSignedIn(Problem, slug="not-signed-in", status=401, title="Sign in first"):
    """No valid identity came with the call."""

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class NotAllowed(Problem, slug="not-allowed", status=403, title="This is for somebody with another role"):
    """The caller is known, but this is not theirs to do."""


class Identity(BaseModel):
    """Who is calling and what they may do."""

    model_config = ConfigDict(frozen=True)

    member_id: str
    roles: frozenset[str] = frozenset({Role.MEMBER.value})
    scope: AmbassadorScope | None = None
    organisation_ids: tuple[str, ...] = ()
    """The organisations that they belong to, as members told when the token was made."""
    also: tuple[str, ...] = ()
    """The other references of the same person: memberships that were merged into theirs. What is theirs stays there."""

    @property
    def references(self) -> tuple[str, ...]:
        """All that the caller's own things may be kept under, the one of today first."""
        return (self.member_id, *self.also)

    def has(self, role: Role) -> bool:
        """Whether the caller has a role."""
        return role.value in self.roles


def sign_identity(key: OKPKey, identity: Identity, *, node: str, audience: str, now: datetime) -> str:
    """A token that proves an identity to one service for a minute."""
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": f"odh-gateway-{node}",
        "aud": audience,
        "sub": identity.member_id,
        "roles": sorted(identity.roles),
        "iat": issued,
        "exp": issued + LIFETIME_SECONDS,
    }
    if identity.organisation_ids:
        claims["organisations"] = identity.organisation_ids
    if identity.also:
        claims["also"] = identity.also
    if identity.scope:
        claims["scope"] = identity.scope.model_dump(mode="json")
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, registry=_registry)


class IdentityCheck:
    """Checks tokens for one service; a token that was found good is remembered until it expires."""

    def __init__(self, keys_file: Path | None, *, node: str, audience: str, remembered_max: int = 10_000) -> None:
        self._keys = KeySet([]) if keys_file is None else _key_set(keys_file)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": f"odh-gateway-{node}"},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._remembered: OrderedDict[str, tuple[Identity, float]] = OrderedDict()
        self._remembered_max = remembered_max

    def __call__(self, token: str) -> Identity | None:
        """The identity that a token proves, or none."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            return None
        now = datetime.now(UTC).timestamp()
        if (known := self._remembered.get(token)) and now < known[1]:
            return known[0]
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[ALGORITHM], registry=_registry)
            self._claims.validate(decoded.claims)
            identity = Identity(
                member_id=decoded.claims["sub"],
                roles=decoded.claims.get("roles", []),
                scope=decoded.claims.get("scope"),
                organisation_ids=decoded.claims.get("organisations", []),
                also=decoded.claims.get("also", []),
            )
        except (JoseError, ValidationError, ValueError, TypeError, KeyError):
            return None
        self._remembered[token] = (identity, decoded.claims["exp"])
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
        return identity


def _key_set(file: Path) -> KeySet:
    return KeySet.import_key_set(json.loads(file.read_text()))


#: Where in the scope of a call stands who calls, once that was checked.
_CALLER = "odh.caller"

# Who needs to know the caller asks these functions, and not each other as dependencies: FastAPI solves those anew for
# every one that asks, which cost more than the check of the token.


async def maybe_signed_in(request: Request) -> Identity | None:
    """Who is calling, if they say so; raises `NotSignedIn` when what they say proves nothing."""
    if (known := request.scope.get(_CALLER)) is not None:
        return cast(Identity, known)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    identity: Identity | None = request.app.state.service.identities(token)
    if identity is None:  # somebody who sends a token wants to be known by it
        raise NotSignedIn
    request.scope[_CALLER] = identity
    return identity


async def signed_in(request: Request) -> Identity:
    """Who is calling; raises `NotSignedIn` when that is nobody, or not a person."""
    identity = await maybe_signed_in(request)
    if identity is None or GATEWAY in identity.roles:
        raise NotSignedIn
    return identity


async def _ambassador(identity: "SignedIn") -> Identity:
    if not (identity.has(Role.AMBASSADOR) or identity.has(Role.NODE_TEAM)):
        raise NotAllowed
    return identity


async def _node_team(identity: "SignedIn") -> Identity:
    if not identity.has(Role.NODE_TEAM):
        raise NotAllowed
    return identity


async def _from_gateway(identity: "MaybeSignedIn") -> Identity:
    if identity is None or GATEWAY not in identity.roles:
        raise NotSignedIn
    return identity


MaybeSignedIn = Annotated[Identity | None, Depends(maybe_signed_in)]
SignedIn = Annotated[Identity, Depends(signed_in)]
Ambassador = Annotated[Identity, Depends(_ambassador)]
NodeTeam = Annotated[Identity, Depends(_node_team)]
FromGateway = Annotated[Identity, Depends(_from_gateway)]
