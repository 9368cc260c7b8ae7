"""What a WSGI server imports: the app on the real world, with the logs of every process, the server's own included.

It is loaded once, before the children are forked, so that a killed one is replaced in an instant: nothing built here may
hold a connection or a thread yet, or claim anything.
"""

from shared.errors import one_line
from shared.wiring import build
from webhook import create_app
from webhook.server import hand_on, ring, settings

hand_on()

with one_line():
    app = create_app(build(settings, patient=False, ring=ring()))
