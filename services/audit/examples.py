"""Named example data: what an officer may ask, as tests and the documentation use it."""

from services.audit.domain.question import Question
from services.audit.verifier.filter import Filter

JAKARTA = "0190a1b2-0000-7000-8000-00000000c001"
PHOENIX = "0190a1b2-0000-7000-8000-00000000c002"
CLIENT = "0190a1b2-0000-7000-8000-00000000d001"
COUNSELOR = "0190a1b2-0000-7000-8000-00000000a001"
SESSION = "0190a1b2-0000-7000-8000-00000000e001"
REFERENCE = "S-4K7T"

SESSION_BY_REFERENCE = Question(clinic=PHOENIX, reference=REFERENCE)
SESSION_FILTER = Filter(clinics=(PHOENIX,), mentions=tuple(sorted((REFERENCE, SESSION))))
"""The filter of ``SESSION_BY_REFERENCE``, where the reference stands for ``SESSION``."""

EVERYTHING_OF_NO_CLINIC = Question(clinic=None)
