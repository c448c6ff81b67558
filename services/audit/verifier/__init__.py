"""The verifier: checks a bundle offline, and owns every format that a bundle is made of.

It stands on the Python standard library and ``cryptography`` alone and imports nothing of the rest of the project:
whoever doubts the house can read these modules, take them elsewhere and run ``python -m services.audit.verifier``.
Each format lives here once; the log's own side (``services.audit.domain``) imports it from here.

Specifications: RFC 6962 and RFC 9162 (tree and proofs), C2SP signed-note, tlog-checkpoint and tlog-proof.
"""
