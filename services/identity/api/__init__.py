"""Identity's operations over HTTP, one noun a module, and the shapes of what they take and give."""

from services.identity.api.erasures import erasures
from services.identity.api.founding import founding
from services.identity.api.people import people
from services.identity.api.registration import registration
from services.identity.api.signing_in import signing_in

BLUEPRINTS = (founding, signing_in, people, registration, erasures)
