"""A kernel that ends in silence."""

import asyncio
import time

from jupyter_client import AsyncKernelManager

_seconds_to_end = 2.5  # of a kernel that was asked to; Jupyter gives as long before it uses force


class QuietKernelManager(AsyncKernelManager):
    """Asks a kernel to end, and interrupts it only if it does not.

    Jupyter's own manager interrupts first. The interrupt then often meets a kernel that has just
    answered its last question, and the kernel writes "KeyboardInterrupt caught in kernel" on the
    terminal, after a run in which nothing went wrong.
    """

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End the kernel: by asking, else (or with `now`) as Jupyter does."""
        if not now and await self._ended(restart):
            await self.cleanup_resources(restart=restart)
            return
        await super().shutdown_kernel(now=now, restart=restart)

    async def _ended(self, restart: bool) -> bool:
        """Ask the kernel to end; return whether it did so in time."""
        self.shutting_down = True
        self.stop_restarter()
        await self.request_shutdown(restart=restart)
        latest = time.monotonic() + _seconds_to_end
        while await self.is_alive():
            if time.monotonic() > latest:
                return False
            await asyncio.sleep(0.05)
        return True
