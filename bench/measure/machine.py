"""What the machine says: cores, CPU time, steal, memory."""
import dataclasses
import os
import pathlib
import resource
import signal

TICKS = os.sysconf("SC_CLK_TCK")
_usable = os.sched_getaffinity(0)  # Before this process moves to one of them.


def usable_cores() -> list[int]:
    return sorted(_usable)


def cores() -> tuple[int, int]:
    """The core of the process under test, and the core of everything else."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("bench/run: needs two cores, one for the process under test and one for everything else")
    return usable[0], usable[1]


def go_first():
    """Gives this process and what it starts precedence over the other sessions of the machine."""
    if os.getsid(0) != os.getpid():
        # A session has a scheduling group of its own; only a process that leads no group of processes may begin one.
        if os.getpgrp() == os.getpid():
            child = os.fork()
            if child:
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, lambda got, _: os.kill(child, got))
                os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
        os.setsid()
    pathlib.Path("/proc/self/autogroup").write_text("-20")


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads that the process has now."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread that ended
    return total / 1e9


def anonymous_mb(pid: int) -> float:
    """RssAnon in MB (10^6 bytes): what the process itself takes, without the pages of its libraries' files."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"no RssAnon of process {pid}")


@dataclasses.dataclass(frozen=True)
class CoreTimes:
    busy: float
    steal: float
    total: float


def core_times(core: int) -> CoreTimes:
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, idle, wait, irq, softirq, steal = (int(part) / TICKS for part in line.split()[1:9])
            busy = user + nice + system + irq + softirq
            return CoreTimes(busy, steal, busy + idle + wait + steal)
    raise RuntimeError(f"no core {core} in /proc/stat")


@dataclasses.dataclass(frozen=True)
class Conditions:
    """How undisturbed a measurement was."""
    steal: float      # share of the two cores' time that the host took away
    foreign: float    # share of it that processes took which are not part of the benchmark
    rest_busy: float  # how busy the core was that carries everything but the process under test


class Watch:
    """Measures the conditions between its construction and `conditions`. `pids`: the processes of the benchmark that live
    on; children that end in between are counted by themselves."""

    def __init__(self, pids):
        self._pids = pids
        self._before = self._look()

    def _look(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        self_used = resource.getrusage(resource.RUSAGE_SELF)
        own = ended.ru_utime + ended.ru_stime + self_used.ru_utime + self_used.ru_stime
        return [core_times(core) for core in cores_of_bench()], own, {pid: cpu_seconds(pid) for pid in self._pids()}

    def conditions(self) -> Conditions:
        cores_before, own_before, living_before = self._before
        cores_after, own_after, living_after = self._look()
        total = sum(after.total - before.total for before, after in zip(cores_before, cores_after))
        steal = sum(after.steal - before.steal for before, after in zip(cores_before, cores_after))
        busy = sum(after.busy - before.busy for before, after in zip(cores_before, cores_after))
        # One that ended in between is in `own` with its whole life: take off what it had used before.
        own = own_after - own_before - sum(cpu for pid, cpu in living_before.items() if pid not in living_after)
        own += sum(cpu - living_before.get(pid, 0) for pid, cpu in living_after.items())
        rest = cores_after[1].busy - cores_before[1].busy
        rest_total = cores_after[1].total - cores_before[1].total
        return Conditions(steal / total, max(0.0, busy - own) / total, rest / rest_total) if total else Conditions(0, 0, 0)


_cores: tuple[int, int] | None = None


def cores_of_bench() -> tuple[int, int]:
    """Decided once, before this process moves itself to the second of them."""
    global _cores
    if _cores is None:
        _cores = cores()
        os.sched_setaffinity(0, {_cores[1]})
    return _cores
