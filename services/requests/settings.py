"""The settings of requests."""

from pydantic import Field, field_validator

from chassis import Settings
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
        description="After how many days without a note both are reminded of what they do together, once.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="The public address, which a meeting in a calendar leads to."
    )

    @field_validator("public_url")
    @classmethod
    def _without_a_slash(cls, url: str) -> str:
        return url.rstrip("/")
