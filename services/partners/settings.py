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
    partner_batch_max: int = Field(default=100, ge=1, description="How many events a partner may push in one call.")
    partner_token_seconds: int = Field(
        default=600, ge=10, description="How long a partner's token works before it has to ask a new one."
    )
    partner_wait_days: float = Field(
        default=7.0, gt=0, description="How long a partner's event waits for the person or organisation it refers to."
    )
    partner_receipts_kept_days: int = Field(
        default=90, ge=1, description="How long a partner can read what became of an event, and repeat it harmlessly."
    )
    partner_news_kept_days: int = Field(
        default=30, ge=4, description="How long a partner can read, or be sent again, what came of what it told."
    )
    webhook_days_max: float = Field(
        default=3.0, gt=0, description="How long an endpoint of a partner is tried before it is disabled."
    )
    webhook_seconds_max: float = Field(
        default=10.0, gt=0, description="How long an endpoint of a partner may take to answer."
    )
    webhook_calls_max: int = Field(
        default=4, ge=1, description="How many calls to one endpoint a process makes at the same time."
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
