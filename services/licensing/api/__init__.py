"""Licensing over HTTP."""

from services.licensing.api.counselors import counselors
from services.licensing.api.credentials import credentials
from services.licensing.api.rules import rules

BLUEPRINTS = (rules, counselors, credentials)
