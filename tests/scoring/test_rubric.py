import re
from importlib import resources
from pathlib import Path

import pytest

from scoring import CATALOGUE, RubricError, default_rubric, load_rubric, parse_rubric

DEFAULT = resources.files("scoring").joinpath("rubrics/default.toml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert old in DEFAULT
    return DEFAULT.replace(old, new, 1)


def refused(text: str) -> RubricError:
    with pytest.raises(RubricError) as caught:
        parse_rubric(text)
    return caught.value


def test_the_default_rubric_has_the_eight_criteria_and_their_weights() -> None:
    assert [(c.key, c.maximum) for c in default_rubric().criteria] == [
        ("spc_fit", 250),
        ("korean_ai_fit", 200),
        ("regulated_demand", 150),
        ("compliance", 100),
        ("gpu_case", 100),
        ("traction", 100),
        ("team", 50),
        ("text_fit", 50),
    ]


def test_every_reason_and_label_of_the_default_rubric_is_in_korean_and_english() -> None:
    rubric = default_rubric()
    rules = [rule for criterion in rubric.criteria for rule in criterion.rules]
    korean = [x.reason_ko for x in (*rules, *rubric.knockouts)]
    english = [x.reason_en for x in (*rules, *rubric.knockouts)]
    assert all(re.search("[가-힣]", text) for text in korean)
    assert not any(re.search("[가-힣]", text) for text in english)


def test_a_misspelt_field_is_refused_with_its_place_in_both_languages() -> None:
    error = refused(changed('field = "containerised"', 'field = "containerized"'))
    assert (error.criterion, error.rule, error.field) == ("spc_fit", 4, "containerized")
    assert error.message_en == (
        "criterion spc_fit, rule 4, field containerized: no such field. Did you mean 'containerised'?"
    )
    assert error.message_ko == ("기준 spc_fit, 규칙 4, 항목 containerized: 알 수 없는 항목입니다. 혹시 containerised?")


def test_a_misspelt_field_in_a_knockout_is_refused() -> None:
    error = refused(changed('field = "sanctions"', 'field = "sanction"'))
    assert (error.criterion, error.rule, error.field) == ("good_standing", 1, "sanction")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('field = "infrastructure_as_code"\noperator = "is_true"', "", "infrastructure_as_code"),
        ('field = "pilot_customers"\noperator = "gte"', "contains_any", "pilot_customers"),
        ('field = "azure_ready"\noperator = "eq"', "gte", "azure_ready"),
        ('field = "spc_link"\noperator = "contains_any"', "eq", "spc_link"),
    ],
)
def test_an_operator_that_does_not_suit_the_kind_is_refused(old: str, new: str, field: str) -> None:
    other = re.sub(r'operator = "\w+"', f'operator = "{new or "eq"}"', old)
    error = refused(changed(old, other))
    assert error.field == field
    assert "does not apply" in error.message_en


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('value = "planned"', 'value = "soon"'),
        ('value = "planned"', "value = 3"),
        ('value = "planned"', 'value = "none"\nvalue2 = 1'),
        ('value = ["sme", "startup", "midsize"]', 'value = ["sme", "unknown"]'),
        ('value = ["sme", "startup", "midsize"]', 'value = "sme"'),
        ("value = 100_000_000", "value = 1.5"),
        ("value = 100_000_000", "value = true"),
        ("value = 100_000_000", 'value = "100,000,000"'),
        ('operator = "is_true"', 'operator = "is_true"\nvalue = true'),
        ('operator = "lte"\nvalue = 100000', 'operator = "between"\nvalue = [5, 1]'),
        ("points = 6\n", "points = 6.05\n"),
        ("points = 6\n", "points = -6\n"),
        ("points = 6\n", "points = nan\n"),
        ("points = 6\n", "points = inf\n"),
        ("points = 6\n", 'points = "6"\n'),
        ("maximum = 25\n", "maximum = -25\n"),
        ("maximum = 25\n", "maximum = nan\n"),
        ("maximum = 25\n", "maximum = inf\n"),
        ('terms = "spc"', 'terms = "spcc"'),
        ('["SOTA K"],', '["SOTA K"], ["sota k"],'),
        ("cap = 2", "capp = 2"),
        ("version = ", "versoin = "),
    ],
)
def test_a_value_of_the_wrong_type_or_a_misspelt_setting_is_refused(old: str, new: str) -> None:
    refused(changed(old, new))


