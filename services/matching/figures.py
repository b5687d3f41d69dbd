"""How many texts wait to be read by the model that is compared by: for the operator."""

from chassis import Service
from services.matching import models, unread


async def figures(service: Service) -> dict[str, float]:
    """Nothing where meanings are not compared."""
    async with service.sessions() as session:
        model = await models.active_model(session)
        return {"texts-unread": float(await unread.count_waiting(session, model.model_id))} if model else {}
