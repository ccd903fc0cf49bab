"""The application file: 120 rows, most of them sound and some deliberately not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from invention.companies import Company, chance
from invention.identifiers import hyphenate, with_wrong_check_digit
from invention.wording import write_korean_ai_link, write_spc_link, write_summary

Row = dict[str, str]

KOREAN_HEADERS = {
    "company_name": "회사명", "business_number": "사업자등록번호", "corporate_number": "법인등록번호",
    "founded_on": "설립일", "ksic": "업종코드", "region": "지역", "employees": "종업원수",
    "revenue_krw_y1": "매출액_y1", "revenue_krw_y2": "매출액_y2", "revenue_krw_y3": "매출액_y3",
    "assets_krw": "자산총액", "contact_name": "담당자", "contact_email": "이메일", "contact_phone": "연락처",
    "solution_title": "솔루션명", "solution_summary": "솔루션개요", "sector": "적용산업",
    "spc_link": "SPC연계계획", "korean_ai_link": "한국적AI연계계획", "requested_krw": "신청금액",
}  # fmt: skip
ANSWER_COLUMNS = (
    "azure_ready", "containerised", "infrastructure_as_code", "confidential_computing", "key_management",
    "data_in_korea", "foreign_processing_only", "korean_model", "korean_data_rights", "korean_evaluation",
    "pilot_customers", "letters_of_intent", "security_certification", "workload_sheet", "gpu_experience",
    "gpu_utilisation_percent", "recurring_revenue_krw", "paying_customers", "roles_filled",
    "delivered_projects", "tax_arrears", "sanctions", "conflict_cleared",
)  # fmt: skip
LEVELS = {
    "azure_ready": ("none", "planned", "partial", "running"),
    "containerised": ("none", "partial", "full"),
    "infrastructure_as_code": ("아니오", "예"),
    "confidential_computing": ("아니오", "예"),
    "key_management": ("none", "provider", "customer"),
    "data_in_korea": ("no", "partial", "yes", "yes"),
    "security_certification": ("none", "planned", "isms", "isms_p_or_csap"),
    "workload_sheet": ("아니오", "예"),
    "gpu_experience": ("none", "some", "production"),
}
KOREAN_LEVELS = {
    "korean_model": ("none", "foreign", "open", "midm_or_sota"),
    "korean_data_rights": ("none", "pending", "owned"),
    "korean_evaluation": ("아니오", "예"),
}
NEVER_BLANK = {"foreign_processing_only", "tax_arrears", "sanctions", "conflict_cleared", "korean_model"}


def gpu_column(sku: str, quarter: str) -> str:
    """Return the application column that holds the hours asked of a pool."""
    return f"gpu_{sku.lower()}_{quarter}"


@dataclass(frozen=True)
class Offer:
    """What the call offers: hours by (SKU, quarter) and the amounts one may ask for, in won."""

    pool_hours: dict[tuple[str, str], int]
    tickets_krw: tuple[int, ...]

    @classmethod
    def from_call(cls, call: dict[str, Any]) -> Offer:
        """Read the pools and tickets of a call file."""
        pools = {(pool["sku"], pool["quarter"]): int(pool["hours"]) for pool in call["pools"]}
        return cls(pools, tuple(call["allowed_tickets_krw"]))

    @property
    def columns(self) -> list[str]:
        """Return the application columns of the pools, in the call's order."""
        return [gpu_column(*pool) for pool in self.pool_hours]


@dataclass(frozen=True)
class Application:
    """A company and the row it handed in."""

    company: Company
    row: Row
    main_sku: str


def _level(levels: Sequence[str], quality: float, rng: random.Random) -> str:
    blurred = quality + (rng.random() + rng.random() - 1) * 0.28
    return levels[max(0, min(len(levels) - 1, int(blurred * len(levels))))]


def _count(most: int, quality: float, rng: random.Random) -> str:
    return str(max(0, int((quality + (rng.random() - 0.5) * 0.4) * most)))


def _answer(company: Company, *, korean_ai: bool, rng: random.Random) -> Row:
    quality = company.quality
    answers = {key: _level(levels, quality, rng) for key, levels in LEVELS.items()}
    for key, levels in KOREAN_LEVELS.items():
        answers[key] = _level(levels, quality + 0.08, rng) if korean_ai else levels[0]
    customers = _count(30, quality**2, rng)
    answers |= {
        "pilot_customers": _count(6, quality, rng),
        "letters_of_intent": _count(8, quality, rng),
        "paying_customers": customers,
        "recurring_revenue_krw": str(int(customers) * rng.randrange(14, 62) * 1_000_000),
        "roles_filled": str(min(5, int(_count(6, quality + 0.1, rng)))),
        "delivered_projects": _count(16, quality, rng),
        "foreign_processing_only": "아니오",
        "tax_arrears": "아니오",
        "sanctions": "아니오",
        "conflict_cleared": "예",
    }
    used = answers["gpu_experience"] != LEVELS["gpu_experience"][0]
    answers["gpu_utilisation_percent"] = str(25 + int(_count(60, quality, rng))) if used else ""
    for key in ANSWER_COLUMNS:
        if key not in NEVER_BLANK and chance(rng, 2 + int(10 * (1 - quality))):
            answers[key] = ""
    return answers


