"""The language in which the services speak to one another: events, vocabularies, and the decision on practice.

One module a service declares that service's events. `vocabulary` holds every code that may stand in clear, `words`
its sentences, `practice` the clearances and `judge`, `emergency` the local numbers. Nothing here knows a service.
"""
