"""How a fact grows: into every projection that is here, and the highest version's state stays."""

#: Into every projection, or only into the one that is being made.
WHICH = "CAST(:only AS integer) IS NULL OR number = :only"


def newest(columns: tuple[str, ...]) -> str:
    """That the higher version's columns stay; `t` is the table."""
    return ", ".join(f"{c} = CASE WHEN excluded.version > t.version THEN excluded.{c} ELSE t.{c} END" for c in columns)
