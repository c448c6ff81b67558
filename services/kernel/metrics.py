"""The counters and gauges of the house, in the form that Prometheus reads.

Declared here once, so that names and labels stay the same everywhere. A label is a service, a lane or a code of ours;
never a person, a clinic or anything that somebody typed.
"""

from prometheus_client import Counter, Gauge

_LANE = ("service", "lane")

RELAYED = Counter("amanah_relayed_total", "Events that the event log has acknowledged", _LANE)
RELAY_LAG = Gauge("amanah_relay_lag_events", "Events in the store that the event log has not acknowledged", _LANE)
CONSUMED = Counter("amanah_consumed_total", "Events of another service that were applied", _LANE)
CONSUMER_LAG = Gauge("amanah_consumer_lag_events", "Events of a lane, by its newest head, not yet applied", _LANE)
LANE_STOPPED = Gauge("amanah_lane_stopped", "1 while a lane is stopped and needs somebody to look", _LANE)
PARKED = Counter("amanah_parked_total", "Events set aside because they could not be applied", _LANE)
MISSING_VALUES = Counter("amanah_missing_values_total", "Sealed values that should be there and could not be opened")
