"""Runs a command and says what it took: python measured.py OUT command ... (user, sys and wall in seconds, peak in MB)

The command's standard output goes to the file OUT. Processor time is that of the command and all of its threads, from its start
to its end, as the kernel counts it.
"""
import json, os, sys, time

out, command = sys.argv[1], sys.argv[2:]
started = time.perf_counter()
child = os.posix_spawn(
    command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - started
# Kilobytes on Linux, bytes on macOS.
peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "user": usage.ru_utime, "sys": usage.ru_stime, "wall": wall, "mb": peak}))
