"""Licensing: who may counsel whom, where, and by which law.

Owns jurisdictions, dated rules and their adoption, counselors' profiles and credentials with evidence, and
verifications; it knows no clients. Publishes `licensing.ruleset-published`, `rule-adopted`,
`place-rules-published`, `profile-recorded` and `clearance-published`, from which sessions judges each contact. Listens
to identity for memberships, and for erasure orders.
"""
