"""docs/examples/record_inbound_call.py in a Django project: each call is one log, whatever the view does."""
import importlib.util
import uuid

import django
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import JsonResponse
from django.test import Client
from django.urls import path as url

from fleet import rows
from fleet.gateway import Gateway
from fleet.stack import ROOT
from partners.lis import Lis


@pytest.fixture(scope="module")
def gateway(stack):
    with Lis() as lis, Gateway(stack, lis.url) as g:
        yield g


@pytest.fixture(scope="module")
def record_inbound_call(stack, gateway):
    patch = pytest.MonkeyPatch()
    patch.setenv("GATEWAY_URL", gateway.url)
    patch.setenv("INTERNAL_TOKEN", stack.token)
    spec = importlib.util.spec_from_file_location("recorder", ROOT / "docs" / "examples" / "record_inbound_call.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.record_inbound_call
    patch.undo()


class Urls:
    urlpatterns = []


@pytest.fixture(scope="module")
def client(record_inbound_call):
    settings.configure(DEBUG=False, SECRET_KEY="test", ALLOWED_HOSTS=["*"], ROOT_URLCONF=Urls, LOGGING_CONFIG=None,
                       DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bill (id integer PRIMARY KEY)")

    @record_inbound_call("LHRegisterBillAPI", key=lambda request: request.resolver_match.kwargs["token"])
    def register(request, token):
        return JsonResponse({"billId": 4711}, status=201)

    @record_inbound_call("patientRegister", key=lambda request: request.resolver_match.kwargs["token"])
    @transaction.atomic
    def broken(request, token):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bill VALUES (1)")
            cursor.execute("INSERT INTO bill VALUES (1)")

    Urls.urlpatterns = [url("LHRegisterBillAPI/<token>/", register), url("patientRegister/<token>/", broken)]
    return Client(raise_request_exception=False)


@pytest.fixture
def key(world):
    text = uuid.uuid4().hex
    rows.update_auth(world.stack, world.auth, auth_key=text)
    return text


def test_a_call_is_recorded(client, gateway, world, key):
    answer = client.post(f"/LHRegisterBillAPI/{key}/?x=1", {"a": 1}, content_type="application/json", headers={"origin": "https://p.example"})
    assert answer.status_code == 201
    log = gateway.wait_log(lab_id=world.lab.id)
    assert (log["operation"], log["status"], log["auth_id"], log["response_status_code"]) == \
        ("LHRegisterBillAPI", "SUCCESS", world.auth, 201)
    assert (log["request_body"], log["response_body"]) == ('{"a": 1}', '{"billId": 4711}')
    assert log["origin"] == "https://p.example" and log["ip"] == "127.0.0.1" and key not in str(log)


def test_a_view_that_raises_is_recorded_though_its_transaction_is_rolled_back(client, gateway, world, key):
    assert client.post(f"/patientRegister/{key}/").status_code == 500
    log = gateway.wait_log(lab_id=world.lab.id)
    assert log["status"] == "FAIL" and log["error_message"].startswith("IntegrityError")
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM bill").fetchone() == (0,)


def test_a_call_while_the_gateway_is_away_is_recorded_later(client, gateway, world, key):
    gateway.end()
    try:
        assert client.post(f"/LHRegisterBillAPI/{key}/").status_code == 201
    finally:
        gateway.start()
    assert gateway.wait_log(lab_id=world.lab.id, deadline=30)["status"] == "SUCCESS"
