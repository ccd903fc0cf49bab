"""Forms of the staff's room. They check shape and say what is missing; the actions decide."""

from fundapp.web.operations.forms.staff import (
    INSTRUMENT_WORDS,
    LARGEST_KRW,
    LONGEST_REASON,
    ROLE_WORDS,
    AdoptForm,
    FactorForm,
    ImportForm,
    JudgeForm,
    PersonForm,
    PoolForm,
    ReasonForm,
    RolesForm,
    SignForm,
    StepForm,
    TokenForm,
    TrancheForm,
)

__all__ = [
    "INSTRUMENT_WORDS",
    "LARGEST_KRW",
    "LONGEST_REASON",
    "ROLE_WORDS",
    "AdoptForm",
    "FactorForm",
    "ImportForm",
    "JudgeForm",
    "PersonForm",
    "PoolForm",
    "ReasonForm",
    "RolesForm",
    "SignForm",
    "StepForm",
    "TokenForm",
    "TrancheForm",
]
