"""The cameras, from the owner's TOML file, read anew when it changes.

A file that cannot be read any more leaves the cameras as they were, with one log line: a slip of the editor must not
stop what runs. At the start it is an error that names the camera and the field. No file means no cameras.
"""

import logging
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from marshmallow import Schema, ValidationError, fields, validate

from shared.domain.camera import Camera, Short
from shared.errors import Invalid, Misconfigured
from shared.settings import zone

Section = Callable[[Mapping[str, object]], object]

log = logging.getLogger(__name__)


def _a_zone(text: str) -> None:
    try:
        zone(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class _CameraSchema(Schema):
    """What every camera has; the vendors' sections are read by their own folders."""

    name = fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z0-9-]{1,100}\Z", error="only a-z, 0-9 and -, 100 characters at most"),
    )
    timezone = fields.String(load_default="Asia/Shanghai", validate=_a_zone)
    short = fields.Enum(Short, by_value=True, load_default=Short.FLAG)
    retain_days = fields.Float(load_default=0.0, validate=validate.Range(min=0))
    retain_gb = fields.Float(load_default=0.0, validate=validate.Range(min=0))


_SCHEMA = _CameraSchema()


def read_cameras(text: str, sections: Mapping[str, Section]) -> tuple[Camera, ...]:
    """The cameras of a file's text. Invalid names the camera and the field.

    A section of a vendor that is not in use is left out, with a line that says so: it may be a slip, too.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid("cameras-file", str(error)) from error
    entries = document.get("camera", [])
    if not isinstance(entries, list) or document.keys() - {"camera"}:
        raise Invalid("cameras-file", "holds [[camera]] entries and nothing else", field="camera")
    cameras = tuple(_camera(entry, sections) for entry in entries)
    names = [camera.name for camera in cameras]
    for name in names:
        if names.count(name) > 1:
            raise Invalid("cameras-file", f"two cameras are called {name!r}", field="name")
    return cameras


def _camera(entry: Mapping[str, object], sections: Mapping[str, Section]) -> Camera:
    own = {name: value for name, value in entry.items() if not isinstance(value, dict)}
    name = entry.get("name", "?")
    for section in sorted(entry.keys() - own.keys() - sections.keys()):
        log.warning("a camera has a section of no vendor in use", extra={"camera": name, "section": section})
    try:
        core = _SCHEMA.load(own)
        read = {
            vendor: sections[vendor](part)
            for vendor, part in entry.items()
            if isinstance(part, dict) and vendor in sections
        }
    except ValidationError as error:
        field, problem = next(iter(error.messages_dict.items()))
        raise Invalid("cameras-file", f"camera {name!r}: {field}: {problem}", field=str(field)) from error
    except Invalid as error:
        raise Invalid(
            "cameras-file", f"camera {name!r}: {error.field}: {error.detail}", field=error.field
        ) from error
    return Camera(**core, sections=read)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file's state when it was read, and what it said."""

    state: tuple[int, int] | None
    cameras: Mapping[str, Camera]


class CamerasFile:
    """`ports.CameraStore` on a file. Misconfigured when the file is there at the start and cannot be read."""

    def __init__(self, path: Path, sections: Mapping[str, Section]) -> None:
        self._path = path
        self._sections = sections
        self._lock = Lock()
        try:
            self._read = self._load()
        except Invalid as error:
            raise Misconfigured("cameras-file", f"{path}: {error.detail}") from error

    def get(self, name: str) -> Camera | None:
        """One camera, or None."""
        return self._now().get(name)

    def all(self) -> Sequence[Camera]:
        """All of them, in the file's order."""
        return tuple(self._now().values())

    def _now(self) -> Mapping[str, Camera]:
        with self._lock:
            if self._state() != self._read.state:
                try:
                    self._read = self._load()
                except Invalid as error:
                    self._read = _Read(self._state(), self._read.cameras)
                    fields = {"file": str(self._path), "detail": error.detail}
                    log.warning(
                        "the cameras file cannot be read; the cameras stay as they were", extra=fields
                    )
            return self._read.cameras

    def _load(self) -> _Read:
        state = self._state()
        if state is None:
            return _Read(None, {})
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid("cameras-file", str(error)) from error
        cameras = read_cameras(text, self._sections)
        return _Read(state, {camera.name: camera for camera in cameras})

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
