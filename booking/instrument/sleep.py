"""`time.sleep`: until another buyer has moved. No time passes in an exploration."""

from __future__ import annotations

import time
from typing import Any

from booking.instrument.seam import Dismissed, Seam


class SleepInterceptor:
    """Pause a buyer that sleeps, and go on behind the next step of another one."""

    library = "time"
    covers = ("time.sleep",)

    def install(self, seam: Seam) -> None:
        """Replace `time.sleep`."""
        self._real = time.sleep

        def sleep(seconds: Any, /) -> None:
            if not seam.active:
                self._real(seconds)
                return
            if seam.dismissed:
                raise Dismissed
            seam.pause()

        time.sleep = sleep

    def remove(self) -> None:
        """Put `time.sleep` back."""
        time.sleep = self._real

    def disconnect(self, *_: Any) -> None:
        """Do nothing: there is no connection."""
