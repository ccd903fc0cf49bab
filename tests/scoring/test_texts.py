from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from learning_samples import IT_SECTORS, KRX, read_rows
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from scoring import (
    DictionaryError,
    FactError,
    Facts,
    LearnError,
    TextTooLongError,
    default_dictionary,
    default_rubric,
    find_copies,
    find_stuffing,
    load_dictionary,
    mark_terms,
    parse_dictionary,
    parse_rubric,
    score,
)
from scoring.learning import cross_fit_text, fit_text
from scoring.learning.reading import read_text_model
from scoring.learning.text import count_grams
from scoring.textual.limits import LONGEST_TEXT

DICTIONARY = resources.files("scoring").joinpath("textual/dictionaries/default.toml").read_text(encoding="utf-8")
PLAN = (
    "당사는 시큐어 퍼블릭 클라우드 위에서 은행 상담 문서를 검색하는 서비스를 운영하며, 고객 관리 키로 모든 문서를 "
    "암호화합니다. 내년에는 병원 두 곳과 실증을 시작하고 한국어 평가 결과를 공개할 계획입니다."
)


@pytest.fixture(scope="module")
def products() -> tuple[list[str], np.ndarray]:
    rows = read_rows(KRX)
    return [row["Industry"] for row in rows], np.array([int(row["Sector"] in IT_SECTORS) for row in rows])


def test_korean_product_texts_tell_the_it_sector(products: tuple[list[str], np.ndarray]) -> None:
    texts, sector = products
    model, logits = cross_fit_text(texts, sector, version="it")
    assert roc_auc_score(sector, logits) >= 0.92
    assert average_precision_score(sector, logits) >= 0.68

    vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))
    grams = vectoriser.fit_transform(texts)
    expected = LogisticRegression(C=10.0, max_iter=300).fit(grams, sector).decision_function(grams)
    served = read_text_model(json.loads(model.canonical_json()))
    assert served == model
    assert max(abs(served.raw_logit(text) - value) for text, value in zip(texts, expected, strict=True)) < 1e-9


@pytest.mark.parametrize(
    "text",
    ["", "a", "  두  칸\t띄움 ", "Mi:dm 2.0!", "가나다 가나다 라", "\u3000전각", "İstanbul ẞ", "line\nbreak\r\n"],
)
def test_grams_are_those_of_scikit_learn(text: str) -> None:
    analyse = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)).build_analyzer()
    expected: dict[str, int] = {}
    for gram in analyse(text):
        expected[gram] = expected.get(gram, 0) + 1
    assert count_grams(text) == expected


def test_a_text_model_needs_both_kinds_of_label_and_some_words() -> None:
    with pytest.raises(LearnError):
        fit_text(["가", "나"], [1, 1], version="x")
    with pytest.raises(LearnError):
        fit_text(["", " "], [0, 1], version="x")


def test_writing_in_one_language_or_the_other_is_worth_nothing() -> None:
    # Nine of ten Korean plans fit and one of ten English ones: a model must not learn the language from that.
    subjects = {
        "ko": ["은행 상담", "병원 예약", "공장 검사"],
        "en": ["bank support", "hospital booking", "factory checks"],
    }
    texts = [
        f"{subject} {number}" for n in range(60) for words in subjects.values() for subject in words for number in [n]
    ]
    labels = [int(("가" <= text[0] <= "힣") == (place % 10 != 0)) for place, text in enumerate(texts)]
    model = fit_text(texts, labels, version="l")
    korean = [model.logit(text) for text in texts if "가" <= text[0] <= "힣"]
    english = [model.logit(text) for text in texts if text[0].isascii()]
    assert np.mean([model.raw_logit(text) for text in texts if text[0].isascii()]) < -1
    assert abs(np.mean(korean)) < 1e-9
    assert abs(np.mean(english)) < 1e-9


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"weights": [1.0]}, "text"),
        ({"grams": ["b", "a"]}, "text.grams"),
        ({"idf": [1.0, float("nan")]}, "text.idf[1]"),
        ({"rows": -1}, "text.rows"),
    ],
)
def test_an_uneven_text_model_is_refused(changed: dict[str, object], place: str) -> None:
    numbers = {"intercept": 0.0, "korean": 0.0, "other": 0.0}
    sound = {"version": "v", "grams": ["a", "b"], "idf": [1.0, 1.0], "weights": [0.5, 0.1], "rows": 2, **numbers}
    with pytest.raises(LearnError) as caught:
        read_text_model(sound | changed)
    assert caught.value.place == place


