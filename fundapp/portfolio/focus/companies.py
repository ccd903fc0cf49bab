"""Whom the tags of rows name. A file has thousands of tags; those that are known are found without leaving Arrow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from .coding import REMEMBERED, Codebook, Frame, Verdicts, is_refusal
from .rows import FocusMapping, company_of

UNREADABLE: Final = -1
"""In place of the number of a company: its tags cannot be read."""

Companies = npt.NDArray[np.int32]


class TagReader:
    """Reads the tags of one file.

    Args:
        mapping: Tag keys that name a company.
        codebook: Gives companies their numbers, as `company`.
        present: The columns that the file has.
    """

    def __init__(self, mapping: FocusMapping, codebook: Codebook, present: Collection[str]) -> None:
        self._mapping, self._codebook = mapping, codebook
        self._allocates = "AllocatedMethodId" in present
        self._verdicts = Verdicts(self._company)
        self._tags, self._companies = _nothing()

    def read(self, frame: Frame) -> Companies:
        """Return the number of the company of each row."""
        if self._allocates:
            coded = frame.coded("Tags", "AllocatedMethodId", "AllocatedTags")
            return self._numbers(self._verdicts.on(coded))[coded.codes]
        tags, codes = frame.encoded("Tags")
        places = compute.index_in(tags, self._tags)
        if places.null_count:
            new = tags.filter(places.is_null())
            if len(self._tags) > REMEMBERED:
                (self._tags, self._companies), new = _nothing(), tags
            named = self._numbers(self._verdicts.judge((text,)) for text in new.to_pylist())
            self._tags, self._companies = pa.concat_arrays([self._tags, new]), np.concatenate([self._companies, named])
            places = compute.index_in(tags, self._tags)
        companies: Companies = self._companies[places.to_numpy()][codes]
        return companies

    def _company(self, tags: str, method: str = "", allocated: str = "") -> str | None:
        return company_of({"Tags": tags, "AllocatedMethodId": method, "AllocatedTags": allocated}, self._mapping)

    def _numbers(self, verdicts: Iterable[object]) -> Companies:
        said = list(verdicts)
        numbers = self._codebook.number("company", ("" if is_refusal(one) else str(one or "") for one in said))
        numbers[[is_refusal(one) for one in said]] = UNREADABLE
        return numbers


def _nothing() -> tuple[pa.Array, Companies]:
    return pa.array([], pa.string()), np.empty(0, dtype=np.int32)
