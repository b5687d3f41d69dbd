"""How much of what partners publish over NATS waits, and how full their stream is: for the operator."""

from nats.js.errors import NotFoundError

from chassis import Service
from services.partners.nats_door import KIND


async def figures(service: Service) -> dict[str, float]:
    """Nothing while the broker is away, or where no partner is known yet."""
    if not service.streams.is_ready:
        return {}
    try:
        info = await service.streams.js.stream_info(service.streams.name(KIND))
    except NotFoundError:
        return {}
    room = info.config.max_bytes or -1
    return {
        "partner-events-waiting": float(info.state.messages),
        "partner-room-percent": 100 * info.state.bytes / room if room > 0 else 0.0,
    }
