"""What every request and offer has in common: the mean of ordinary ones, computed once and kept as a file.

After a change of the texts: `python -m services.matching.ordinary`, and another `similarity.MAKE`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from contracts.vocabulary import Side

TEXTS = Path(__file__).with_name("ordinary.txt")
MEANING = Path(__file__).with_name("ordinary_meaning.json")


@cache
def ordinary_meaning(side: Side) -> Any:
    """The mean vector of what is asked, or of what is offered, as it is kept."""
    return np.array(json.loads(MEANING.read_text())[side], dtype=np.float32)


def computed_meaning(side: Side) -> Any:
    """The mean vector of the texts, by the model."""
    from services.matching.similarity import vectors

    return vectors(TEXTS.read_text().splitlines(), side).mean(axis=0)


if __name__ == "__main__":
    means = {side.value: [round(float(number), 6) for number in computed_meaning(side)] for side in Side}
    MEANING.write_text(json.dumps(means) + "\n")
