"""Interleaved runs of two or more sides, and what is said about them."""
import dataclasses
import statistics
import sys

from . import machine, programs

SPREAD_MAX = 0.25
STEAL_MAX = 0.03
FOREIGN_MAX = 0.05


@dataclasses.dataclass
class Run:
    """One side, measured once."""
    rate: float              # records per second
    cpu_us: float            # CPU per record
    more: dict = dataclasses.field(default_factory=dict)
    conditions: machine.Conditions | None = None

    @staticmethod
    def of(told: dict) -> "Run":
        """From what a program of bench/ printed."""
        records, seconds = told["records"], told["seconds"]
        return Run(records / seconds, told["cpu_seconds"] * 1e6 / records if records else 0.0, told)


def interleaved(count: int, sides: dict) -> list[dict[str, Run]]:
    """Runs the sides A B A B ..., `count` times each. A side is a function that returns a Run."""
    rounds = []
    for number in range(count):
        one = {}
        for name, side in sides.items():
            watch = machine.Watch(programs.living_pids)
            one[name] = side()
            one[name].conditions = watch.conditions()
        rounds.append(one)
        print(f"    {number + 1}/{count}  " + "   ".join(
            f"{name} {run.rate:,.0f}/s {run.cpu_us:.2f} us" for name, run in one.items()), file=sys.stderr, flush=True)
    return rounds


@dataclasses.dataclass
class Spread:
    """The middle of some values, and how far they lie apart."""
    middle: float
    least: float
    most: float

    @staticmethod
    def of(values) -> "Spread":
        values = list(values)
        return Spread(statistics.median(values), min(values), max(values))

    @property
    def width(self) -> float:
        return (self.most - self.least) / self.middle if self.middle else 0.0

    def text(self, digits: int = 2, unit: str = "") -> str:
        return f"{self.middle:.{digits}f}{unit} [{self.least:.{digits}f}-{self.most:.{digits}f}]"


def disturbances(rounds: list[dict[str, Run]], values: Spread | None = None) -> list[str]:
    """Why these runs should not be trusted; empty when they may be."""
    conditions = [run.conditions for one in rounds for run in one.values()]
    why = []
    if values is not None and values.width > SPREAD_MAX:
        why.append(f"spread {values.width:.0%}")
    steal = statistics.mean(one.steal for one in conditions)
    if steal > STEAL_MAX:
        why.append(f"steal {steal:.0%}")
    foreign = statistics.mean(one.foreign for one in conditions)
    if foreign > FOREIGN_MAX:
        why.append(f"other processes {foreign:.0%}")
    return why


def side_line(name: str, rounds: list[dict[str, Run]], what: str) -> str:
    """Absolute values of one side: for orientation, they do not compare between runs."""
    runs = [one[name] for one in rounds]
    rate = Spread.of(run.rate for run in runs)
    cpu = Spread.of(run.cpu_us for run in runs)
    busy = statistics.median(run.conditions.rest_busy for run in runs)
    text = f"{what}: {rate.middle:,.0f} records/s [{rate.least:,.0f}-{rate.most:,.0f}], CPU {cpu.text()} us/record"
    if "p50_us" in runs[0].more:
        p50 = statistics.median(run.more["p50_us"] for run in runs)
        p99 = statistics.median(run.more["p99_us"] for run in runs)
        text += f", request p50 {p50 / 1000:.2f} ms p99 {p99 / 1000:.2f} ms"
    return text + f"; other core {busy:.0%} busy"


@dataclasses.dataclass
class Row:
    """One line of the table."""
    name: str
    case: str
    target: str
    measured: str
    met: bool | None                 # None: no target, for information
    noisy: list[str] = dataclasses.field(default_factory=list)
    details: list[str] = dataclasses.field(default_factory=list)

    @property
    def verdict(self) -> str:
        word = {True: "met", False: "SHORT", None: "-"}[self.met]
        return word + (f"  NOISY: {', '.join(self.noisy)}" if self.noisy else "")


def table(rows: list[Row]) -> str:
    head = ["row", "case", "target", "measured [min-max]", "result"]
    cells = [[row.name, row.case, row.target, row.measured, row.verdict] for row in rows]
    widths = [max(len(line[i]) for line in [head, *cells]) for i in range(len(head))]

    def line(parts) -> str:
        return "  ".join(part.ljust(width) for part, width in zip(parts, widths)).rstrip()
    text = [line(head), "  ".join("-" * width for width in widths), *map(line, cells), ""]
    for row in rows:
        if row.details:
            text += [row.name, *("    " + detail for detail in row.details)]
    return "\n".join(text)
