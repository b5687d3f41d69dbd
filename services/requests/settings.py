"""The settings of requests."""

from pydantic import Field

from chassis import PUBLIC_URL, PublicUrl, Settings
from services.requests.rules import STANDS_DAYS_MAX


class RequestsSettings(Settings):
    """What an operator sets for requests, besides what every service has."""

    open_days: int = Field(
        default=90,
        ge=1,
        le=STANDS_DAYS_MAX,
        description="How many days a request or an offer stands when neither its member nor its period says it.",
    )
    expiry_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="How often is looked for what has expired, in seconds."
    )
    quiet_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="After how many days without a note both are reminded of what they do together, once; "
        "and in conversation, when nothing runs, are asked what came of that.",
    )
    public_url: PublicUrl = PUBLIC_URL
