"""A client of the dashboard's API."""
import json
import urllib.parse

from .stack import http


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
