"""What stops learning: errors that name the place and the reason in Korean and in English."""


class LearnError(ValueError):
    """Labels, columns or a model that cannot be used.

    Attributes:
        place: The column, term or part at fault, if one is.
        row: Number of the row at fault, from 1, if one is.
        message_ko: Place and reason in Korean.
        message_en: Place and reason in English.
    """

    def __init__(self, message_ko: str, message_en: str, *, place: str | None = None, row: int | None = None) -> None:
        """Name row and place in front of both messages."""
        korean = [f"{row}행" if row is not None else None, place]
        english = [f"row {row}" if row is not None else None, place]
        place_ko = ", ".join(part for part in korean if part is not None)
        place_en = ", ".join(part for part in english if part is not None)
        self.place = place
        self.row = row
        self.message_ko = f"{place_ko}: {message_ko}" if place_ko else message_ko
        self.message_en = f"{place_en}: {message_en}" if place_en else message_en
        super().__init__(self.message_en)


class LeakageError(LearnError):
    """A column that could not have been known when the decision was taken."""
