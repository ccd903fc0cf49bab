"""The files of one export: a file, a folder of parts, or a list of them, and the manifest that lies beside them.

Azure writes an export as `<export>/<YYYYMMDD-YYYYMMDD>/[<time>/]<run id>/part_0_0001.csv` (or .csv.gz, .parquet), and
a `manifest.json` beside the parts that names them, the run and the scope. A folder is read as one export: with a
manifest exactly the parts that it names, else every usage file directly in the folder.
"""

from __future__ import annotations

import filecmp
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from .refusals import FocusFileError

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet", ".snappy.parquet")
_LARGEST_MANIFEST: Final = 4 << 20
MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Export:
    """The files of one export.

    Attributes:
        parts: Files in order of their names.
        name: What to call them together.
        version: Version of the dataset as the manifest states it; empty without one.
        run: Run of the export; empty without a manifest.
        scope: Scope of the export, in lower case; empty without a manifest.
        rows: Rows as the manifest counts them; None when it does not.
    """

    parts: tuple[Path, ...]
    name: str
    version: str = ""
    run: str = ""
    scope: str = ""
    rows: int | None = None


def find_export(source: Path | str | Sequence[Path]) -> Export:
    """Return the parts of an export.

    Args:
        source: A file, a folder, or several files of one export.

    Raises:
        FocusFileError: if there is no file, a part that the manifest names is missing, or two parts are the same.
    """
    export = _find(source)
    for one, two in combinations(export.parts, 2):
        if filecmp.cmp(one, two, shallow=False):
            raise FocusFileError(
                "parts",
                f"{one.name}과(와) {two.name}은(는) 같은 내용입니다. 두 번 세지 않도록 하나만 올리세요",
                f"{one.name} and {two.name} are the same; take in one of them, or their use would count twice",
            )
    return export


def _find(source: Path | str | Sequence[Path]) -> Export:
    if isinstance(source, Path | str):
        place = Path(source)
        if place.is_dir():
            return _folder(place)
        return Export((place,), place.name)
    given = sorted(Path(one) for one in source)
    manifests = [one for one in given if one.name == MANIFEST]
    parts = [one for one in given if one.name != MANIFEST]
    if not parts:
        raise FocusFileError("parts", "사용량 파일이 없습니다", "there is no usage file")
    name = parts[0].name if len(parts) == 1 else f"{parts[0].name} +{len(parts) - 1}"
    return _described(manifests[0], parts, name) if manifests else Export(tuple(parts), name)


def _folder(place: Path) -> Export:
    parts = sorted(one for one in place.iterdir() if one.is_file() and one.name.lower().endswith(SUFFIXES))
    manifest = place / MANIFEST
    if manifest.is_file():
        return _described(manifest, parts, place.name)
    if not parts:
        raise FocusFileError(
            "parts",
            f"폴더에 사용량 파일(.csv, .csv.gz, .parquet)이 없습니다: {place.name}",
            f"the folder holds no usage file (.csv, .csv.gz, .parquet): {place.name}",
        )
    return Export(tuple(parts), place.name)


def _described(manifest: Path, parts: Sequence[Path], name: str) -> Export:
    """Return the export that a manifest describes."""
    document = _load(manifest)
    config, run = _mapping(document.get("exportConfig")), _mapping(document.get("runInfo"))
    blobs = [_mapping(blob) for blob in document.get("blobs") or ()]
    by_name = {part.name: part for part in parts}
    named = [str(blob.get("blobName", "")).rsplit("/", 1)[-1] for blob in blobs]
    missing = [one for one in named if one not in by_name]
    if missing:
        listed = ", ".join(missing[:5])
        raise FocusFileError(
            "parts",
            f"manifest.json에 있는 파일이 없습니다: {listed}. 내보내기의 모든 파일을 함께 올리세요",
            f"files that manifest.json names are missing: {listed}; take in every part of the export together",
        )
    rows = document.get("dataRowCount")
    return Export(
        tuple(by_name[one] for one in named) or tuple(parts),
        name,
        version=str(config.get("dataVersion", "")),
        run=str(run.get("runId", "")),
        scope=_scope(str(config.get("resourceId", ""))),
        rows=rows if isinstance(rows, int) else None,
    )


def _load(manifest: Path) -> dict[str, Any]:
    try:
        with manifest.open("rb") as stream:
            document = json.loads(stream.read(_LARGEST_MANIFEST).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise FocusFileError(
            "parts", f"manifest.json을 읽을 수 없습니다: {error}", f"unreadable manifest.json: {error}"
        ) from error
    return _mapping(document)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _scope(resource_id: str) -> str:
    """Return the scope of an export from the resource id of its definition."""
    scope = resource_id.strip().lower().split("/providers/microsoft.costmanagement/exports/")[0]
    return scope.rstrip("/")
