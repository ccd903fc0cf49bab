"""The card of a learned model as a PDF: what it learned from, how good it is, what it weighs, who let it in.

It knows no model and no database: plain rows in, a tagged PDF out. Points are whole tenths.
"""

from collections.abc import Sequence
from html import escape

from reports.card_rows import CardCheck, CardCriterion, CardRows, CardVerdict, Measures
from reports.charts.palette import FONT, LIGHT, for_print
from reports.formats import DASH, MINUS, Locale, long_date, say
from reports.typesetting import Document, set_pages

_TENTHS = 10
_LEFT, _RIGHT, _ROW = 150, 600, 30
_METHODS = {
    "ridge": ("기준표 기반 능형 회귀", "ridge on the rubric"),
    "additive": ("가법 부스팅", "additive boosting"),
    "recalibrated": ("기준표 재보정", "recalibrated rubric"),
}
_STANDINGS = {
    "serves": ("쓰는 중", "serves"),
    "proposed": ("승인 대기", "waits for approval"),
    "passed": ("관문 통과", "passed the gate"),
    "failed": ("관문 미통과", "did not pass the gate"),
    "unjudged": ("판정 전", "not judged yet"),
}
_CHECKS = {
    "labels": ("라벨 수", "Labels"),
    "smaller_class": ("적은 쪽 라벨", "Rarer kind"),
    "gain": ("개선", "Gain"),
    "forward": ("시간순 검증", "Forward in time"),
    "calibration": ("확률 보정", "Calibration"),
    "leakage": ("누출", "Leakage"),
    "shadow": ("그림자", "Shadow"),
    "sign": ("방향", "Direction"),
    "sign:rubric": ("방향: 기준표", "Direction: rubric"),
}
_GROUPS = {
    "company_class": ("기업 규모", "Company size"),
    "region": ("지역", "Region"),
    "startup": ("창업기업", "Start-up"),
    "sme": ("중소기업", "Small or medium"),
    "midsize": ("중견기업", "Mid-sized"),
    "large": ("대기업", "Large"),
    "–": ("모름", "Unknown"),
}
_RESULTS = {True: ("통과", "passed"), False: ("미통과", "failed"), None: ("해당 없음", "not asked")}


