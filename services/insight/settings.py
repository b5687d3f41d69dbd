"""The settings of insight."""

from pydantic import Field

from chassis import NetworksFolder, Settings


class InsightSettings(Settings):
    """What an operator sets for insight, besides what every service has."""

    gather_seconds: float = Field(
        default=0.5,
        ge=0,
        le=5,
        description="How long insight waits for more of what it hears, to count it together: the figures are so much "
        "older, and what people wait for comes first.",
    )
    networks_folder: NetworksFolder = None
