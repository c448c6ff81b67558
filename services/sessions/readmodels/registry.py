"""The one register of this service's projections."""

from services.kernel.projections import Projections

PROJECTIONS = Projections()
