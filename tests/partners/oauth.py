"""An OAuth 2 token server of an independent implementation (Authlib on Flask): client credentials."""
import logging
import os
import threading
import time
from dataclasses import dataclass, field

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server


@dataclass
class Client(ClientMixin):
    id: str
    secret: str
    scopes: set = field(default_factory=lambda: {"orders", "results:write"})

    def get_client_id(self):
        return self.id

    def get_allowed_scope(self, scope):
        return " ".join(s for s in (scope or "").split() if s in self.scopes)

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


class OAuthServer:
    """`with OAuthServer() as server: server.auth()` is a row's `auth`. `fault` is a function that may answer instead;
    `gate` holds every answer until it is set."""

    def __init__(self, expires_in=3600):
        # each server has a client of its own, so that no test meets another's token
        self.client = Client(f"lab {os.urandom(4).hex()}", "s3cret/with:signs+and ü")
        self.tokens, self.forms = [], []
        self.fault = self.gate = None
        self._app = Flask("token-server")
        self._app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"client_credentials": expires_in}
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
        server = AuthorizationServer(self._app, query_client=self._find, save_token=self._save)
        server.register_grant(grants.ClientCredentialsGrant)
        self._app.before_request(self._before)
        self._app.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])
        logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def __enter__(self):
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=Quiet)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        if self.gate:
            self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.port}/token"

    def auth(self, **more):
        return {"type": "oauth2_client_credentials", "token_url": self.url, "client_id": self.client.id,
                "client_secret": self.client.secret, "scope": "orders results:write", **more}

    def accepts(self, header):
        """Whether this `authorization` is a token that was given out and not revoked."""
        return header.removeprefix("Bearer ") in self.tokens

    def _find(self, client_id):
        return self.client if client_id == self.client.id else None

    def _save(self, token, _):
        assert token["token_type"] == "Bearer"
        self.tokens.append(token["access_token"])

    def _before(self):
        self.forms.append((time.monotonic(), request.form.to_dict(), dict(request.headers)))
        if self.gate:
            self.gate.wait(60)
        return self.fault() if self.fault else None


def refusal(code, body='{"error": "server_error", "error_description": "hunter2"}'):
    return lambda: Response(body, code, content_type="application/json")
