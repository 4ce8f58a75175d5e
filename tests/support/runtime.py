"""A runtime over a world, as a process has one."""

from typing import Any

from api.runtime.runtime import Runtime
from engine.concurrency.executor import Executor
from engine.signing.service import SigningService
from tests.support.world import World


def runtime_of(world: World, executor: Executor | None = None, **parts: Any) -> Runtime:
    """The runtime of one process; `executor`: in place of the world's own."""
    executor = executor or world.executor
    return Runtime(world.system, executor, SigningService(world.system, executor), **parts)
