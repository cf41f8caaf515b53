"""A client of the dashboard's API."""
import json
import threading
import urllib.parse
import urllib.request
import uuid

from .stack import dev, http


def add_user(role, labs=()):
    """A new user's login and password; without labs, of all."""
    login = f"{role}-{uuid.uuid4().hex[:12]}"
    options = [part for lab in labs for part in ("--lab", lab)]
    said = dev("run", "integration-admin", "user", "add", "--role", role, *options, login).stdout.split()
    assert said[:2] == [login, role]
    return login, said[2]


def add_token(login, *options):
    return dev("run", "integration-admin", "user", "token", *options, login).stdout.strip()


def as_role(stack, role, *labs):
    """A script's client: a token of a new user of this role."""
    return Dashboard(stack, token=add_token(add_user(role, labs)[0]))


class Dashboard:
    def __init__(self, stack, token=None, headers=None):
        self.base = stack.env["DASHBOARD_URL"]
        token = stack.env["ADMIN_TOKEN"] if token is None else token
        self.headers = {**({"authorization": f"Bearer {token}"} if token else {}), **(headers or {})}

    def ask(self, method, path, body=None, headers=None, **parameters):
        """One answer; a path without a leading slash is the API's."""
        url = self.base + (path if path.startswith("/") else f"/api/v1/{path}")
        said = {key: value for key, value in parameters.items() if value is not None}
        if said:
            url += "?" + urllib.parse.urlencode(said)
        return http(method, url, body, {**self.headers, **(headers or {})})

    def get(self, path, code=200, **parameters):
        answer = self.ask("GET", path, **parameters)
        assert answer.code == code, f"GET {path}: {answer.code} {answer.body[:500]}"
        return answer.json()

    def post(self, path, body=None, code=200, **headers):
        answer = self.ask("POST", path, {} if body is None else body, headers)
        assert answer.code == code, f"POST {path}: {answer.code} {answer.body[:500]}"
        return json.loads(answer.body or "null")

    def pages(self, path, **parameters):
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **parameters)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def stream(self, **parameters):
        return Stream(self, parameters)


class Stream:
    """`with dashboard.stream() as s`: s.events grows with (name, data, id)."""

    def __init__(self, dashboard, parameters):
        last_id = parameters.pop("last_id", None)
        url = f"{dashboard.base}/api/v1/stream?" + urllib.parse.urlencode(parameters)
        self.request = urllib.request.Request(url, headers={**dashboard.headers, **({"last-event-id": last_id} if last_id else {})})
        self.events, self.last_id = [], last_id

    def __enter__(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.answer = opener.open(self.request, timeout=60)
        assert self.answer.headers["content-type"] == "text/event-stream"
        self.opened = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        assert self.opened.wait(30), "no first id"
        return self

    def __exit__(self, *_):
        import socket
        try:
            self.answer.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(10)

    def _read(self):
        name, data = "message", None
        for line in self.answer:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "id":
                self.last_id = value
                self.opened.set()
            elif field == "event":
                name = value
            elif field == "data":
                data = value
            elif not line.strip() and data is not None:
                self.events.append((name, json.loads(data), self.last_id))
                name, data = "message", None

    def data(self, name):
        return [data for event, data, _ in list(self.events) if event == name]

    def of(self, log_id, name="log"):
        return [data for event, data, _ in list(self.events) if event == name and data.get("log_id") == str(log_id)]


class Session(Dashboard):
    """Logged in as the page does it: a cookie, and the token that goes with it."""

    def __init__(self, stack, login, password):
        super().__init__(stack, token="")
        answer = self.ask("POST", "session", {"login": login, "password": password})
        assert answer.code == 200, answer.body
        self.me = answer.json()
        self.set_cookie = {k.lower(): v for k, v in answer.headers.items()}["set-cookie"]
        self.headers = {"cookie": self.set_cookie.split(";")[0], "x-csrf-token": self.me["csrf_token"]}
