"""The settings of members."""

from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from chassis import Settings
from services.members import rules


class MembersSettings(Settings):
    """What an operator sets for members, besides what every service has."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # an address is personal, even a wrong one

    node_team_addresses: str = Field(
        default="team@omdehoek.example",
        description="The email addresses of the node's first team, separated by commas; they can sign in at once. Each "
        "counts once: who was taken out of the team or moved to another address is not made of it again.",
    )
    node_name_shown: str = Field(
        default="Om de Hoek Utrecht", description="What the node is called; its team takes part as this organisation."
    )
    node_place: str = Field(default="Utrecht", description="The town where the node's team is at home.")
    sign_in_links_per_hour_max: int = Field(
        default=5, ge=1, description="How many sign-in links one address is mailed in an hour."
    )
    invitations_per_day_max: int = Field(
        default=20, ge=0, description="How many people one member may invite in a day; 0: nobody is invited."
    )
    erased_list_file: Path | None = Field(
        default=None,
        description="A file, on another disk than the node's, that names who was erased: a restore erases them again.",
    )

    encryption_public_keys_file: Path | None = Field(
        default=None, description="The node's public keys (a JWK set, the newest first), for what is sealed to it."
    )

    @field_validator("node_team_addresses")
    @classmethod
    def _are_addresses(cls, addresses: str) -> str:
        return ",".join(rules.email_address(address.strip()) for address in addresses.split(",") if address.strip())

    @property
    def node_team(self) -> tuple[str, ...]:
        """The addresses, one by one."""
        return tuple(address for address in self.node_team_addresses.split(",") if address)


async def _own_settings(request: Request) -> MembersSettings:
    settings: MembersSettings = request.app.state.service.settings
    return settings


OwnSettings = Annotated[MembersSettings, Depends(_own_settings)]
