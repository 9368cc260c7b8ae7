"""A small volume for a test to fill: a real disk that can be full without harm to anybody."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OF_ONES_OWN = [
    "unshare",
    "--map-root-user",
    "--mount",
]  # where we are not root, we are in a namespace of our own
MOUNTS = 'mount -t tmpfs -o "size=$2m" tmpfs "$1" && echo mounted && exec cat'


@contextmanager
def volume(folder: Path, megabytes: int) -> Iterator[Path]:
    """Where a volume of so many MiB is, until the end. Fails in plain words where none can be mounted."""
    folder.mkdir(parents=True)
    root = os.geteuid() == 0
    nowhere = f"no volume can be mounted here, neither as root nor by {' '.join(OF_ONES_OWN)}"
    assert root or shutil.which(OF_ONES_OWN[0]), nowhere
    command = [*([] if root else OF_ONES_OWN), "sh", "-c", MOUNTS, "sh", str(folder), str(megabytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin
        assert holder.stdout
        try:
            said = holder.stdout.readline()
            assert said == b"mounted\n", (
                f"no volume can be mounted here, neither as root nor by {OF_ONES_OWN[0]}"
            )
            yield folder if root else Path(f"/proc/{holder.pid}/root{folder}")
        finally:
            holder.stdin.close()
            if root:
                subprocess.run(["umount", "--lazy", str(folder)], check=False)
