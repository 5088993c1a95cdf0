"""Whole files, and locks that say who is at work."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Any


def write_atomic(path: Path, text: str) -> None:
    """Nobody ever sees half of it. Raises OSError."""
    temporary = path.with_name(f"{path.name}.tmp{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Raises OSError."""
    write_atomic(path, json.dumps(document, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """None where the file is missing. Raises ValueError where it holds no JSON object, OSError
    where it cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    return document


class FileLock:
    """Held until close(), or until this process and the children that got `fd` have ended. File
    systems without locks (some NFS) do without."""

    def __init__(self, path: Path) -> None:
        """Makes the file where it is missing. Raises BlockingIOError where another process holds
        the lock, OSError where the file cannot be opened."""
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.fd)
            raise
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL):
                os.close(self.fd)
                raise

    def close(self) -> None:
        os.close(self.fd)


def is_locked(path: Path) -> bool:
    """Whether some process holds a FileLock of the file."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
