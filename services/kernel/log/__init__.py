"""The event log: what it promises (port), where it lies (embedded, kafka), and what moves events over it.

``relay`` carries a store's events into the log, ``consumer`` applies those of other services, ``heads`` tells whether
a quiet lane is quiet or cut. Implementations are chosen by the composition root alone and imported from their modules.
"""
