"""EGRESS_PROXY: every way out passes it, it looks names up, and it judges where requests may go."""
import pytest

from fleet.faxes import accepted, publish, secret
from fleet.stack import dev
from partners import MllpPartner, Partner, SftpPartner
from partners.fax import HumbleFax
from partners.oauth import OAuthServer
from partners.proxy import Proxy

NAME = "partner.test"  # nobody but the proxy knows it


@pytest.fixture(scope="module")
def proxy(stack):
    """The dispatcher runs with it while this module does."""
    with Proxy({NAME: "127.0.0.1"}) as p:
        stack.stop("dispatcher")
        # the environment's own proxies do not count
        dev("start", "dispatcher", env={"EGRESS_PROXY": p.url, "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})
        yield p
        stack.stop("dispatcher")
        stack.start("dispatcher")


@pytest.fixture(autouse=True)
def nothing_seen(proxy):
    proxy.seen.clear()


def asked(proxy, *ports):
    """What it was asked for about these ports: other labs' faxes may be looked after meanwhile."""
    return [(method, where) for method, where in proxy.seen if int(where.rsplit(":", 1)[1]) in ports]


def port(url):
    return int(place(url).rsplit(":", 1)[1])


def place(url):
    return url.split("/")[2]


def by_name(url):
    return url.replace("127.0.0.1", NAME)


def test_http_passes_the_proxy(world, proxy, partner):
    log = world.deliver(by_name(partner.url()))
    assert (log["status"], log["error_message"]) == ("SUCCESS", None)
    request, = partner.requests
    assert request.headers["webhook-id"] == str(log["_id"])
    assert asked(proxy, port(partner.url())) == [("POST", by_name(place(partner.url())))]


def test_mllp_passes_the_proxy(world, proxy):
    with MllpPartner() as mirth:
        log = world.deliver("", 28, data=report_event(world), extra={"host": NAME, "port": mirth.port})
        assert (log["status"], log["error_message"]) == ("SUCCESS", None)
        assert len(mirth.messages) == 1 and asked(proxy, mirth.port) == [("CONNECT", f"{NAME}:{mirth.port}")]


def test_sftp_passes_the_proxy(world, proxy):
    with SftpPartner() as server:
        log = world.deliver("", 49, extra={**server.extra(), "host": NAME})
        assert (log["status"], log["error_message"]) == ("SUCCESS", None)
        assert len(server.names()) == 1 and asked(proxy, server.port) == [("CONNECT", f"{NAME}:{server.port}")]


def test_token_servers_are_behind_the_proxy_too(world, proxy, partner):
    with OAuthServer() as tokens:
        auth = tokens.auth(token_url=by_name(tokens.url))
        log = world.deliver(by_name(partner.url()), extra={"auth": auth})
        assert (log["status"], log["error_message"]) == ("SUCCESS", None)
        assert len(tokens.forms) == 1
        assert [where for _, where in asked(proxy, port(tokens.url), port(partner.url()))] == [
            by_name(place(tokens.url)), by_name(place(partner.url()))]
    assert tokens.accepts(partner.requests[0].headers["authorization"])


def test_faxes_pass_the_proxy(world, proxy):
    with HumbleFax() as vendor:
        row = world.row(56, by_name(vendor.url), extra=vendor.details(webhook_secret=secret()))
        accepted(world, row, publish(world))
        assert {where for _, where in asked(proxy, port(vendor.url))} == {by_name(place(vendor.url))}


@pytest.mark.parametrize("transport", ["http", "mllp", "sftp"])
def test_what_the_proxy_refuses_is_not_sent(world, proxy, partner, transport):
    """The ranges are the proxy's to enforce: the address is put to it."""
    gone_to = port(partner.url()) if transport == "http" else 6661
    if transport == "http":
        # a plain request is answered by the proxy as if it were the partner
        log = world.deliver(partner.url())
        assert (log["status"], log["error_kind"], log["response_status_code"]) == ("FAIL", "http_status", 403)
    elif transport == "mllp":
        log = world.deliver("", 28, data=report_event(world), extra={"host": "10.0.0.1", "port": gone_to})
        assert (log["status"], log["error_kind"]) == ("FAIL", "connect") and "403" in log["error_message"]
    else:
        with SftpPartner() as server:
            log = world.deliver("", 49, extra={**server.extra(), "host": "10.0.0.1", "port": gone_to})
        assert (log["status"], log["error_kind"]) == ("FAIL", "connect"), log["error_message"]
    assert len(asked(proxy, gone_to)) == 1 and not partner.requests


def report_event(world):
    report = world.lab.report(world.lab.bill())
    return {"action_id": 28, "lab_id": world.lab.id, "lab_report_id": report, "activity_date": "2026-11-21T12:00:00Z"}
