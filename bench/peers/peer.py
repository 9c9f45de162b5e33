"""What every peer shares: arrays, memory, the search for the fastest settings, and the JSON lines of training-step.ts.

Needs PyTorch 2 and nothing else. Python's stdout is moved to stderr, so that only answers reach the other side.
"""

import contextlib
import ctypes
import functools
import json
import math
import os
import shutil
import signal
import sys
import time

import torch


def read_arrays(path):
    """Named float32 tensors from PATH.bin and PATH.json."""
    with open(path + ".json", encoding="utf8") as file:
        index = json.load(file)
    with open(path + ".bin", "rb") as file:
        numbers = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    return {
        name: numbers[entry["offset"] :][: math.prod(entry["shape"])].view(entry["shape"]).clone()
        for name, entry in index.items()
    }


def peak_memory_mb():
    with open("/proc/self/status", encoding="utf8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def keep_heap(keep):
    """Lets glibc keep freed memory instead of giving it back and faulting it in again at every step."""
    m_trim_threshold, m_mmap_max = -1, -4
    with contextlib.suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(m_mmap_max, 0 if keep else 65536)
        mallopt(m_trim_threshold, 2**31 - 1 if keep else 128 * 1024)


def adam(parameters, form, options):
    """torch.optim.Adam in one of its forms: fused, foreach or loop."""
    return torch.optim.Adam(
        parameters,
        lr=options["learningRate"],
        betas=(float(options["beta1"]), options["beta2"]),
        weight_decay=options.get("weightDecay", 0),
        fused=form == "fused",
        foreach=form == "foreach",
    )


def has_compiler():
    return any(shutil.which(name) for name in (os.environ.get("CXX"), "g++", "clang++") if name)


LIMIT_SECONDS = 900


def give_up(_signal, _frame):
    raise TimeoutError(f"not ready within {LIMIT_SECONDS} s")


def timed(programs, turn):
    """Runs a turn: each program's time in ms, and all losses."""
    ms, losses = {}, {}
    for name, run in programs.items():
        start = time.perf_counter()
        losses |= run(turn)
        ms[name] = 1000 * (time.perf_counter() - start)
    return ms, losses


def time_settings(build, settings, shares, turns):
    """The programs' fastest of `turns` turns in ms, as often as each counts, after a turn that does not count.

    Infinite where PyTorch refuses the settings.
    """
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_SECONDS)
    try:
        programs = build(settings)
        timed(programs, 0)
        times = [timed(programs, turn)[0] for turn in range(1, turns + 1)]
        return sum(share * min(ms[name] for ms in times) for name, share in shares.items()), ""
    except Exception as error:  # noqa: BLE001 - torch.compile fails in many ways; each is a setting not to use
        message = f"{type(error).__name__}: {error}".strip()
        return math.inf, message.splitlines()[0][:160]
    finally:
        signal.alarm(0)


def calibrate(build, start, axes, shares, turns=3):
    """Coordinate search: along one axis after another, the fastest of its alternatives is kept.

    `axes` is a list of lists of partial settings. Returns the best settings and a line on each trial.
    """
    best, tried = dict(start), []
    best_ms = math.inf
    known = {}
    for axis in axes:
        base = dict(best)
        for change in axis:
            settings = base | change
            key = json.dumps(settings, sort_keys=True)
            if key in known:
                continue
            known[key], reason = time_settings(build, settings, shares, turns)
            tried.append(f"{known[key]:.1f} ms: {' '.join(settings.values())} {reason}".rstrip())
            print(f"  calibrating, {tried[-1]}", file=sys.stderr)
            if known[key] < best_ms:
                best, best_ms = settings, known[key]
    return best, tried


def serve(build_from, start, axes_for):
    """Answers requests until stdin ends. `build_from(request)` gives settings -> {program: turn -> losses}."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf8")
    os.dup2(2, 1)
    programs, numerics = None, contextlib.nullcontext
    for line in sys.stdin:
        request = json.loads(line)
        command = request["command"]
        if command in ("calibrate", "load"):
            torch.set_num_threads(request["config"]["threads"])
            torch.set_flush_denormal(True)
            build = build_from(request)
        if command == "calibrate":
            compilable = request["compile"] and has_compiler()
            settings, tried = calibrate(build, start, axes_for(compilable), request["shares"])
            if not compilable:
                tried.append("torch.compile was not tried: " + ("no C++ compiler" if request["compile"] else "switched off"))
            answer = {"settings": settings, "tried": tried}
        elif command == "load":
            programs = build(request["settings"])
            if request.get("bfloat16"):
                # What a user takes whose processor multiplies bfloat16; backward passes follow the forward's types.
                numerics = functools.partial(torch.autocast, "cpu", dtype=torch.bfloat16)
            answer = {"ok": True}
        elif command == "step":
            with numerics():
                ms, losses = timed(programs, request["turn"])
            answer = {"ms": ms, "losses": losses}
        else:
            answer = {"mb": peak_memory_mb()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