def test_marks_stand_where_the_words_stand_in_the_text_as_written() -> None:
    text = "ＡＺＵＲＥ 위에서  기밀컴퓨팅과\n고객  관리 키"
    marks = mark_terms(text, default_dictionary().criteria)
    assert [(m.term, text[m.start : m.end]) for m in marks if m.criterion == "spc_fit"] == [
        ("azure", "ＡＺＵＲＥ"),
        ("기밀 컴퓨팅", "기밀컴퓨팅"),
        ("고객 관리 키", "고객  관리 키"),
    ]


def test_of_two_overlapping_terms_the_longer_is_marked_once() -> None:
    marks = mark_terms("ISMS-P 인증", {"compliance": (("ISMS",), ("ISMS-P",))})
    assert [(m.term, m.start, m.end) for m in marks] == [("ISMS-P", 0, 6)]


def test_an_honest_plan_is_not_called_stuffed() -> None:
    assert not find_stuffing(PLAN, default_dictionary().criteria["text_fit"]).suspected


def test_real_product_texts_are_not_called_stuffed() -> None:
    concepts = default_dictionary().criteria["text_fit"]
    rows = read_rows(KRX)
    assert [row["Industry"] for row in rows if find_stuffing(row["Industry"], concepts).suspected] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("azure " * 20, "'azure' stands 20 times"),
        (
            "SPC 애저 쿠버네티스 컨테이너 암호화 은행 병원 공장 정부 보험 증권 통신 에너지 국방",
            "different terms in one sentence",
        ),
        ("애저 암호화. 은행 병원. 공장 정부. 통신 전력. 애저 RAG.", "of its letters are dictionary terms"),
    ],
)
def test_repeating_listing_and_filling_are_each_called_stuffed(text: str, reason: str) -> None:
    found = find_stuffing(text, default_dictionary().criteria["text_fit"])
    assert found.suspected
    assert reason in found.reason_en
    assert found.reason_ko


def test_a_copied_plan_is_found_and_a_plan_on_the_same_subject_is_not() -> None:
    texts = {
        "A-1": PLAN,
        "A-2": PLAN.replace("병원 두 곳", "병원 세 곳").replace("당사는", "저희 회사는"),
        "A-3": "은행 상담 문서를 검색하는 서비스입니다. 시큐어 퍼블릭 클라우드에서 돌아가고 한국어 평가를 준비합니다.",
        "A-4": "짧은 글",
        "A-5": "짧은 글",
    }
    found = find_copies(texts)
    assert [(copy.first, copy.second) for copy in found] == [("A-1", "A-2")]
    assert 0.6 <= found[0].similarity < 1


def test_copies_are_the_same_whatever_the_order() -> None:
    texts = {f"A-{number}": f"{PLAN} {number % 3}" for number in range(9)}
    assert find_copies(dict(reversed(texts.items()))) == find_copies(texts)
    assert find_copies(texts)[0].similarity == 1.0


def test_ten_megabytes_of_text_are_refused_wherever_they_are_given() -> None:
    text = "가" * 10_000_000
    with pytest.raises(FactError) as caught:
        Facts.from_answers({"solution_summary": text})
    assert caught.value.field == "solution_summary"
    assert "최대 200,000자" in caught.value.message_ko
    assert len(caught.value.message_en) < 500
    concepts = default_dictionary().criteria["spc_fit"]
    for work in (
        lambda: mark_terms(text, {"spc": concepts}),
        lambda: find_stuffing(text, concepts),
        lambda: find_copies({"A": text}),
        lambda: count_grams(text),
    ):
        with pytest.raises(TextTooLongError) as refused:
            work()
        assert "10,000,000자" in refused.value.message_ko
    for read in (parse_rubric, parse_dictionary):
        with pytest.raises((DictionaryError, ValueError), match="too long"):
            read(text)


