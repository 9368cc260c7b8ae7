"""What gunicorn is told of the settings, as `--config python:webhook.server`: where to listen."""

from shared.settings import Settings, read, source

bind = [str(each) for each in read(Settings, source()).binds]
