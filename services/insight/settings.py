"""The settings of insight."""

from pathlib import Path

from pydantic import Field

from chassis import Settings


class InsightSettings(Settings):
    """What an operator sets for insight, besides what every service has."""

    networks_folder: Path | None = Field(
        default=None,
        description="A folder with networks that are not among the first four, each a file `<name>.toml`; the same for "
        "partners, insight and the gateway.",
    )
