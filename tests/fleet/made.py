"""Logs written straight into the store: as many as a test or a benchmark wants, of any time."""
import random
import uuid

from bson import Int64, ObjectId

ERRORS = [("timeout", "No response"), ("connect", "Connection refused"), ("http_status", "Bill {n} could not be saved"),
          ("http_status", "Patient {n} unknown"), ("dns", "Could not resolve host: partner.example"),
          ("nack", "Segment PID missing"), ("auth", "Token expired"), ("http_status", "Rate limit exceeded, retry later"),
          ("response", "Connection reset by peer"), ("tls", "Certificate has expired")]
NULLS = ("action_category", "vendor", "org_id", "lrr_id", "report_id", "error_kind", "error_message", "fusion_log", "next_auto_retry_at",
         "traceparent", "patient_id", "lab_integration_id", "action_category_list_id")


def log(lab, at, status="SUCCESS", kind="WEBHOOK", action=1, draw=random, **fields):
    """A log's document as the fleet writes it; `at` is its inserted_at."""
    of_action = {} if kind == "API" else {"action_category_list_id": Int64(action), "lab_integration_id": Int64(lab * 100 + action)}
    return {
        "_id": ObjectId(draw.randbytes(12)), **dict.fromkeys(NULLS), **of_action,
        "integration_type": kind, "operation": f"Operation {action}", "transport": "http", "auth_id": Int64(lab * 10 + action % 3),
        "developer_name": f"Partner {action % 3}", "lab_id": Int64(lab), "bill_id": Int64(draw.randrange(1, 1 << 40)),
        "status": status, "end_point": "https://partner.example/hook", "request_type": 1,
        "request_headers": {"content-type": "application/json", "user-agent": "integration-fleet"},
        "request_body": '{"webhookId": 1, "labId": %d, "pad": "%s"}' % (lab, "x" * 500),
        "response_headers": {"content-type": "application/json"}, "response_body": '{"ok": true}',
        "response_status_code": 200 if status == "SUCCESS" else None, "response_time": draw.lognormvariate(3.5, 1),
        "stage": "LIVEHEALTHAPI", "sent_to_mirth": False, "retry_count": 0, "auto_retry_count": 0,
        "retry_context": {"action_id": action, "lab_id": lab}, "payload_sha256": "ab" * 32, "triggered_by_py3": False,
        "event_id": uuid.UUID(int=draw.getrandbits(128)).hex, "inserted_at": at, "activity_date": at, "updated_at": at, "attempt": 0,
        "event_position": {"topic": "lis.events", "partition": 0, "offset": Int64(0)}, **fields}


def failed(lab, at, draw=random, **fields):
    kind, message = draw.choice(ERRORS)
    return log(lab, at, "FAIL", draw=draw, **{"error_kind": kind, "error_message": message.format(n=draw.randrange(100000)), **fields})
