"""Audit's use cases: raising an alarm, recording a look, exporting a bundle."""

from services.audit.commands.alarms import raise_alarm
from services.audit.commands.bundles import Export, Exported, export_bundle
from services.audit.commands.looks import record_look

__all__ = ["Export", "Exported", "export_bundle", "raise_alarm", "record_look"]
