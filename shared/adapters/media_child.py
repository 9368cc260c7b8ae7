"""The child of `media_apart`: looks at the file that it is handed, and says what it finds, a line of JSON at a time.

`python -m shared.adapters.media_child KIND PARENT MEMORY COMPUTING`; its standard input is a Unix socket, by which the open file
comes when there is something to look at, and whose place it takes. Before it looks, it gives up everything that it does not
need: more memory than MEMORY bytes, more than COMPUTING seconds, any further descriptor (so it can open neither a file nor a
socket), anything to write to but its pipe. The kernel ends it when its parent dies; where there is no such kernel, its limits
do.
"""

import os
import resource
import socket
import sys
from typing import BinaryIO

from shared.adapters.media import stages
from shared.adapters.media_frames import frames
from shared.adapters.media_word import Word
from shared.domain.job import Kind
from shared.errors import Refused
from shared.tied import tie


def main() -> None:
    """Wait for the file, give up what is not needed, and look."""
    kind, parent, memory, computing = sys.argv[1:]
    tie(int(parent))
    with handed() as stream:
        limit(int(memory), int(computing))
        say(Word())
        say(_last(stream, Kind(kind)))
    os._exit(0)  # all is said, and whoever waits for the end need not wait for the libraries to be taken down


def _last(stream: BinaryIO, kind: Kind) -> Word:
    """Say what is known, step by step; the last word is for whoever called."""
    facts = None
    try:
        for facts in stages(stream, kind):
            say(Word(facts))
        return Word(frames(stream, facts) if facts else None, done=True)
    except Refused as no:
        return Word(refused=(no.code, no.detail))
    except MemoryError:
        return Word(broke=("check-too-big", "it needed more memory than it may have"))
    except Exception as error:  # noqa: BLE001 - whatever the bytes have set off is an answer, too
        return Word(broke=("check-crashed", f"{type(error).__name__} in the check"))


def handed() -> BinaryIO:
    """The file, open for reading, once it is handed over. Ends this process when that will never be."""
    with socket.socket(fileno=os.dup(0)) as line:
        _, files, _, _ = socket.recv_fds(line, 16, 1)
    if not files:
        sys.exit("there is nothing to look at")
    os.dup2(files[0], 0)
    os.close(files[0])
    return os.fdopen(0, "rb", closefd=False)


def say(word: Word) -> None:
    """Say a word to whoever waits for it."""
    os.write(1, word.line())


def limit(memory: int, computing: int) -> None:
    """Give up everything but so much memory, so much time, and what is open already."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # At the first limit comes a signal that says why; where both are the same, the kernel kills without a word.
    resource.setrlimit(resource.RLIMIT_CPU, (computing, computing + 1))


if __name__ == "__main__":
    main()
