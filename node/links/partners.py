"""Which partner networks may publish over NATS, in `partners.json` in the folder of the lines: the public half of
their keys. A key is good until another one or nobody takes its place.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from node.files import write
from node.links.nkeys import new_user_key

#: What one partner may have of the server at a time; a message is at most what is taken in at the other door.
LIMITS = {"max_connections": 5, "max_subscriptions": 20, "max_payload": 64 * 1024}


class PartnerKeys:
    """Whoever reads it again sees what was changed meanwhile, and what is over."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "partners.json"

    def live(self) -> Mapping[str, tuple[str, ...]]:
        """The public keys of each partner that may come in now."""
        now = datetime.now(UTC).isoformat()
        keys = {
            name: tuple(str(one["key"]) for one in own if one["until"] is None or one["until"] > now)
            for name, own in self._kept().items()
        }
        return {name: own for name, own in keys.items() if own}

    def add(self, name: str, *, old_until: datetime) -> str:
        """A new key for a partner; what it had lets it in until then. Returns the seed, which is kept nowhere."""
        key, until = new_user_key(), old_until.isoformat()
        old = [one | {"until": min(one["until"] or until, until)} for one in self._kept().get(name, ())]
        self._keep(self._kept() | {name: [*old, {"key": key.public, "until": None}]})
        return key.seed

    def remove(self, name: str) -> bool:
        """No key of a partner lets it in any more; whether there was one."""
        kept = self._kept()
        if was_there := kept.pop(name, None) is not None:
            self._keep(kept)
        return was_there

    def _kept(self) -> dict[str, list[dict[str, str | None]]]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}

    def _keep(self, keys: dict[str, list[dict[str, str | None]]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write(self._file, json.dumps(keys, indent=2))
