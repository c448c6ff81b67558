"""The main job, from the founding of a network to the erasure of a client, as one script of five steps.

It knows the house only by its APIs and its mail. Two drivers play it: one over HTTP against a running installation
(``amanah smoke``), one over test clients in one process; a browser is to be the third. So they cannot drift apart.
"""
