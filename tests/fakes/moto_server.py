"""moto as a server, for what is S3's, IAM's and CloudWatch Logs' own."""

import threading
from typing import Any


def start() -> int:
    """Its port on this machine; it answers until the process ends."""
    from moto import backends
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            """Not on the terminal of the tests."""

    modules = tuple(backends.list_of_moto_modules())  # looked for on the disk at each request
    backends.list_of_moto_modules = lambda: modules
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
