"""What applicants write: Korean or English paragraphs that agree with their answers."""

from __future__ import annotations

import random
from collections.abc import Mapping

from invention.companies import Case

Answers = Mapping[str, str]
FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3
FINAL_CONSONANTS = 28


def with_particle(noun: str, after_consonant: str, after_vowel: str) -> str:
    """Return the noun with the Korean particle that its last syllable takes."""
    last = ord(noun[-1])
    has_final = FIRST_SYLLABLE <= last <= LAST_SYLLABLE and (last - FIRST_SYLLABLE) % FINAL_CONSONANTS != 0
    return noun + (after_consonant if has_final else after_vowel)


def write_summary(case: Case, answers: Answers, rng: random.Random) -> str:
    """Return two to four sentences on what the solution does and how far it is."""
    return _summary_en(case, answers, rng) if case.language == "en" else _summary_ko(case, answers, rng)


def _summary_ko(case: Case, answers: Answers, rng: random.Random) -> str:
    data, user = with_particle(case.data, "을", "를"), with_particle(case.user, "이", "가")
    opening = rng.choice((
        f"{user} 쓰는 {case.title} 서비스입니다. {data} 읽어 근거를 함께 보여 줍니다.",
        f"{data} 분석해 {case.user}의 업무를 돕습니다. 결과마다 원문 위치를 표시해 사람이 확인합니다.",
        f"{case.title}에 필요한 {data} 한 화면에 모으고, {user} 바로 쓸 수 있는 초안을 만듭니다.",
        f"지금은 {user} 손으로 하는 일을 {data} 학습한 모형이 먼저 처리하고 담당자가 확정합니다.",
    ))  # fmt: skip
    aim = rng.choice(
        (
            f"목표는 {case.effect}입니다.",
            f"시험 결과를 바탕으로 {with_particle(case.effect, '을', '를')} 목표로 삼았습니다.",
        )
    )
    pilots = int(answers["pilot_customers"] or 0)
    early = (
        "아직 시제품 단계이며 실증할 곳을 찾고 있습니다.",
        "내부 시험을 마치고 첫 고객과 이야기하고 있습니다.",
        "",
    )
    customers = answers["paying_customers"] or 0
    running = f"{pilots}개 기관에서 실증하고 있으며 유료 고객은 {customers}곳입니다."
    state = running if pilots else rng.choice(early)
    return " ".join(part for part in (opening, aim, state) if part)


def _summary_en(case: Case, answers: Answers, rng: random.Random) -> str:
    opening = rng.choice((
        f"{case.title}: the service reads {case.data} and shows its evidence to {case.user}.",
        f"{case.title}: made for {case.user}, working from {case.data}.",
    ))  # fmt: skip
    pilots = int(answers["pilot_customers"] or 0)
    running = f"{pilots} pilots are running." if pilots > 1 else "One pilot is running."
    state = running if pilots else "A prototype is in internal testing."
    return f"{opening} The aim is {case.effect}. {state}"


def write_spc_link(case: Case, answers: Answers, rng: random.Random) -> str:
    """Return the paragraph on the secure public cloud, as concrete as the answers allow."""
    if case.language == "en":
        return _spc_en(case, answers)
    where = {
        "running": "이미 Azure 한국 리전에서 운영하고 있어 SPC 구역으로 옮기는 일만 남았습니다.",
        "partial": "일부 구성 요소를 Azure 한국 리전에서 운영하고 있으며 나머지를 단계적으로 옮깁니다.",
        "planned": "올해 안에 Azure 한국 리전으로 옮길 계획입니다.",
    }.get(answers["azure_ready"], "SPC에서 운영하는 방안을 알아보고 있습니다.")
    how = rng.choice(("국내 구역에만 보관하고", "SPC 안에서만 처리하고", "고객 구역을 나누어 저장하고"))
    parts = [where, f"{with_particle(case.data, '은', '는')} {how} 접근 기록을 남깁니다."]
    if answers["containerised"] == "full":
        parts.append("서비스 전체를 컨테이너로 배포합니다.")
    if answers["infrastructure_as_code"] == "예":
        parts.append("인프라는 코드로 관리합니다.")
    if answers["confidential_computing"] == "예":
        parts.append("민감한 추론은 기밀 컴퓨팅 구역에서 수행합니다.")
    if answers["key_management"] == "customer":
        parts.append(f"암호키는 {with_particle(case.user, '이', '가')} 직접 관리합니다.")
    if answers["security_certification"] in {"isms", "isms_p_or_csap"}:
        parts.append("정보보호 관리체계 인증 범위에 이 서비스를 포함했습니다.")
    return " ".join(parts)


def _spc_en(case: Case, answers: Answers) -> str:
    where = {
        "running": "We already run on Azure in Korea and would move into the secure public cloud.",
        "partial": "Part of the service runs on Azure in Korea; the rest follows in stages.",
        "planned": "We plan to move to Azure in Korea this year.",
    }.get(answers["azure_ready"], "We are studying how to run on the secure public cloud.")
    keys = " Customers keep their own keys." if answers["key_management"] == "customer" else ""
    secret = (
        " Inference on sensitive data uses confidential computing." if answers["confidential_computing"] == "예" else ""
    )
    return f"{where} All {case.data} stay in a zone in Korea with an access record.{secret}{keys}"


def write_korean_ai_link(case: Case, answers: Answers, rng: random.Random) -> str:
    """Return the paragraph on Korean AI, as concrete as the answers allow."""
    if case.language == "en":
        return _korean_ai_en(case, answers)
    model = {
        "midm_or_sota": "믿:음 계열 모형을 바탕으로 추가 학습합니다.",
        "open": "공개 한국어 모형을 바탕으로 추가 학습하고 믿:음으로 옮기는 시험을 합니다.",
        "foreign": "지금은 국외 모형을 쓰고 있으며 국내 모형으로 바꿀 계획입니다.",
    }.get(answers["korean_model"], "어떤 한국어 모형을 쓸지 검토하고 있습니다.")
    rights = {
        "owned": f"{case.data}에 대한 이용 권리를 확보했습니다.",
        "pending": f"{case.data}의 이용 권리를 협의하고 있습니다.",
    }.get(answers["korean_data_rights"], f"{with_particle(case.data, '은', '는')} 권리 관계를 확인해야 합니다.")
    extra = rng.choice((
        f"{case.user}의 말투와 용어를 반영한 평가 문항을 만들었습니다.",
        "한국어 존댓말과 줄임말에서 생기는 오류를 따로 재어 공개합니다.",
        f"{case.title}에 맞춘 한국어 평가 결과를 KT와 나눕니다.",
    ))  # fmt: skip
    tested = answers["korean_evaluation"] == "예"
    return f"{model} {rights} {extra if tested else '한국어 평가는 지원을 받은 뒤에 시작합니다.'}"


def _korean_ai_en(case: Case, answers: Answers) -> str:
    model = {
        "midm_or_sota": "We fine-tune a Mi:dm model.",
        "open": "We fine-tune an open Korean model and are testing Mi:dm.",
        "foreign": "We use a foreign model today and plan to change to a Korean one.",
    }.get(answers["korean_model"], "We have not chosen a Korean model yet.")
    rights = "We hold the rights" if answers["korean_data_rights"] == "owned" else "We are clearing the rights"
    return f"{model} {rights} to the {case.data} it learns from."
