"""`python -m gleaner`, for where the console script is not on the path."""

from gleaner.cli import main

main(prog_name="gleaner")
