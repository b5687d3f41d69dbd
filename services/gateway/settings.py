"""The settings of the gateway."""

from datetime import timedelta
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from limits import parse_many
from pydantic import Field, field_validator, model_validator

from chassis import (
    PUBLIC_URL,
    UNANSWERED_AFTER_DAYS,
    NetworksFolder,
    NodeTeamEmail,
    PublicUrl,
    Settings,
    UnansweredAfterDays,
    Url,
)

Network = IPv4Network | IPv6Network


class GatewaySettings(Settings):
    """Where the services are, who may come in, how often and for how long."""

    identity_private_key_file: Path = Field(
        description="The private key (a JWK, Ed25519) that signs who is calling; the services have its public half."
    )
    members_url: Url | None = Field(default=None, description="Where members is; without it the node has none.")
    requests_url: Url | None = Field(default=None, description="Where requests is; without it the node has none.")
    matching_url: Url | None = Field(default=None, description="Where matching is; without it the node has none.")
    notify_url: Url | None = Field(default=None, description="Where notify is; without it the node has none.")
    partners_url: Url | None = Field(default=None, description="Where partners is; without it the node has none.")
    insight_url: Url | None = Field(default=None, description="Where insight is; without it the node has none.")
    public_url: PublicUrl = PUBLIC_URL
    node_team_email: NodeTeamEmail = None
    networks_folder: NetworksFolder = None
    unanswered_after_days: UnansweredAfterDays = UNANSWERED_AFTER_DAYS
    trusted_proxies: str = Field(
        default="",
        description="The addresses or networks, separated by commas, whose X-Forwarded-For is believed; nobody's when "
        "it is empty.",
    )
    session_idle_hours: float = Field(
        default=7 * 24, gt=0, description="A session that is not used for this long has ended."
    )
    session_lifetime_hours: float = Field(
        default=30 * 24, gt=0, description="A session has ended after this long, however much it is used."
    )
    session_cached_seconds: float = Field(
        default=3.0, ge=0, description="How long a session is remembered without asking the database: a sign-out by "
        "another process counts within this time."
    )  # fmt: skip
    identity_cached_seconds: float = Field(
        default=5.0, ge=0, description="How long a member's roles and organisations are remembered."
    )
    sign_in_limit: str = Field(
        default="60/minute; 600/hour",
        description="How often one address may ask for a sign-in link, and how often it may show one.",
    )
    join_limit: str = Field(default="60/minute; 600/hour", description="How often one address may ask to join.")
    member_limit: str = Field(default="1200/minute", description="How many calls a member may make.")
    address_limit: str = Field(
        default="600/minute",
        description="How many calls one address may make without being signed in, and as many at the door of partners "
        "without a token that works.",
    )
    connect_seconds_max: float = Field(default=2.0, gt=0, description="How long to wait for a connection to a service.")
    answer_seconds_max: float = Field(
        default=30.0,
        gt=0,
        description="How long a service may be silent; an inbox stream is so for 15 seconds.",
    )
    restart_seconds_max: float = Field(
        default=5.0, ge=0, description="How long calls wait for a service that has just gone away to come back."
    )
    connections_max: int = Field(
        default=200, ge=1, description="Connections to the services for calls; half of them to one service."
    )
    streams_max: int = Field(default=1000, ge=1, description="Connections to the services for open inbox streams.")
    stream_send_seconds_max: float = Field(
        default=20.0, gt=0, description="A client that takes nothing of a stream for this long is let go."
    )
    catalogue_seconds: float = Field(
        default=30.0, gt=0, description="How often to look at which routes the services have."
    )

    oidc_issuer: str | None = Field(
        default=None, description="The OpenID Connect provider that members can sign in with; none: by mail alone."
    )
    oidc_client_id: str | None = Field(default=None, description="What the provider calls this node.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="A file with the secret that the provider gave; none: a client without one."
    )
    oidc_name: str = Field(default="je organisatie", description="What the button to sign in there calls it.")
    oidc_scopes: str = Field(default="openid email", description="What the provider is asked for.")
    oidc_addresses_are_verified: bool = Field(
        default=False,
        description="Whether the provider only tells addresses that are certain, when it does not say so of each "
        "(`email_verified`): so with institutions behind SURFconext, never where people fill in their own.",
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe_to_ask(cls, issuer: str | None) -> str | None:
        here = ("http://127.0.0.1", "http://localhost")  # to try it out
        if issuer is not None and not issuer.startswith(("https://", *here)):
            raise ValueError("must begin with https://")
        return issuer

    @model_validator(mode="after")
    def _has_a_name_there(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_client_id: say what the provider calls this node")
        return self

    @field_validator("sign_in_limit", "join_limit", "member_limit", "address_limit")
    @classmethod
    def _is_a_limit(cls, limit: str) -> str:
        parse_many(limit)
        return limit

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: str) -> str:
        for network in _parts(networks):
            ip_network(network)
        return networks

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks whose word is believed."""
        return tuple(ip_network(network) for network in _parts(self.trusted_proxies))

    @property
    def service_urls(self) -> dict[str, str]:
        """The address of each service that the node has."""
        told = {
            "members": self.members_url,
            "requests": self.requests_url,
            "matching": self.matching_url,
            "notify": self.notify_url,
            "partners": self.partners_url,
            "insight": self.insight_url,
        }
        return {service: url for service, url in told.items() if url}

    @cached_property
    def oidc_client_secret(self) -> str | None:
        """What proves to the provider that we are this node."""
        return self.oidc_client_secret_file.read_text().strip() if self.oidc_client_secret_file else None

    @property
    def is_https(self) -> bool:
        """Whether the public reaches us over TLS."""
        return self.public_url.startswith("https://")

    @property
    def session_idle(self) -> timedelta:
        """After which silence a session has ended."""
        return timedelta(hours=self.session_idle_hours)

    @property
    def session_lifetime(self) -> timedelta:
        """After which time a session has ended in any case."""
        return timedelta(hours=self.session_lifetime_hours)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