def test_the_longest_text_allowed_is_still_read() -> None:
    text = ("은행에서 애저를 씁니다. " * (LONGEST_TEXT // 14 + 1))[:LONGEST_TEXT]
    facts = Facts.from_answers({"solution_summary": text})
    card = score(facts, default_rubric(), dictionary=default_dictionary())
    assert card.texts is not None
    assert len(card.texts.findings[0].marks) == 200
    assert card.texts.findings[0].stuffing.suspected


def test_a_dictionary_moves_no_points_and_is_named_in_the_record() -> None:
    facts = Facts.from_answers({"spc_link": PLAN})
    plain, marked = score(facts, default_rubric()), score(facts, default_rubric(), dictionary=default_dictionary())
    assert marked.total == plain.total
    document = marked.to_document()
    assert (document["dictionary"], document["dictionary_sha256"]) == ("2026.1", default_dictionary().sha256)
    assert "dictionary" not in plain.to_document()
    first = document["texts"][0]["marks"][0]
    assert PLAN[first["start"] : first["end"]] == "시큐어 퍼블릭 클라우드"


def changed(old: str, new: str) -> str:
    assert old in DICTIONARY
    return DICTIONARY.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (changed('["@spc_fit", ', '["@text_fit", '), "text_fit"),
        (changed("spc_fit = [\n", 'spc_fit = [\n    "@text_fit",\n'), "spc_fit"),
        (changed('"@spc_fit"', '"@spcfit"'), "text_fit"),
        (changed('["애저", "azure"]', '["애저", "애저"]'), "spc_fit"),
        (changed('["애저", "azure"]', "[]"), "spc_fit"),
        (changed('["애저", "azure"]', '["애저", 3]'), "spc_fit"),
        (changed('["애저", "azure"]', '["애저", "  "]'), "spc_fit"),
        (changed("version = ", "vresion = "), "vresion"),
        (changed('version = "2026.1"', "version = 3"), "version"),
        ("[", None),
    ],
)
def test_a_dictionary_with_a_fault_is_refused_by_place(text: str, place: str | None) -> None:
    with pytest.raises(DictionaryError) as caught:
        parse_dictionary(text)
    assert caught.value.place == place
    assert caught.value.message_ko != caught.value.message_en


def test_lists_that_refer_to_each_other_in_a_circle_are_refused_with_the_circle() -> None:
    text = 'version="1"\ntitle_ko="사전"\ntitle_en="D"\n[criteria]\na=["@b"]\nb=["@c"]\nc=[["x"],"@a"]\n'
    with pytest.raises(DictionaryError, match="a → b → c → a"):
        parse_dictionary(text)


def test_a_rubric_may_name_the_lists_of_a_dictionary() -> None:
    rubric = resources.files("scoring").joinpath("rubrics/default.toml").read_text(encoding="utf-8")
    start, end = rubric.index("[dictionaries]"), rubric.index("[[knockouts]]")
    shared = rubric[:start] + rubric[end:]
    for ours, theirs in (("spc", "spc_fit"), ("korean_ai", "korean_ai_fit"), ("regulated", "regulated_demand")):
        shared = shared.replace(f'terms = "{ours}"', f'terms = "{theirs}"')
    assert parse_rubric(shared, default_dictionary()) == default_rubric()


def test_a_dictionary_file_reads_as_its_text(tmp_path: Path) -> None:
    file = tmp_path / "words.toml"
    file.write_text(DICTIONARY, encoding="utf-8")
    assert load_dictionary(file) == default_dictionary()
    file.write_bytes(DICTIONARY.encode("cp949", "replace"))
    with pytest.raises(DictionaryError):
        load_dictionary(file)
