"""The web entrance: callbacks for vendors, the admin API for programs, the pages for people."""

from flask import Flask

from shared.services import Services
from webhook import auth, errors, looks
from webhook.admin import admin
from webhook.assets import assets
from webhook.bodies import LARGEST
from webhook.callbacks import Receiver, callbacks
from webhook.dashboard import dashboard
from webhook.doors import keep_apart
from webhook.headers import add_headers
from webhook.health import health
from webhook.login import login
from webhook.parts import PLACE
from webhook.pushes import pushes
from webhook.records import records
from webhook.replays import replays
from webhook.request_id import RequestIds


def create_app(services: Services) -> Flask:
    """The app on these services; it holds no state of its own."""
    app = Flask(__name__)
    app.extensions[PLACE] = services
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.json.sort_keys = False  # type: ignore[attr-defined] # the provider that Flask comes with
    auth.configure(app)
    errors.register(app)
    app.before_request(keep_apart)
    looks.register(app)
    app.wsgi_app = RequestIds(Receiver(app.wsgi_app, services))  # type: ignore[method-assign] # as Flask has it
    app.after_request(add_headers)
    for part in (callbacks, pushes, admin, replays, login, dashboard, records, assets, health):
        app.register_blueprint(part)
    return app
