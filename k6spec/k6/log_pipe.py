"""What k6 prints, through a pipe into its log: nothing is written before it was looked through for secrets."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import final


@final
class LogPipe:
    """A file that a program prints to, a line at a time; ``with`` waits for its end.

    Args:
        scrub: what is written of a line.
    """

    def __init__(self, path: Path, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub
        self._file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        read_end, self.fd = os.pipe()
        self._open = True
        self.error: OSError | None = None
        self._thread = threading.Thread(target=self._run, args=(read_end,), name="k6spec-k6-log", daemon=True)
        self._thread.start()

    def handed_over(self) -> None:
        """Closes our end of :attr:`fd`, once the program has its own."""
        if self._open:
            self._open = False
            os.close(self.fd)

    def _run(self, read_end: int) -> None:
        with open(read_end, encoding="utf-8", errors="surrogateescape", newline="") as lines:
            for line in lines:
                # After an error the program must still be able to write.
                if self.error is None:
                    try:
                        self._file.write(self._scrub(line))
                        self._file.flush()
                    except OSError as error:
                        self.error = error

    def __enter__(self) -> LogPipe:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.handed_over()
        self._thread.join()
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error
        if self.error is not None:
            raise self.error
