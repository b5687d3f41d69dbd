"""Why exactly a match was proposed: each signal as it was then, and by which version of the weights."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching import feedback, weighing
from services.matching.rules import weigh
from services.matching.strengths import signals_of
from services.matching.views import ExplanationView, SignalView


async def explain(session: AsyncSession, match_id: str) -> ExplanationView | None:
    """What the score of a match was made of; none for one that is older than the feedback."""
    if (found := await feedback.proposed_on(session, match_id)) is None:
        return None
    version, strengths = found
    (made,) = await weighing.versions(session, version)
    weights = weighing.completed(made.weights)
    signals = signals_of(strengths, weights)
    parts = {signal.name: part for signal, part in weigh(signals, weights).brought}
    views = [
        SignalView(
            name=signal.name,
            strength=signal.strength,
            weight=round(weights.weights[signal.name] * signal.counts, 4),
            part=round(parts.get(signal.name, 0.0), 4),
        )
        for signal in signals
    ]
    return ExplanationView(
        weights_version=version,
        score_min=weights.score_min,
        signals=tuple(sorted(views, key=lambda view: (-view.part, view.name))),
    )
