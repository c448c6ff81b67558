"""The shared look: templates, style sheet, languages, and the front page of the house.

It owns what every page of every service has in common (``base.html``, macros, ``amanah.css``, the help strip first) and
two pages of its own: the first screen and ``/help``. What they show is passed in; they know no service.
"""
