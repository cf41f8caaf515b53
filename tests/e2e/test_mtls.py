"""Client certificates over HTTPS, at a server of Python's ssl module that asks for one."""
import pytest

from partners import Partner, certificates


@pytest.fixture
def partner():
    with Partner(client=True) as p:
        yield p


def details(partner, name="lab-17", **auth):
    identity = certificates.signed(name)
    return {"tls": {"ca": partner.ca}, "auth": {"type": "mtls", "certificate": identity.certificate,
                                                "private_key": identity.private_key, **auth}}


def test_the_partner_sees_the_rows_certificate(world, partner):
    log = world.deliver(partner.url(), extra=details(partner))
    assert log["status"] == "SUCCESS" and partner.requests[0].client == "lab-17"
    assert "PRIVATE KEY" not in str(log)


def test_rows_with_other_certificates_share_no_connection(world, partner):
    hooks = {name: world.row(1, partner.url(f"/{name}"), extra=details(partner, name)) for name in ("lab-17", "lab-18")}
    for _ in range(3):
        event = world.bill_event()
        assert [world.wait_log(event, hook)["status"] for hook in hooks.values()] == ["SUCCESS"] * 2
    assert {(r.path, r.client) for r in partner.requests} == {("/lab-17", "lab-17"), ("/lab-18", "lab-18")}
    assert len({(r.client, r.connection) for r in partner.requests}) == len({r.connection for r in partner.requests})


def test_without_a_certificate_the_partner_refuses(world, partner):
    log = world.deliver(partner.url(), extra={"tls": {"ca": partner.ca}})
    # TLS 1.3: the server says no after the handshake, so that the client meets it as it likes
    assert log["status"] == "FAIL" and log["error_kind"] in ("tls", "response") and partner.requests == []


@pytest.mark.parametrize("auth, said", [
    pytest.param({"certificate": "hunter2"}, "auth.certificate has no PEM certificate", id="no-certificate"),
    pytest.param({"private_key": "hunter2"}, "auth.private_key is no PEM private key", id="no-key"),
    pytest.param({"private_key": "lab-19"},
                 "auth.private_key is not the key of the certificate", id="another-key"),
])
def test_what_is_no_certificate_is_said(world, partner, auth, said):
    if auth.get("private_key") == "lab-19":
        auth = {"private_key": certificates.signed("lab-19").private_key}
    log = world.deliver(partner.url(), extra=details(partner, **auth))
    assert (log["status"], log["error_kind"]) == ("FAIL", "config")
    assert said in log["error_message"] and "hunter2" not in str(log) and partner.requests == []


def test_an_authority_that_is_none_is_said(world, partner):
    log = world.deliver(partner.url(), extra={**details(partner), "tls": {"ca": "hunter2"}})
    assert (log["status"], log["error_kind"]) == ("FAIL", "config") and "tls.ca has no PEM" in log["error_message"]
