"""How the simulated platform calls back, and what it takes for an answer.

A line belongs to one download and has a thread of its own, or several: whoever answers slowly delays their own callbacks
and nothing else. As the best known media server does it: POST of JSON, 10 s for the answer, one repetition after 3 s unless
the answer is 200 with a JSON object whose `code` is an integer, whichever. Redirects are not followed. What cannot be read
is sent once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import requests

from gleaner.sandbox.letters import Letter, letter, unreadable
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.reports import Report
from gleaner.sandbox.switches import Switches
from gleaner.sandbox.witness import Called, Witness

MOST_WAITING = 500
_ENOUGH_TO_SHUFFLE = 3


class CallbackLine:
    """Calls one URL back, in order unless shuffled; without a URL nobody is called.

    `put` never waits. After `close` what was put is still sent; after `cut` nothing is.
    """

    def __init__(
        self, url: str, stream_id: str, pace: Pace, switches: Callable[[], Switches], witness: Witness
    ) -> None:
        self._url = url
        self._stream_id = stream_id
        self._pace = pace
        self._switches = switches
        self._witness = witness
        self._dice = Random(f"{switches().seed} {stream_id}")
        self._waiting: deque[Letter] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._closed = not url
        self._cut = threading.Event()
        self._first = threading.Event()
        for _ in range(switches().senders if url else 0):
            threading.Thread(target=self._send_all, name="sandbox-callbacks", daemon=True).start()

    def put(self, report: Report) -> None:
        """Send a report as soon as those before it are through."""
        switches = self._switches()
        with self._changed:
            if self._closed:
                return
            for _ in range(switches.duplicate):
                if self._dice.random() >= switches.drop_callbacks:
                    self._waiting.append(letter(report, switches.callback_form))
                if switches.bad_callbacks and self._dice.random() < switches.bad_callbacks:
                    self._waiting.append(unreadable(self._dice))
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more will be put."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def await_first(self, seconds: float) -> None:
        """Wait until one has been sent and answered or given up, until none will be, or for so long."""
        if self._url:
            self._first.wait(seconds)

    def cut(self) -> None:
        """The platform dies: forget what waits."""
        self._cut.set()
        with self._changed:
            self._waiting.clear()
        self.close()

    def _send_all(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while next_one := self._next():
                self._send(session, next_one)
                self._first.set()
        self._first.set()

    def _next(self) -> Letter | None:
        with self._changed:
            self._changed.wait_for(self._ready)
            if not self._waiting:
                return None
            if self._switches().shuffle:
                self._waiting.rotate(self._dice.randrange(len(self._waiting)))
            return self._waiting.popleft()

    def _ready(self) -> bool:
        enough = _ENOUGH_TO_SHUFFLE if self._switches().shuffle else 1
        return self._closed or len(self._waiting) >= enough

    def _send(self, session: requests.Session, letter: Letter) -> None:
        tries, outcome = 1, self._post(session, letter)
        if outcome != "taken" and letter.repeated and not self._cut.wait(self._pace.callback_retry):
            tries, outcome = 2, self._post(session, letter)
        at = datetime.now(UTC).isoformat()
        self._witness.callback(Called(at, self._stream_id, letter.shown, tries, outcome))

    def _post(self, session: requests.Session, letter: Letter) -> str:
        try:
            answer = session.post(
                self._url,
                data=letter.raw,
                headers={"Content-Type": letter.media_type},
                timeout=self._pace.callback_timeout,
                allow_redirects=False,
            )
        except requests.RequestException as trouble:
            return f"no answer: {type(trouble).__name__}"
        return _judge(answer)


def _judge(answer: requests.Response) -> str:
    if answer.status_code != 200:
        return f"HTTP {answer.status_code}"
    try:
        body = answer.json()
    except ValueError:
        return "not JSON"
    code = body.get("code") if isinstance(body, dict) else None
    return "taken" if type(code) is int else "code is not an integer"
