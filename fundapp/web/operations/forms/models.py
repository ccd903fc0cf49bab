"""The form that asks for a verdict on a model."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import TextAreaField
from wtforms.validators import Length, Optional

from fundapp.web.operations.forms.staff import LONGEST_REASON
from fundapp.web.shell.forms import KeyedForm

_WHY = "why-"


class VerdictForm(KeyedForm):
    """That a model be judged, with a reason for each finding that is to stand in nobody's way."""

    def explained(self) -> dict[str, str]:
        """Return by check what was written about it."""
        fields = {field.name: field.data or "" for field in self if field.name.startswith(_WHY)}
        return {name.removeprefix(_WHY): why.strip() for name, why in fields.items() if why.strip()}


def verdict_form(checks: Iterable[str]) -> VerdictForm:
    """Return a form with a field for each of the checks."""
    fields = {
        f"{_WHY}{check}": TextAreaField(check, validators=[Optional(), Length(max=LONGEST_REASON)]) for check in checks
    }
    made: VerdictForm = type("VerdictFormOf", (VerdictForm,), fields)()
    return made
