"""The settings of partners."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field

from chassis import Settings


class PartnersSettings(Settings):
    """What an operator sets for partners, besides what every service has."""

    public_url: str = Field(
        default="http://127.0.0.1:8000", description="Where the node is for a browser: the address in links and mails."
    )
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


async def _own_settings(request: Request) -> PartnersSettings:
    settings: PartnersSettings = request.app.state.service.settings
    return settings


OwnSettings = Annotated[PartnersSettings, Depends(_own_settings)]
