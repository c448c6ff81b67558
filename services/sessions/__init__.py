"""Sessions: what a clinic knows of its client, and every counselling contact from booking to outcome.

Owns: counselors' hours, clients' details (sealed, under the clinic's key), consents, bookings, the session-start gate,
notes, and who read what. Publishes: ``clinic-opened``, ``notice-due``, ``erasure-answered``. Listens to identity
(clinics, memberships, clients, holds and erasure orders, revoked sign-ins) and to licensing (clearances, place rules,
profiles). It decides whether a session may start, by itself and in its own transaction; ``domain`` says how.
"""
