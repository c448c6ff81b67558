"""The main job, from the founding of a network to the erasure of a client, as one script of five steps.

The steps know the house by its APIs and its mail, and by the verifier that anybody may run (``proving``). Two drivers
play them, so that they cannot drift apart: one over HTTP against a running installation (``amanah smoke``), one that
makes the house itself and turns its workers by hand (``inprocess``).
"""
