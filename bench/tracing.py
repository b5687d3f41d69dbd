"""What traces and metrics cost: POST /v1/requests with OpenTelemetry sending what it records, and without it (P12)."""

from bench.accepting import accepted_in
from bench.ground import Ground
from bench.measuring import Finding, Size


async def accepted_and_told(ground: Ground, size: Size, seed: int) -> Finding:
    """With the part of the traces that is recorded by default, and all metrics, sent to a collector that keeps none."""
    async with ground.fresh() as place, place.program("bench.ceilings", "collector") as collector:
        return await accepted_in(place, size, seed, environment={"ODH_OTLP_ENDPOINT": collector.url})


async def accepted_untold(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling: OpenTelemetry's own switch turns all of it off."""
    async with ground.fresh() as place:
        return await accepted_in(place, size, seed, environment={"OTEL_SDK_DISABLED": "true"})
