"""What one test works with: a lab of its own, rows that point at its partners, events and logs."""
from . import rows
from .events import bill_event
from .lis import Lab
from .wait import eventually

FINAL = {"SUCCESS", "FAIL", "SUPERSEDED", ""}


class World:
    def __init__(self, stack, publisher):
        self.stack, self.publisher = stack, publisher
        self.lab = Lab(stack)
        self._auth = None

    @property
    def auth(self):
        """The lab's authentication, made when first needed."""
        if self._auth is None:
            self._auth = rows.add_auth(self.stack, self.lab)
        return self._auth

    def row(self, action_id, url, auth=None, **options):
        return rows.add_row(self.stack, auth or self.auth, action_id, url, **options)

    def publish(self, data, **options):
        return self.publisher.event(data, **options)

    def bill_event(self, action_id=1, bill=None, **more):
        """Publishes an event about a bill (a new one, unless given); returns the event's id."""
        return self.publish(bill_event(self.lab, bill or self.lab.bill(), action_id, **more))

    # ---- logs ----
    def logs(self, **conditions):
        return list(self.stack.mongo.integration_directory.find({"lab_id": self.lab.id, **conditions}))

    def log(self, log_id):
        from bson import ObjectId
        return self.stack.mongo.integration_directory.find_one({"_id": ObjectId(log_id)})

    def wait_log(self, event_id, row_id=None, status=FINAL, deadline=20):
        """The event's log (of that row) once it has one of these statuses."""
        wanted = {status} if isinstance(status, str) else status
        conditions = {"event_id": event_id, **({"lab_integration_id": row_id} if row_id else {})}

        def found():
            logs = self.logs(**conditions)
            return next((log for log in logs if log["status"] in wanted), None)

        def said():
            now = [(log["status"], log["error_message"]) for log in self.logs(**conditions)]
            return f"log of event {event_id} in {sorted(wanted)}; now {now}"
        return eventually(found, deadline, what=said)

    def deliver(self, url, action_id=1, data=None, **row):
        """One row, one event, its final log."""
        row_id = self.row(action_id, url, **row)
        event_id = self.publish(data or bill_event(self.lab, self.lab.bill(), action_id))
        return self.wait_log(event_id, row_id)

    def barrier(self, partner_url):
        """Returns when the events published so far in this lab (one partition) were handled: an
        event behind them has come through."""
        row_id = self.row(57, partner_url)
        event_id = self.publish({"action_id": 57, "lab_id": self.lab.id, "patient_id": self.lab.patient()})
        return self.wait_log(event_id, row_id)
