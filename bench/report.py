"""The figures as tables: on the terminal as they come, and in docs/bench.md, where they stand between two marks."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parent.parent / "docs" / "bench.md"
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->"

Figures = Mapping[str, Any]


def shown(name: str, figures: Figures) -> str:
    """One part's tables, in Markdown."""
    return f"{TABLES[name](figures)}\n\n{_circumstances(figures)}\n"


def write_document(results: Mapping[str, Figures]) -> None:
    """Put all figures that there are into the document."""
    parts = [f"## {TITLES[name]}\n\n{shown(name, results[name])}" for name in TABLES if name in results]
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text("\n".join([before + BEGIN, *parts, END + after]), encoding="utf-8")


def _resume(figures: Figures) -> str:
    head = (
        "tool",
        "wall, s",
        "wall with a kill, s",
        "bytes sent of needed, with a kill",
        "wrong files under a final name, with a kill",
        "whole at the end",
        "start-up, s, with a kill",
    )
    rows = [_tool(row, figures["files"]) for row in figures["tools"]]
    care = figures["care"]
    return (
        f"{_table(head, rows)}\n\nOurs takes {_behind(figures)}, of the fastest other's time; at most "
        f"{figures['tools'][0]['undisturbed']['at_once']} files were on their way to it at once.\n\n"
        f"What only ours does to a clip: {care['check_cold_seconds']:.2f} s for a check from nothing, "
        f"{care['check_waiting_seconds']:.2f} s by a child that has waited for it, {care['hash_seconds']:.2f} s for the hash."
    )


def _tool(row: Figures, files: int) -> Sequence[str]:
    name = f"{row['tool']} {row['version'] or ''}".strip()
    if "undisturbed" not in row:
        return name, *["not installed"] * 6
    plain, killed = row["undisturbed"], row["killed"]
    return (
        name,
        f"{plain['wall_seconds']:.1f} ({_range(plain['wall_range'])})",
        f"{killed['wall_seconds']:.1f} ({_range(killed['wall_range'])})",
        f"{plain['sent']:.2f}, {killed['sent']:.2f}",
        f"{plain['wrong_names_most']}, {killed['wrong_names_most']}",
        f"{min(plain['right_least'], killed['right_least'])} of {files}",
        f"{plain['startup_seconds']:.1f}, {killed['startup_seconds']:.1f}",
    )


def _behind(figures: Figures) -> str:
    """How our wall stands to that of the fastest of the others, undisturbed and with a kill."""
    said = []
    for form, words in (("undisturbed", "undisturbed"), ("killed", "with a kill")):
        walls = {row["tool"]: row[form]["wall_seconds"] for row in figures["tools"] if form in row}
        ours = walls.pop("gleaner")
        said.append(f"{ours / min(walls.values()):.2f} {words}" if walls else f"nothing to compare {words}")
    return " and ".join(said)


def _memory(figures: Figures) -> str:
    rows = [
        ("idle, proportional set size", f"{figures['idle_mib']:.1f}"),
        ("most above that while fetching, sampled", f"{figures['above_idle_mib']:.1f}"),
        ("most above idle of the resident set, by the kernel", f"{figures['resident_above_idle_mib']:.1f}"),
        ("the checking child, a process of its own, at most", f"{figures['check_child_mib']:.1f}"),
    ]
    return _table((f"a file of {figures['bytes'] / 2**30:.2f} GiB", "MiB"), rows)


def _large(figures: Figures) -> str:
    rows = [
        ("gleaner: fetch, fsync, hash, publish", f"{figures['ours_seconds']:.2f}"),
        ("its check of the media, beside that", f"{figures['check_seconds']:.2f}"),
        ("`curl -o f URL && sync f`", f"{figures['curl_and_sync_seconds']:.2f}"),
        ("`sha256sum f`, beside that", f"{figures['sha256sum_seconds']:.2f}"),
    ]
    head = (f"{figures['bytes_each'] / 1e6:.0f} MB, median of {figures['pairs']} pairs", "s")
    return (
        f"{_table(head, rows)}\n\nThroughput, ours to curl's: {figures['ratio']:.2f} ({_range(figures['ratio_range'])}); "
        f"{figures['ratio_with_the_same_hash']:.2f} if curl's file were hashed by the library that we use."
    )