def _row(company: Company, offer: Offer, rng: random.Random) -> Row:
    both = chance(rng, 20 + int(70 * company.quality))
    korean_ai = both or chance(rng, 40)
    answers = _answer(company, korean_ai=korean_ai, rng=rng)
    weights = [9, 16, 18, 12, 16, 8, 8, 6, 3, 2][: len(offer.tickets_krw)]
    years = company.revenue_krw
    return {
        "company_name": company.name,
        "business_number": hyphenate(company.business_number),
        "corporate_number": company.corporate_number if chance(rng, 94) else "",
        "founded_on": company.founded_on.isoformat(),
        "ksic": company.ksic,
        "region": company.region,
        "employees": str(company.employees),
        "revenue_krw_y1": "" if years[0] is None else str(years[0]),
        "revenue_krw_y2": "" if years[1] is None else str(years[1]),
        "revenue_krw_y3": "" if years[2] is None else str(years[2]),
        "assets_krw": str(company.assets_krw),
        "contact_name": company.contact_name,
        "contact_email": company.contact_email,
        "contact_phone": company.contact_phone,
        "solution_title": company.case.title,
        "solution_summary": write_summary(company.case, answers, rng),
        "sector": company.case.sector,
        "spc_link": write_spc_link(company.case, answers, rng) if both or not korean_ai else "",
        "korean_ai_link": write_korean_ai_link(company.case, answers, rng) if korean_ai else "",
        "requested_krw": str(rng.choices(offer.tickets_krw, weights)[0]),
        **dict.fromkeys(offer.columns, ""),
        **{key: answers[key] for key in ANSWER_COLUMNS},
    }


def _appetite(offer: Offer, rng: random.Random) -> tuple[str, dict[tuple[str, str], int]]:
    """Return the main SKU of a company and its unscaled wish for each pool."""
    skus = list(dict.fromkeys(sku for sku, _ in offer.pool_hours))
    supply = [sum(hours for (sku, _), hours in offer.pool_hours.items() if sku == one) for one in skus]
    main = rng.choices(skus, supply)[0]
    second = rng.choice(skus) if chance(rng, 25) else main
    size = rng.choice((3, 4, 5, 6, 8, 10, 12, 15, 20))
    wishes: dict[tuple[str, str], int] = {}
    for pool in offer.pool_hours:
        share = 100 if pool[0] == main else 35 if pool[0] == second else 0
        wishes[pool] = size * share * rng.randrange(60, 141) // 100
    return main, wishes


def invent_applications(companies: list[Company], offer: Offer, seed: str, demand_times: int) -> list[Application]:
    """Return one application a company, asking together for `demand_times` the hours of every pool."""
    rng = random.Random(f"{seed}/applications")
    rows = [_row(company, offer, rng) for company in companies]
    appetites = [_appetite(offer, random.Random(f"{seed}/gpu/{place}")) for place in range(len(companies))]
    for pool, hours in offer.pool_hours.items():
        total = sum(wishes[pool] for _, wishes in appetites)
        for row, (_, wishes) in zip(rows, appetites, strict=True):
            wanted = (wishes[pool] * hours * demand_times // total + 12) // 24 * 24
            row[gpu_column(*pool)] = str(wanted) if wanted else ""
    return [Application(company, row, main) for company, row, (main, _) in zip(companies, rows, appetites, strict=True)]


def add_deliberate_faults(applications: list[Application]) -> list[tuple[str, Application]]:
    """Return every row of the file with its label: "sound", or what is deliberately uneven in it.

    Faults that the import refuses fall on weak companies; those that screening stops fall on strong
    ones, because a strong score is what the committee might be tempted to wave through.
    """
    ranked = sorted(range(len(applications)), key=lambda place: applications[place].company.quality)
    labelled = [("sound", application) for application in applications]

    def change(place: int, label: str, **values: str) -> None:
        application = applications[place]
        labelled[place] = (label, replace(application, row=application.row | values))

    wrong = with_wrong_check_digit(applications[ranked[20]].company.business_number)
    change(ranked[20], "wrong_business_number", business_number=hyphenate(wrong))
    change(ranked[30], "missing_contact_email", contact_email="")
    change(ranked[12], "amount_not_a_number", requested_krw="5억쯤")
    change(ranked[40], "founded_in_the_future", founded_on=date(2031, 3, 2).isoformat())
    change(ranked[-9], "tax_arrears", tax_arrears="예")
    change(ranked[-14], "foreign_processing_only", foreign_processing_only="예", data_in_korea="no")
    change(
        ranked[70], "large_company", ksic="C29271", employees="1840", assets_krw="612000000000",
        revenue_krw_y1="483000000000", revenue_krw_y2="471000000000", revenue_krw_y3="455000000000",
        founded_on="1994-05-16",
    )  # fmt: skip
    for place in (ranked[75], ranked[90]):
        change(
            place, "midsize_company", employees="640", assets_krw="231000000000", revenue_krw_y1="214000000000",
            revenue_krw_y2="205000000000", revenue_krw_y3="196000000000", founded_on="2003-09-22",
        )  # fmt: skip
    first, second = applications[ranked[60]].company, ranked[55]
    labelled[ranked[60]] = ("related_company", applications[ranked[60]])
    change(
        second, "related_company", contact_name=first.contact_name, contact_phone=first.contact_phone,
        contact_email=f"second@{first.domain}",
    )  # fmt: skip
    again, later = applications[ranked[80]], applications[ranked[85]]
    labelled.insert(max(ranked[80] + 1, 70), ("identical_duplicate", again))
    changed = later.row | {"delivered_projects": "24", "letters_of_intent": "12"}
    labelled.append(("changed_duplicate", replace(later, row=changed)))
    return labelled
