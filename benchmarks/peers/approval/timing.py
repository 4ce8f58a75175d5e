"""`SCRIPT DATABASE JOBS`: does so many jobs and prints how many a second."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

DATABASE = sys.argv[1]
JOBS = int(sys.argv[2])
#: Who decides, and who is told when they have.
APPROVERS = ("ann", "bob")
TOLD = (*APPROVERS, "dev")


def measure(job: Callable[[str], None], at_once: int = 1) -> None:
    """`job` takes the name of a release; a few are done before it counts."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(job, [f"Warm {number}" for number in range(5)]))
        began = time.perf_counter()
        list(pool.map(job, [f"Falcon 1.{number}" for number in range(JOBS)]))
        print(JOBS / (time.perf_counter() - began))
