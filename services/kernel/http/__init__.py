"""The HTTP ground of every service.

It owns what all services do alike at their edge: who is calling (``tokens``), what they may do (``policy``), problem
details (``problems``), requests that may be sent twice (``idempotency``), versions (``etag``), pages of a list
(``paging``), the shapes of input (``schemas``, ``blueprint``), health (``health``), headers (``headers``), and joins
them in ``app``.
"""
