"""Prints how long files and functions are, beside what the house aims at. It fails nothing: sizes are a smell, no law.

Run from the project's root, by hand or by `make check`. Lengths are lines, docstrings and blank lines included.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PACKAGES = ("webhook", "worker", "shared", "gleaner")
LISTED = 5


@dataclass(frozen=True)
class Size:
    name: str
    lines: int


def files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in Path(package).rglob("*.py") if path.stat().st_size)


def functions(path: Path) -> Iterator[Size]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Size(
                f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1
            )


def report(what: str, sizes: list[Size], aim: int, ceiling: int) -> None:
    over = sorted((size for size in sizes if size.lines > ceiling), key=lambda size: -size.lines)
    middle = median(size.lines for size in sizes) if sizes else 0
    print(f"{len(sizes)} {what}, median {middle:g} lines (aim {aim}), {len(over)} over {ceiling}")
    for size in over[:LISTED]:
        print(f"  {size.lines:4} {size.name}")


def main() -> None:
    found = files()
    report("files", [Size(str(path), len(path.read_text("utf-8").splitlines())) for path in found], 60, 250)
    report("functions", [size for path in found for size in functions(path)], 7, 40)


if __name__ == "__main__":
    main()
