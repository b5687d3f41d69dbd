"""What the services of a node are told: where the others are, what the node is called, and where its keys lie."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from node.links.server import Tls
from node.secrets import Secrets

if TYPE_CHECKING:
    from node.node import Node


def together(*said: Mapping[str, str]) -> dict[str, str]:
    """One environment of several: who speaks later wins, also where one names a setting and another a file with it."""
    made: dict[str, str] = {}
    for one in said:
        for name in one:
            made.pop(f"{name}_FILE", None)
            made.pop(name.removesuffix("_FILE"), None)
        made |= one
    return made


def team_of(members: Mapping[str, str]) -> list[str]:
    """The first team, as the environment of members says it."""
    file = members.get("ODH_NODE_TEAM_ADDRESSES_FILE")
    addresses = Path(file).read_text() if file else members["ODH_NODE_TEAM_ADDRESSES"]
    return [address.strip() for address in addresses.split(",")]


def told_to_everybody(node: "Node", secrets: Secrets) -> dict[str, str]:
    """What the node itself says; an operator may say otherwise."""
    shown = node.name.title()
    team = "team@omdehoek.example"
    told = {
        "ODH_NODE_NAME_SHOWN": f"Om de Hoek {shown}",
        "ODH_NODE_TEAM_ADDRESSES": team,
        "ODH_IDENTITY_PUBLIC_KEYS_FILE": str(secrets.identity_public_keys_file),
        "ODH_PUBLIC_URL": node.url("gateway"),
        "ODH_SMTP_URL": node.smtp,
        "ODH_MAIL_FROM": f"Om de Hoek {shown} <noreply@{node.name}.omdehoek.example>",
    }
    if not {"ODH_SMTP_URL", "ODH_SMTP_URL_FILE"} & set(
        os.environ
    ):  # who tries a node out signs in often, and waits for each mail
        told |= {"ODH_SIGN_IN_LINKS_PER_HOUR_MAX": "60", "ODH_DESK_RHYTHM": "at-once"}
    if not {"ODH_NODE_TEAM_ADDRESSES", "ODH_NODE_TEAM_ADDRESSES_FILE"} & set(os.environ):  # one's own is for all to see
        told["ODH_NODE_TEAM_EMAIL"] = team
    if node.lines.national:
        told["ODH_NATIONAL_NODE"] = node.lines.national
    if authority := Tls(node.lines.folder).ca_of_clients:
        told["ODH_NATS_TLS_CA_FILE"] = str(authority)
    return told | {f"ODH_{other.upper()}_URL": node.url(other) for other in node.services if other != "gateway"}


def told_to(service: str, node: "Node", secrets: Secrets) -> dict[str, str]:
    """What is one service's own: one value from an operator cannot be meant for all of them.

    Only the gateway may be reached from elsewhere, and only it can sign.
    """
    told = {
        "ODH_NODE": node.name,
        "ODH_PORT": node.url(service).rpartition(":")[2],
        "ODH_DATABASE_URL": node.postgres.url(service),
        "ODH_NATS_URL": node.nats.url_of(service),
    }
    if service == "gateway":
        return told | {"ODH_IDENTITY_PRIVATE_KEY_FILE": str(secrets.identity_private_key_file)}
    if service == "members":
        told["ODH_ENCRYPTION_PUBLIC_KEYS_FILE"] = str(secrets.encryption_public_keys_file)
    if service == "notify":
        told["ODH_ENCRYPTION_PRIVATE_KEYS_FILE"] = str(secrets.encryption_private_keys_file)
        told["ODH_PUSH_PRIVATE_KEY_FILE"] = str(secrets.push_private_key_file)
    return told | {"ODH_HOST": "127.0.0.1"}
