"""CPU and memory of the stack's programs, read from /proc."""
import os
import re
from pathlib import Path

from fleet.stack import dev

TICKS = os.sysconf("SC_CLK_TCK")
OURS = ["outbox-relay", "trigger", "dispatcher", "callback"]
BACKING = ["kafka", "postgres", "mongodb"]


def pids():
    """{program: [pid, ...]} from ./dev status."""
    found = {}
    for line in dev("status").stdout.splitlines():
        match = re.match(r"(\S+)\s.*\bpid ([\d ]+)$", line.strip())
        if match:
            found[match[1]] = [int(pid) for pid in match[2].split()]
    return found


def _children():
    tree = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            tree.setdefault(int(fields[1]), []).append(int(path.name))
    return tree


def _family(pid, tree):
    yield pid
    for child in tree.get(pid, []):
        yield from _family(child, tree)


def cpu_seconds():
    """{program: CPU seconds so far}, of the program, its children and those it has waited for."""
    tree, seconds = _children(), {}
    for program, roots in pids().items():
        ticks = 0
        for pid in (p for root in roots for p in _family(root, tree)):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += sum(map(int, fields[11:15]))
        seconds[program] = ticks / TICKS
    return seconds


def memory_mib():
    """{program: (resident now, highest so far)}; shared pages count in each process."""
    tree, memory = _children(), {}
    for program, roots in pids().items():
        now = peak = 0
        for pid in (p for root in roots for p in _family(root, tree)):
            try:
                text = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            now += int((re.search(r"VmRSS:\s+(\d+)", text) or [0, 0])[1])
            peak += int((re.search(r"VmHWM:\s+(\d+)", text) or [0, 0])[1])
        memory[program] = (round(now / 1024, 1), round(peak / 1024, 1))
    return memory


class Cpu:
    """with Cpu() as cpu: ...; cpu.used is what each program took meanwhile."""

    def __enter__(self):
        self._before = cpu_seconds()
        return self

    def __exit__(self, *_):
        after = cpu_seconds()
        # A program started in between has used all that it shows.
        self.used = {p: round(s - self._before.get(p, 0), 3) for p, s in after.items()
                     if s >= self._before.get(p, 0)}

    def per_1000(self, n):
        return {p: round(s * 1000 / n, 4) for p, s in self.used.items()}
