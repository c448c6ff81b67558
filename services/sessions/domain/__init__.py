"""How a session comes about, may start, and ends: pure decisions, one noun a module.

Read them in this order: ``hours`` (when a counselor can be booked), ``client`` (what the clinic knows), ``consent``
(what the client agreed to), ``contact`` (what is asked of the law for one contact), ``offer`` and ``booking`` (who is
offered, what is booked), ``session`` (its states), ``identity_check``, ``readiness``, and ``gate``, which joins all of
them into the one decision whether a session may start. ``note``, ``reading`` and ``retention`` are for afterwards.
"""
