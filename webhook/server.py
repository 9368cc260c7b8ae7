"""What gunicorn is told by `--config python:webhook.server`: where to listen, which is a matter of settings, and how patiently."""

from shared.settings import Settings, read, source

bind = [str(each) for each in read(Settings, source()).binds]
worker_class = "webhook.patience.PatientWorker"
