"""The kernel: what every service stands on. It knows none of them.

It owns the words of an event (``events``, ``fields``, ``codec``, ``chain``), the store (``store``), the two moves of
every service (``work``: load, decide, append; ``reading``: decrypt, record, show), the ports to the event log and to
the keys (``log``, ``keys``), the web ground (``http``, ``web``), settings, logs and time.
"""
