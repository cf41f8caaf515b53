"""Partners that behave as told, on loopback."""
from .http import Partner, Reply, Request, closed_port

__all__ = ["Partner", "Reply", "Request", "closed_port"]
