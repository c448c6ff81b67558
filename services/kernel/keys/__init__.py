"""The keys port: what keeps words confidential and statements signed.

``port`` says what a key server does; ``local`` (a keyring file) and ``vault`` (OpenBao or HashiCorp Vault, over
``vault_client``) do it. ``sealing`` seals and opens a value with a data key, ``cache`` keeps opened data keys for a
short while, ``signing`` checks signatures with public keys. No SQL is here: rows belong to the services.
"""
