"""How answers and points are written for people."""

from functools import cache

from scoring.catalogue import CATALOGUE, Kind
from scoring.facts import Value

_LONGEST = 80


def points_text(tenths: int) -> str:
    """Write tenths of a point with one decimal place: 125 is "12.5"."""
    whole, tenth = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole}.{tenth}"


def number_text(number: float) -> str:
    """Write a number without needless places: 30000.0 is "30,000"."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,g}"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


@cache
def _option_text(key: str, answer: Value) -> tuple[str, str]:
    """Write an answer to a yes/no or choice field; there are few, and each is asked for thousands of times."""
    field = CATALOGUE[key]
    korean, english = ("예", "Yes") if answer is True else ("아니오", "No")
    if isinstance(answer, str):
        choice = field.find_choice(answer)
        korean, english = (choice.label_ko, choice.label_en) if choice else (answer, answer)
    return f"{field.label_ko}: {korean}", f"{field.label_en}: {english}"


def answer_text(key: str, answer: Value) -> tuple[str, str]:
    """Write one answer with its label, in Korean and in English."""
    field = CATALOGUE[key]
    if isinstance(answer, bool) or (field.kind is Kind.CHOICE and isinstance(answer, str)):
        return _option_text(key, answer)
    if field.kind is Kind.MONEY:
        korean, english = f"{answer:,}원", f"KRW {answer:,}"
    elif field.kind is Kind.INTEGER:
        korean = english = f"{answer:,}"
    else:
        korean = english = _shortened(str(answer))
    return f"{field.label_ko}: {korean}", f"{field.label_en}: {english}"
