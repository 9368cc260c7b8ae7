"""What a WSGI server imports: the app on the real world."""

from shared.wiring import build
from webhook import create_app

app = create_app(build(patient=False))