def _receiver(figures: Figures) -> str:
    if lacks := figures.get("lacks"):
        return f"not measured: {lacks} is not installed"
    names = {
        "moves": "gleaner, news that moves a job each time",
        "still": "gleaner, news that changes nothing",
        "flask": "a Flask view that does nothing, same server",
        "stock": "the same on gunicorn's own threaded worker",
        "bare": "an app without a framework, same server",
        "webhook": "Debian's webhook, once /bin/true has run",
    }
    targets = figures["targets"]
    head = (
        "target",
        "a second",
        "of the Flask view",
        "of it on gunicorn's own",
        "of webhook",
        "p50, ms",
        "p99, ms",
        "refused",
    )
    rows = [
        (
            name,
            f"{each['per_second']:.0f} ({each['range'][0]:.0f} to {each['range'][1]:.0f})",
            *(
                f"{each['of'][other]:.2f}" if other in each["of"] else "–"
                for other in ("flask", "stock", "webhook")
            ),
            f"{each['p50']:.1f}",
            f"{each['p99']:.1f}",
            str(each["refused"]),
        )
        for key, name in names.items()
        if (each := targets.get(key))
    ]
    redis = figures["redis_per_second"]
    waves = ", ".join(f"{wave['busiest_share']:.2f}" for wave in figures["waves"])
    return (
        f"{_table(head, rows)}\n\n{figures['connections']} connections, {figures['seconds']:g} s each. Redis alone, a script that reads: "
        f"{f'{redis:.0f} a second' if redis else 'not measured'}. Share of the busiest of two processes in three waves of "
        f"connections: {waves}.\n\n{_paces(figures)}"
    )


def _paces(figures: Figures) -> str:
    """The answers at a steady rate."""
    away = figures["outages"]
    rows = [
        ("half of the most, moving", figures["half"]["moves"]),
        ("half of the most, changing nothing", figures["half"]["still"]),
        ("a minute without workers", figures["steady"]),
        ("Redis frozen", away["frozen"]),
        ("Redis not there", away["refused"]),
        ("a broker in a black hole", away["black hole"]),
    ]
    head = (
        "steady rate",
        "a second",
        "answers",
        "from 2 s after its end on",
        "p50, ms",
        "p99, ms",
        "most, ms",
    )
    return _table(
        head,
        [
            (
                name,
                f"{each['rate']:.0f}",
                _counted(each["statuses"]),
                _counted(each.get("afterwards", {})) or "–",
                *(f"{each[which]:.1f}" for which in ("p50", "p99", "most")),
            )
            for name, each in rows
        ],
    )


def _counted(statuses: Mapping[str, int]) -> str:
    return ", ".join(f"{number} × {status}" for status, number in statuses.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _range(edges: Sequence[float]) -> str:
    return f"{edges[0]:.1f} to {edges[1]:.1f}"


def _circumstances(figures: Figures) -> str:
    return (
        f"{figures['at']}: Python {figures['python']}, {figures['system']}, {figures['cores']} cores, load "
        f"{figures['load_at_end']}; {figures['rounds']} rounds in {figures['took_seconds']} s."
    )


TABLES: Mapping[str, Callable[[Figures], str]] = {
    "resume": _resume,
    "memory": _memory,
    "large": _large,
    "receiver": _receiver,
}
TITLES = {
    "resume": "Twelve files, each broken off once",
    "memory": "Memory for one large file",
    "large": "Large files, as fast as they go",
    "receiver": "Callbacks",
}