def render_card(rows: CardRows, locale: Locale) -> bytes:
    """Set a model's card as a tagged A4 PDF; equal rows give equal bytes.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    return set_pages("sheet.typ", _document(rows, locale), rows.shown_on)


def _document(rows: CardRows, locale: Locale) -> Document:
    title = say(locale, f"모델 카드 {rows.version}", f"Model card {rows.version}")
    day = rows.shown_on
    return {
        "lang": locale,
        "region": say(locale, "KR", "GB"),
        "font": FONT,
        "colours": LIGHT,
        "title": title,
        "author": say(locale, "AX 펀드", "AX Fund"),
        "date": {"year": day.year, "month": day.month, "day": day.day},
        "subtitle": f"{say(locale, *_METHODS[rows.method])} · {rows.sha256[:12]}",
        "standing": {"text": say(locale, *_STANDINGS[rows.standing]), "good": rows.standing in {"serves", "passed"}},
        "foot": f"{title} · {long_date(day, locale)}",
        "sections": [
            _training(rows, locale),
            _metrics(rows, locale),
            _criteria(rows, locale),
            _groups(rows, locale),
            _limits(locale),
            _verdicts(rows, locale),
            _approvals(rows, locale),
            _hashes(rows, locale),
        ],
    }


def _section(title: str, **parts: object) -> Document:
    return {"title": title, "note": "", "facts": [], "lines": [], "tables": [], "items": [], "drawing": None} | parts


def _table(
    title: str, columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str | list[str]]], **more: str
) -> Document:
    return {
        "title": title,
        "columns": [{"label": label, "numeric": numeric} for label, numeric in columns],
        "rows": [list(row) for row in rows],
        "widths": more.get("widths", ""),
    }


def _training(rows: CardRows, locale: Locale) -> Document:
    window = (
        say(
            locale,
            f"결정 시점 {rows.window[0]} – {rows.window[1]}",
            f"Decided between {rows.window[0]} and {rows.window[1]}",
        )
        if rows.window
        else say(locale, "결정 시점 모름", "Times of decision unknown")
    )
    return _section(
        say(locale, "무엇에서 배웠나", "What it learned from"),
        facts=[
            [say(locale, "라벨", "Labels"), f"{rows.labels:,}"],
            [say(locale, "적합", "Fit"), f"{rows.positives:,}"],
            [say(locale, "적은 쪽", "Rarer kind"), f"{rows.smaller:,}"],
            [say(locale, "증거 무게", "Weight of evidence"), f"{rows.evidence:.2f}"],
        ],
        lines=[
            say(locale, f"라벨의 뜻: {rows.meaning_ko}", f"What a label means: {rows.meaning_en}"),
            window,
            say(
                locale, f"학습 {rows.trained_at} · {rows.trained_by}", f"Trained {rows.trained_at} by {rows.trained_by}"
            ),
            say(
                locale,
                "글의 n-gram도 배움(100점 중 15점 이내)" if rows.reads_text else "글은 배우지 않음",
                "Learns from the texts' n-grams, within 15 of the 100 points"
                if rows.reads_text
                else "Does not learn from texts",
            ),
        ],
    )


def _metrics(rows: CardRows, locale: Locale) -> Document:
    def column(one: Measures) -> list[str]:
        low, high = one.auc_interval
        return [
            f"{one.auc:.3f} (95% {low:.2f}–{high:.2f})",
            f"{one.log_loss:.4f}",
            f"{one.brier:.4f}",
            f"{one.calibration_error:.4f}",
        ]

    names = ["AUC", say(locale, "로그손실", "Log-loss"), "Brier", say(locale, "보정 오차", "Calibration error")]
    columns = (
        (say(locale, "지표", "Measure"), False),
        (say(locale, "모델", "Model"), True),
        (say(locale, "재보정한 기준표", "Recalibrated rubric"), True),
    )
    lines = list(zip(names, column(rows.model), column(rows.rubric), strict=True))
    return _section(
        say(locale, "얼마나 맞나", "How good it is"),
        note=say(
            locale, f"같은 라벨의 {rows.folds}겹 교차검증", f"{rows.folds}-fold cross-validation on the same labels"
        ),
        tables=[_table("", columns, lines)],
    )


def _criteria(rows: CardRows, locale: Locale) -> Document:
    missing = say(locale, "응답 없음", "no answer")
    columns = (
        (say(locale, "기준", "Criterion"), False),
        (say(locale, "기준표 최대", "Rubric's maximum"), True),
        (say(locale, "모델 최대", "Model's maximum"), True),
        (say(locale, "구간과 무게", "Bins and weights"), False),
    )
    lines = [
        (
            say(locale, one.label_ko, one.label_en),
            _points(one.rule_maximum),
            _points(one.maximum),
            [_bin(span or missing, weight) for span, weight in one.bins] or DASH,
        )
        for one in rows.criteria
    ]
    sentence = _moved(rows.criteria, locale)
    return _section(
        say(locale, "기준마다 무엇을 배웠나", "What it learned of each criterion"),
        note=say(locale, "구간은 기준표 점수, 무게는 로그오즈", "Bins are rule points, weights are log-odds"),
        drawing={"svg": _drawing(rows.criteria, locale), "sentence": sentence},
        tables=[_table("", columns, lines, widths="criteria")],
    )


def _bin(span: str, weight: float) -> str:
    rounded = round(weight, 2)
    return f"{span}: {rounded:+.2f}".replace("-", MINUS) if rounded else f"{span}: 0.00"


def _moved(criteria: Sequence[CardCriterion], locale: Locale) -> str:
    up = max(criteria, key=lambda one: one.maximum - one.rule_maximum)
    down = min(criteria, key=lambda one: one.maximum - one.rule_maximum)

    def said(one: CardCriterion) -> str:
        name = say(locale, one.label_ko, one.label_en)
        return f"{name} ({_points(one.rule_maximum)} → {_points(one.maximum)})"

    return say(
        locale,
        f"100점의 배분, 기준표와 모델. 가장 늘어난 기준 {said(up)}, 가장 줄어든 기준 {said(down)}",
        f"How the 100 points are shared, rubric and model. Most gained: {said(up)}; most lost: {said(down)}",
    )


def _drawing(criteria: Sequence[CardCriterion], locale: Locale) -> str:
    """Two bars for each criterion: the rubric's maximum above, the model's below."""
    most = max(max(one.rule_maximum, one.maximum) for one in criteria) or 1
    high = _ROW * len(criteria) + 26
    parts = []
    for place, one in enumerate(criteria):
        top = _ROW * place + 4
        name = escape(say(locale, one.label_ko, one.label_en))
        parts.append(_text(_LEFT - 8, top + 14, name, "end", "var(--ax-ink)"))
        for shift, tenths, paint in ((0, one.rule_maximum, "rule"), (11, one.maximum, "model")):
            wide = (_RIGHT - _LEFT) * tenths / most
            parts.append(
                f'<rect x="{_LEFT}" y="{top + shift}" width="{wide:.1f}" height="9" fill="var(--ax-{paint})"/>'
            )
            parts.append(_text(_LEFT + wide + 5, top + shift + 8, _points(tenths), "start", "var(--ax-ink-2)"))
    foot = high - 8
    for left, paint, words in (
        (_LEFT, "rule", say(locale, "기준표", "Rubric")),
        (_LEFT + 80, "model", say(locale, "모델", "Model")),
    ):
        parts.append(f'<rect x="{left}" y="{foot - 9}" width="9" height="9" fill="var(--ax-{paint})"/>')
        parts.append(_text(left + 14, foot, words, "start", "var(--ax-ink-2)"))
    return for_print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {high}" width="640" height="{high}">'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str, paint: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="" font-size="11" font-weight="400" '
        f'text-anchor="{anchor}" fill="{paint}">{words}</text>'
    )


def _groups(rows: CardRows, locale: Locale) -> Document:
    def name(key: str) -> str:
        return say(locale, *_GROUPS.get(key, (key, key)))

    return _section(
        say(locale, "집단", "Groups"),
        note=say(locale, "살펴볼 뿐 배우지 않음", "Watched, never learned from"),
        lines=[
            f"{name(grouping)}: " + ", ".join(f"{name(group)} {count:,}" for group, count in counts)
            for grouping, counts in rows.groups
        ],
    )


def _limits(locale: Locale) -> Document:
    return _section(
        say(locale, "한계", "Limits"),
        items=[
            say(
                locale,
                "점수는 읽는 순서를 정할 뿐 누구도 떨어뜨리지 않습니다.",
                "A score orders the reading and rejects nobody.",
            ),
            say(
                locale,
                "기준 사이의 상호작용은 배우지 않습니다.",
                "Interactions between criteria are not learned.",
            ),
            say(
                locale,
                "배운 기준표 밖에서는 쓰이지 않고, 다른 기준표의 점수와 견줄 수 없습니다.",
                "It serves only under the rubric it was learned on; its points are not comparable with another's.",
            ),
            say(
                locale,
                "이름, 성별, 나이, 학교, 지역, 대표자, 심사위원, 작성 언어는 쓰지 않습니다.",
                "Name, gender, age, school, region, representative, reviewer and language of the form are not used.",
            ),
        ],
    )


def _verdicts(rows: CardRows, locale: Locale) -> Document:
    names = {one.key: (one.label_ko, one.label_en) for one in rows.criteria}
    columns = (
        (say(locale, "조건", "Check"), False),
        (say(locale, "결과", "Result"), False),
        (say(locale, "이유", "Reason"), False),
    )
    tables = []
    for one in rows.verdicts[:1]:
        # What stands in the way comes first.
        ordered = sorted(one.checks, key=lambda check: check.passed is not False)
        lines = [
            (
                _check_name(check.key, names, locale),
                say(locale, *_RESULTS[check.passed]),
                _reason(check, locale),
            )
            for check in ordered
        ]
        head = f"{one.decided_at} · {say(locale, *_RESULTS[one.passed])} · {_against(one, locale)} · {one.decided_by}"
        tables.append(_table(head, columns, lines, widths="checks"))
    if len(rows.verdicts) > 1:
        tables.append(_earlier(rows.verdicts[1:], names, locale))
    return _section(
        say(locale, "관문 판정", "Verdicts of the gate"),
        note=say(
            locale,
            f"그림자 {rows.shadow_weeks}주, {rows.shadowed:,}건",
            f"{rows.shadow_weeks} weeks in shadow, {rows.shadowed:,} submissions",
        ),
        lines=[] if tables else [say(locale, "아직 판정하지 않았습니다.", "Not judged yet.")],
        tables=tables,
    )


def _earlier(verdicts: Sequence[CardVerdict], names: dict[str, tuple[str, str]], locale: Locale) -> Document:
    columns = (
        (say(locale, "언제", "When"), False),
        (say(locale, "결과", "Result"), False),
        (say(locale, "막은 조건", "What stood in the way"), False),
    )
    lines = [
        (
            one.decided_at,
            say(locale, *_RESULTS[one.passed]),
            ", ".join(_check_name(check.key, names, locale) for check in one.checks if check.passed is False) or DASH,
        )
        for one in verdicts
    ]
    return _table(say(locale, "그 앞의 판정", "Verdicts before it"), columns, lines, widths="checks")


def _against(verdict: CardVerdict, locale: Locale) -> str:
    rival = verdict.champion or say(locale, "재보정한 기준표", "the recalibrated rubric")
    return say(locale, f"상대: {rival}", f"against {rival}")


def _check_name(key: str, names: dict[str, tuple[str, str]], locale: Locale) -> str:
    if key in _CHECKS:
        return say(locale, *_CHECKS[key])
    kind, _, part = key.partition(":")
    if kind == "group":
        return say(locale, "집단: ", "Group: ") + say(locale, *_GROUPS.get(part, (part, part)))
    return say(locale, "방향: ", "Direction: ") + say(locale, *names.get(part, (part, part)))


def _reason(check: CardCheck, locale: Locale) -> str:
    """The reason without the key that the check's name says already, and groups by their words."""
    text = say(locale, check.reason_ko, check.reason_en)
    kind, _, part = check.key.partition(":")
    text = text.removeprefix(f"{part}: ") if part else text
    if kind == "group":
        for key, words in _GROUPS.items():
            word = say(locale, *words)
            text = text.replace(f" {key} ", f" {word} ").replace(f"({key})", f"({word})")
    return text


