"""Files that hold what few may read."""

import os
from pathlib import Path


def write(file: Path, text: str, mode: int = 0o600) -> None:
    """Whole or not at all, and never readable for a moment by who may not."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            os.fchmod(stream.fileno(), mode)  # whatever the umask says
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError as trouble:  # a full disk, for instance
        new.unlink(missing_ok=True)
        trouble.filename = trouble.filename or str(file)
        raise
