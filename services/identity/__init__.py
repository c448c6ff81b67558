"""Identity: how to recognise and reach a person, and nothing of why they come.

It owns the network and its clinics, accounts and memberships, invitations, the ids of clients, sign-ins and tokens,
all mail, erasure orders and legal holds. It publishes clinics, memberships, clients, revoked sign-ins, holds and
erasure orders. It listens to ``sessions.clinic-opened`` (clients may register), ``sessions.notice-due`` (somebody is
to be reached) and to the other services' answers to an erasure order.
"""