def test_maxima_that_do_not_add_up_to_100_are_refused() -> None:
    error = refused(changed("maximum = 25", "maximum = 24"))
    assert error.message_en == "the criteria's maxima add up to 99.0, not 100."


def test_a_maximum_that_no_answers_reach_is_refused() -> None:
    error = refused(changed("maximum = 25", "maximum = 26"))
    assert error.criterion == "spc_fit"
    assert error.message_en == "criterion spc_fit: its rules reach 25.0 points, not 26.0."


def test_a_rule_that_no_answer_can_meet_is_refused() -> None:
    error = refused(
        DEFAULT.replace(
            'field = "delivered_projects"\noperator = "gte"\nvalue = 1',
            ('field = "delivered_projects"\noperator = "lt"\nvalue = 0'),
        ).replace(
            'field = "delivered_projects"\noperator = "gte"\nvalue = 3',
            ('field = "delivered_projects"\noperator = "lt"\nvalue = 0'),
        )
    )
    assert (error.criterion, error.field) == ("team", "delivered_projects")


def test_two_criteria_of_one_key_are_refused() -> None:
    assert refused(changed('key = "team"', 'key = "traction"')).criterion == "traction"


def test_an_answer_that_counts_in_two_criteria_is_refused() -> None:
    error = refused(changed('field = "delivered_projects"', 'field = "paying_customers"'))
    assert (error.criterion, error.field) == ("team", "paying_customers")


def test_a_setting_given_twice_is_refused() -> None:
    assert "TOML" in refused(changed("maximum = 25", "maximum = 25\nmaximum = 25")).message_ko


@pytest.mark.parametrize("text", ["", "x", "version = 1", 'criteria = "none"'])
def test_what_is_no_rubric_is_refused(text: str) -> None:
    refused(text)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_bytes(DEFAULT.encode("cp949", "replace"))
    with pytest.raises(RubricError):
        load_rubric(file)


def test_a_rubric_file_reads_as_its_text(tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_text(DEFAULT, encoding="utf-8")
    assert load_rubric(file) == default_rubric()


def test_the_hash_follows_every_word_and_no_comment() -> None:
    same = parse_rubric("# another comment\n" + DEFAULT)
    other = parse_rubric(changed("Azure 이전 계획이 있음", "Azure 이전을 계획함"))
    dictionary = parse_rubric(changed('"망 분리"', '"망분리"'))
    assert same.sha256 == default_rubric().sha256
    assert len({same.sha256, other.sha256, dictionary.sha256}) == 3


def test_a_rubric_lists_the_fields_it_asks_for() -> None:
    fields = default_rubric().fields
    assert set(fields) <= set(CATALOGUE)
    assert len(fields) == len(set(fields)) == 29
    assert fields[0] == "company_class"


def test_bins_that_overlap_are_refused_by_rule_and_field() -> None:
    apart = DEFAULT.replace(
        'field = "delivered_projects"\noperator = "gte"\nvalue = 1',
        'field = "delivered_projects"\noperator = "between"\nvalue = [1, 2]',
    ).replace(
        'field = "delivered_projects"\noperator = "gte"\nvalue = 3',
        'field = "delivered_projects"\noperator = "between"\nvalue = [3, 9]',
    )
    error = refused(apart.replace("value = [3, 9]", "value = [2, 9]"))
    assert (error.criterion, error.field) == ("team", "delivered_projects")
    assert error.message_en.endswith("bins overlap: 2 to 9 and 1 to 2.")
    assert error.message_ko.endswith("구간이 겹칩니다: 2~9, 1~2.")
    # Side by side they are accepted, and then it is the maximum that no answer reaches any more.
    assert "its rules reach" in refused(apart).message_en


def test_a_list_of_terms_that_refers_to_itself_is_refused_by_place() -> None:
    error = refused(
        changed("korean_ai = [", 'korean_ai = [\n    "@regulated",').replace(
            "regulated = [", 'regulated = ["@korean_ai",'
        )
    )
    assert error.field == "dictionaries.korean_ai"
    assert "korean_ai → regulated → korean_ai" in error.message_en
    assert "서로를 참조합니다" in error.message_ko


def test_a_rubric_of_ten_megabytes_is_refused_before_it_is_read() -> None:
    error = refused("# " + "가" * 10_000_000)
    assert error.message_ko == "기준표가 너무 깁니다: 10,000,002자, 최대 1,000,000자."
