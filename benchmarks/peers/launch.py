"""Runs a command and prints its usage; small, because a child's peak memory begins at its parent's."""

import json
import os
import sys
from time import perf_counter

begin = perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(child, 0)
spent = {
    "wall_s": perf_counter() - begin,
    "cpu_s": usage.ru_utime + usage.ru_stime,
    "peak_mb": usage.ru_maxrss / 1024,
}
print(json.dumps(spent))
sys.exit(os.waitstatus_to_exitcode(status))
