"""Who applies: invented companies with a hidden quality that their answers will follow."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from invention.identifiers import invent_business_numbers, invent_corporate_number

HEADS = {
    "가람": "garam", "나래": "narae", "도담": "dodam", "라솔": "rasol", "미르": "mireu",
    "바름": "bareum", "보람": "boram", "비나": "bina", "새론": "saeron", "소담": "sodam",
    "슬기": "seulgi", "아람": "aram", "어울": "eoul", "여울": "yeoul", "온새": "onsae",
    "윤슬": "yunseul", "은결": "eungyeol", "이든": "ideun", "잔별": "janbyeol", "초롱": "chorong",
    "푸른": "pureun", "하람": "haram", "해든": "haedeun", "다솜": "dasom", "늘봄": "neulbom",
    "빛새": "bitsae", "달무": "dalmu", "꽃잠": "kkotjam", "모롱": "morong", "시나": "sina",
}  # fmt: skip
TAILS = {
    "결": "gyeol", "뫼": "moe", "못": "mot", "터": "teo", "들": "deul",
    "숲": "sup", "길": "gil", "울": "ul", "벌": "beol", "내": "nae",
    "재": "jae",
}  # fmt: skip
ENDINGS = {
    "공공": ("행정기술", "공공시스템", "마을AI"),
    "금융": ("금융기술", "여신AI", "핀랩"),
    "제조": ("팩토리", "로보틱스", "정밀AI", "공정기술"),
    "의료": ("헬스", "의료영상", "메디랩"),
    "에너지": ("에너지", "전력기술", "그리드"),
    "물류": ("물류", "로지스", "운송AI"),
    "유통": ("커머스", "유통기술", "마켓랩"),
    "교육": ("에듀", "배움터", "러닝AI"),
    "법률": ("법률AI", "리걸랩", "법무기술"),
    "농업": ("팜", "농업기술", "스마트팜"),
    "소프트웨어": ("소프트", "시큐리티", "데이터랩"),
    "미디어": ("미디어", "스튜디오", "음향기술"),
    "기타": ("기술", "연구소", "랩"),
}
INDUSTRIES = {
    "제조": ("C29271", "C28909", "C26299", "J58222"),
    "의료": ("C27112", "J58222", "M70113"),
    "에너지": ("D35200", "C28114", "J58222"),
    "물류": ("H52991", "J58222", "J62021"),
    "농업": ("A01411", "J58222", "M70111"),
    "미디어": ("J59111", "J59201", "J58222"),
}
COMMON_INDUSTRIES = ("J58222", "J58222", "J62010", "J63991", "M70121")
REGIONS = (
    ("서울특별시", 33), ("경기도", 21), ("부산광역시", 8), ("대전광역시", 8),
    ("대구광역시", 6), ("인천광역시", 5), ("광주광역시", 5), ("경상남도", 4),
    ("경상북도", 4), ("충청남도", 4), ("충청북도", 4), ("전북특별자치도", 3),
    ("강원특별자치도", 3), ("울산광역시", 3), ("전라남도", 3), ("세종특별자치시", 2),
    ("제주특별자치도", 2),
)  # fmt: skip
LOWEST_QUALITY, QUALITY_RANGE = 0.19, 0.71
SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍"
GIVEN = (
    "가온", "나린", "다온", "라희", "루다", "마루", "보름", "새봄", "서율", "소율",
    "아라", "예솔", "은솔", "이솔", "재율", "지안", "찬솔", "채움", "한별", "해솔",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One thing that AI does for somebody: the subject of an application."""

    language: str
    sector: str
    title: str
    data: str
    user: str
    effect: str


@dataclass(frozen=True)
class Company:
    """An applicant. `quality` lies between 0 and 1 and never leaves the generator."""

    name: str
    domain: str
    business_number: str
    corporate_number: str
    founded_on: date
    ksic: str
    region: str
    employees: int
    revenue_krw: tuple[int | None, int | None, int | None]
    assets_krw: int
    contact_name: str
    contact_email: str
    contact_phone: str
    case: Case
    quality: float


def chance(rng: random.Random, percent: int) -> bool:
    """Return true in `percent` of a hundred draws."""
    return rng.randrange(100) < percent


def read_cases(path: Path) -> list[Case]:
    """Read the table of solutions, one for each company."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Case(**row) for row in csv.DictReader(file)]


def invent_companies(cases: list[Case], seed: str) -> list[Company]:
    """Invent one company for each case, in a shuffled order.

    Qualities are spread evenly, so that every part of the scale is met whatever the seed.
    """
    rng = random.Random(f"{seed}/companies")
    roots = [(f"{head}{tail}", f"{HEADS[head]}{TAILS[tail]}") for head in HEADS for tail in TAILS]
    rng.shuffle(roots)
    shuffled = list(cases)
    rng.shuffle(shuffled)
    ranks = list(range(len(cases)))
    rng.shuffle(ranks)
    regions = [name for name, companies in REGIONS for _ in range(companies)]
    rng.shuffle(regions)
    numbers = invent_business_numbers(len(cases), rng)
    return [
        _invent_company(
            case,
            roots[place],
            numbers[place],
            regions[place % len(regions)],
            LOWEST_QUALITY + QUALITY_RANGE * (ranks[place] + 0.5) / len(cases),
            place,
            rng,
        )
        for place, case in enumerate(shuffled)
    ]


def _invent_company(
    case: Case,
    root: tuple[str, str],
    number: str,
    region: str,
    quality: float,
    place: int,
    rng: random.Random,
) -> Company:
    founded_on = date(2025, 11, 28) - timedelta(
        days=rng.randrange(0, 5600) if chance(rng, 50) else rng.randrange(0, 2500)
    )
    revenue = _invent_revenue(founded_on, quality, rng)
    employees = 3 + (revenue[0] or 0) // 160_000_000 + rng.randrange(0, 14)
    return Company(
        name=f"{root[0]}{rng.choice(ENDINGS[case.sector])}",
        domain=f"{root[1]}.example",
        business_number=number,
        corporate_number=invent_corporate_number(rng),
        founded_on=founded_on,
        ksic=rng.choice(INDUSTRIES.get(case.sector, COMMON_INDUSTRIES)),
        region=region,
        employees=employees,
        revenue_krw=revenue,
        assets_krw=((revenue[0] or 0) * rng.randrange(60, 180) // 100 + rng.randrange(150, 2600) * 1_000_000)
        // 1_000_000
        * 1_000_000,
        contact_name=f"{rng.choice(SURNAMES)}{rng.choice(GIVEN)}",
        contact_email=f"apply@{root[1]}.example",
        contact_phone=f"070-0000-{1000 + place * 7:04d}",
        case=case,
        quality=quality,
    )


def _invent_revenue(founded_on: date, quality: float, rng: random.Random) -> tuple[int | None, int | None, int | None]:
    """Return revenue of 2025, 2024 and 2023 in won; None for a year in which the company did not exist."""
    size = 150 + int((quality * 0.6 + rng.random() * 0.8) ** 3 * 9_000)
    years: list[int | None] = []
    for year in (2025, 2024, 2023):
        years.append(size * 1_000_000 if founded_on.year <= year else None)
        size = size * 100 // rng.randrange(96, 112 + int(quality * 60))
    return (years[0], years[1], years[2])
