"""Callers who let nobody rest, to see whether anybody is refused while something changes."""

import threading

import requests


class Callers:
    """Who calls without a pause, some over one connection and some over a new one each time; what they were answered."""

    def __init__(self, url: str, **calls: dict[str, object]) -> None:
        self._over = threading.Event()
        self.answers: dict[str, list[object]] = {name: [] for name in calls}
        self._threads = [
            threading.Thread(target=self._call, args=(url, name, call, kept))
            for name, call in calls.items()
            for kept in (True, False)
        ]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call(self, url: str, name: str, call: dict[str, object], kept: bool) -> None:
        with requests.Session() as session:
            while not self._over.wait(0.005):
                headers = {"Connection": "keep-alive" if kept else "close", **call.get("headers", {})}
                try:
                    answer = session.request(
                        call["method"], url + call["path"], json=call.get("json"), headers=headers, timeout=10
                    )
                    self.answers[name].append(answer.status_code)
                except requests.RequestException as error:
                    self.answers[name].append(repr(error))
