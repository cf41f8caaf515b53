"""Configuration by plain SQL, as an operator without a dashboard would do it."""
import json
import uuid


def add_auth(stack, lab, org_id=None, is_org=False, enabled=True):
    return stack.sql(
        "INSERT INTO integration.developer_authentication"
        " (auth_key, lab_id, org_id, is_org, developer_id, developer_name, is_integration_enable)"
        " VALUES (%s, %s, %s, %s, 7, 'Acme Health', %s) RETURNING id",
        [uuid.uuid4().hex, lab.id, org_id, is_org, enabled])[0][0]


def add_row(stack, auth_id, action_id, url, request_type=1, extra=None, headers=None, org_id=None, **columns):
    """A row of lab_integration; returns its id. `extra` becomes integration_extra_details."""
    row = {"auth_id": auth_id, "action_category_list_id": action_id, "url": url, "request_type": request_type,
           "integration_type": "WEBHOOK", **columns}
    if headers is not None:
        row["headers"] = json.dumps(headers)
    if extra is not None:
        row["integration_extra_details"] = json.dumps(extra)
    if org_id is not None:
        row["org_id"] = org_id
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    return stack.sql(f"INSERT INTO integration.lab_integration ({names}) VALUES ({marks}) RETURNING id",
                     list(row.values()))[0][0]


def update_row(stack, row_id, **columns):
    sets = ", ".join(f"{name} = %s" for name in columns)
    stack.sql(f"UPDATE integration.lab_integration SET {sets} WHERE id = %s", [*columns.values(), row_id])


def update_auth(stack, auth_id, **columns):
    sets = ", ".join(f"{name} = %s" for name in columns)
    stack.sql(f"UPDATE integration.developer_authentication SET {sets} WHERE id = %s", [*columns.values(), auth_id])
