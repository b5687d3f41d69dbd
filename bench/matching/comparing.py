"""A graded set put through the matching once, and ranked by several weights: for who chooses between them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.ground import Ground
from bench.matching.asking import a_database, ask_all, best_first
from bench.matching.measures import mean_of, quality_of
from bench.matching.sets import FOLDER, GradedSet, WrongLine, read_set
from services.matching.weights import Weights

__all__ = ["TEST_SET", "WrongLine", "ndcg_of", "read_set"]

TEST_SET = FOLDER / "test.jsonl"


async def ndcg_of(graded: GradedSet, several: Sequence[Weights], *, model: bool) -> list[float]:
    """nDCG@10 over a graded set with each of the weights."""
    now = datetime.now(UTC)
    async with Ground(None) as ground, a_database(ground) as engine:
        answers, _ = await ask_all(engine, graded, model=model)
    found = []
    for weights in several:
        ranked = [(answer, best_first(answer.pairs, weights, now)) for answer in answers]
        mean = mean_of(quality_of(offers, graded.grades.get(answer.request_id, {})) for answer, offers in ranked)
        found.append(round(mean.ndcg or 0.0, 4))
    return found
