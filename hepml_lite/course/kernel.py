"""A kernel manager that ends a kernel without an error message."""

import asyncio
import time

from jupyter_client import AsyncKernelManager

_seconds_to_end = 2.5  # for a kernel that was asked to end; Jupyter waits as long before a kill


class QuietKernelManager(AsyncKernelManager):
    """A manager that asks a kernel to end, and interrupts it only if it does not.

    Jupyter's own manager interrupts first. Often the kernel has just finished its last cell, and
    writes "KeyboardInterrupt caught in kernel" to the terminal although the run was good.
    """

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """Ask the kernel to end; if it does not, or with `now`, end it as Jupyter does."""
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
