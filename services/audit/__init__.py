"""Audit owns the Merkle log of every event, its checkpoints and proofs, and the officer's questions to it.

It takes every event of every service as bytes, makes each one a leaf, and has the checkpoints signed by a key that
never leaves the keys port; it holds ids only and can open no seal. It publishes ``audit.trail-read``,
``audit.bundle-exported``, ``audit.alarm-raised``, ``audit.erasure-answered`` and ``audit.operation-refused``. It
listens to every topic, its own too.

``ingest`` takes events in, ``publishing`` signs the head, ``verifying`` reads the whole log again and again, ``merkle``
is the log as it lies in the database. ``verifier/`` is the home of the formats and imports nothing of the rest of the
project, so that somebody who doubts can read and run it alone; ``domain/`` grows the tree and makes what it checks.
"""