def _approvals(rows: CardRows, locale: Locale) -> Document:
    lines = []
    for one in rows.activations:
        who = (
            say(locale, f"되돌림으로 다시 쓰임: {one.approved_by}", f"serves again by a rollback: {one.approved_by}")
            if one.proposed_by is None
            else say(
                locale,
                f"{one.proposed_by} 제안, {one.approved_by} 승인",
                f"proposed by {one.proposed_by}, approved by {one.approved_by}",
            )
        )
        lines.append(f"{one.serves_from} · {who} · {one.reason}")
    lines = lines or [say(locale, "쓰인 적이 없습니다.", "It has never served.")]
    lines += [
        say(locale, f"확률 보정 {version} · {stamp}", f"Probability corrected: {version} · {stamp}")
        for version, stamp in rows.calibrations
    ]
    return _section(say(locale, "승인", "Approvals"), lines=lines)


def _hashes(rows: CardRows, locale: Locale) -> Document:
    return _section(
        say(locale, "지문", "Hashes"),
        lines=[
            f"{say(locale, '모델', 'Model')} {rows.sha256}",
            f"{say(locale, '학습 표', 'Training table')} {rows.table_sha256}",
            ", ".join(f"{name} {number}" for name, number in rows.libraries),
        ],
    )


def _points(tenths: int) -> str:
    return f"{tenths / _TENTHS:.1f}".replace("-", MINUS)
