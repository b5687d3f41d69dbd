"""Whether readers of the last release still understand what is said, and whether we still understand what was said.

Both ways count. A partner, or a node that is not upgraded yet, reads today's events by the schema of the last release;
and the streams hold events of the last release, which today's code reads. Pure: two schemas in, sentences out.
"""

from typing import Any

Schema = dict[str, Any]

#: What a value must satisfy. Texts for people (title, description) and defaults may change.
_RULES = (
    *("type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
)


def broken(released: dict[str, Schema], today: dict[str, Schema]) -> list[str]:
    """What the changes since the last release break, as sentences; schemas by the names of their files."""
    found = []
    for name, old in released.items():
        if name not in today:
            found.append(f"{name}: is gone; keep the event, and say a new one beside it")
        else:
            found += [f"{name}: {what}" for what in breaks(old, today[name])]
    return found


def breaks(old: Schema, new: Schema) -> list[str]:
    """What a change of one event's schema breaks. A new optional field breaks nothing."""
    found = [
        f"the {what} was {old.get(key)!r} and is {new.get(key)!r}, which changes its subject"
        for key, what in (("x-reach", "reach"), ("x-about", "field it is about"))
        if old.get(key) != new.get(key)
    ]
    return found + _differ(_Part(old, old), _Part(new, new), "")


class _Part:
    """A part of a schema, with the whole that its references point into."""

    part: Schema
    kinds: list[Schema]

    def __init__(self, part: Schema, whole: Schema) -> None:
        while "$ref" in part:
            part = whole["$defs"][part["$ref"].removeprefix("#/$defs/")]
        kinds = [_Part(kind, whole).part for kind in part.get("anyOf", [])]
        self.nullable = {"type": "null"} in kinds
        self.kinds = [kind for kind in kinds if kind != {"type": "null"}]
        if len(self.kinds) == 1:
            part, self.kinds = self.kinds[0], []
        self.part, self.whole = part, whole

    def at(self, key: str) -> "_Part | None":
        inner = self.part.get(key)
        return _Part(inner, self.whole) if isinstance(inner, dict) else None


def _differ(old: _Part, new: _Part, path: str) -> list[str]:
    where = path or "the event"
    if old.nullable != new.nullable:
        return [f"{where} may be empty now" if new.nullable else f"{where} may not be empty any more"]
    if len(old.kinds) != len(new.kinds):
        return [f"{where} is one of {len(new.kinds)} kinds and was one of {len(old.kinds)}"]
    found = []
    for one, other in zip(old.kinds, new.kinds, strict=True):
        found += _differ(_Part(one, old.whole), _Part(other, new.whole), path)
    for rule in _RULES:
        found += _rule_differs(rule, old.part.get(rule), new.part.get(rule), where)
    for key, step in (("items", "[]"), ("additionalProperties", "{}")):
        one_inner, other_inner = old.at(key), new.at(key)
        if one_inner and other_inner:
            found += _differ(one_inner, other_inner, path + step)
        elif one_inner or other_inner:
            found.append(f"{where} has other {key}")
    return found + _fields_differ(old, new, path)


def _rule_differs(rule: str, old: Any, new: Any, where: str) -> list[str]:
    if old == new:
        return []
    if rule != "enum" or old is None or new is None:
        return [f"{where} has {rule} {new!r} and had {old!r}"]
    gone = [f"{where} may not be {word!r} any more, as events in the streams are" for word in old if word not in new]
    added = [
        f"{where} may be {word!r}, which readers of the last release do not know: release readers that do, say it later"
        for word in new
        if word not in old
    ]
    return gone + added


def _fields_differ(old: _Part, new: _Part, path: str) -> list[str]:
    found = []
    old_needs, new_needs = old.part.get("required", []), new.part.get("required", [])
    for name in old.part.get("properties", {}):
        field = f"{path}.{name}" if path else name
        if name not in new.part.get("properties", {}):
            found.append(f"{field} is gone")
            continue
        one, other = (_Part(side.part["properties"][name], side.whole) for side in (old, new))
        found += _differ(one, other, field)
        if name in old_needs and name not in new_needs:
            found.append(f"{field} may be left out now")
    for name in new_needs:
        if name not in old_needs:
            field = f"{path}.{name}" if path else name
            found.append(f"{field} is needed now, and events in the streams lack it")
    return found
