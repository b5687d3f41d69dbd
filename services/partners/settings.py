"""The settings of partners."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field

from chassis import PUBLIC_URL, NetworksFolder, PublicUrl, Settings


class PartnersSettings(Settings):
    """What an operator sets for partners, besides what every service has."""

    public_url: PublicUrl = PUBLIC_URL
    networks_folder: NetworksFolder = None
    partner_events_per_minute_max: int = Field(
        default=12_000, ge=1, description="How many events one partner network may push in a minute."
    )
    partner_in_turn_max: int = Field(
        default=32, ge=1, description="How many events of one partner are handled at a time; the others stand in line."
    )
    webhook_seconds_max: float = Field(
        default=10.0, gt=0, description="How long an endpoint of a partner may take to answer."
    )
    webhook_poll_seconds: float = Field(default=0.5, gt=0, description="How often is looked for what is due.")
    webhooks_to_private: bool = Field(
        default=False,
        description="Only to try things out: lets endpoints be http, and on addresses that are not on the internet.",
    )


async def _own_settings(request: Request) -> PartnersSettings:
    settings: PartnersSettings = request.app.state.service.settings
    return settings


OwnSettings = Annotated[PartnersSettings, Depends(_own_settings)]
