"""Partners that behave as told, on loopback."""
from .http import Partner, Reply, Request, closed_port
from .mllp import Ack, Message, MllpPartner, frame
from .sftp import SftpPartner

__all__ = ["Ack", "Message", "MllpPartner", "Partner", "Reply", "Request", "closed_port", "SftpPartner", "frame"]
