"""Audit over HTTP, below ``/audit/v1``: the officer's trail, entries and bundles, and the log as it is published."""

from services.audit.api.bundles import bundles
from services.audit.api.log import log
from services.audit.api.trail import trail

BLUEPRINTS = (trail, bundles, log)
