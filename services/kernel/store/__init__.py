"""The store of one service: its events, and the plain rows that change with them.

Events are appended and never changed. A lane numbers its events 1, 2, 3 … without a hole and chains them
(``kernel.chain``). Read models, claims and the fence of erased keyholders change in the same transaction as the append;
the events are the outbox, and there is no other.
"""
