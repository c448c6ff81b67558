"""The questions that audit answers: the trail, one entry, bundles, and the log as it is published."""

from services.audit.queries.bundles import BundleRow, bundle_data, bundle_row
from services.audit.queries.entries import EntryShown, entry
from services.audit.queries.published import checkpoint, log_key, status, tile
from services.audit.queries.trails import TrailEntry, TrailPage, ask

__all__ = [
    "BundleRow",
    "EntryShown",
    "TrailEntry",
    "TrailPage",
    "ask",
    "bundle_data",
    "bundle_row",
    "checkpoint",
    "entry",
    "log_key",
    "status",
    "tile",
]
