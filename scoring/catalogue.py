"""The fields a score may use, and nothing else.

A rubric can only name what stands here. What must never count towards a score (anything about a person, where
the company sits, who reviews it, which language it writes in) is absent, so no rubric can ask for it.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What sort of value a field holds."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    NUMBER = "number"


class Section(StrEnum):
    """Who supplies a field: the company record, the proposal, the applicant's answers, the fund's checks."""

    COMPANY = "company"
    PROPOSAL = "proposal"
    ANSWER = "answer"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a choice field; one that says "I do not know" counts as no answer."""

    code: str
    label_ko: str
    label_en: str
    synonyms: tuple[str, ...] = ()
    means_missing: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One fact: its column name, its kind, its labels and its bounds.

    Attributes:
        maximum: The largest value that can be true, in the field's own unit; the smallest is always 0.
    """

    key: str
    kind: Kind
    section: Section
    label_ko: str
    label_en: str
    choices: tuple[Choice, ...] = ()
    maximum: Decimal | None = None

    def find_choice(self, code: str) -> Choice | None:
        """Find an option by its code."""
        return next((choice for choice in self.choices if choice.code == code), None)


_COMPANY_CLASSES = (
    Choice("sme", "중소기업", "SME", ("소기업", "small and medium")),
    Choice("startup", "창업기업", "Start-up", ("스타트업", "초기창업기업")),
    Choice("midsize", "중견기업", "Mid-size company", ("mid-size",)),
    Choice("large", "대기업", "Large company"),
    Choice("unknown", "모름", "Unknown", ("미확인",), means_missing=True),
)
_SECTORS = (
    Choice("public", "공공", "Public sector", ("정부", "government")),
    Choice("finance", "금융", "Finance", ("은행", "보험", "증권")),
    Choice("manufacturing", "제조", "Manufacturing", ("제조업",)),
    Choice("healthcare", "의료", "Healthcare", ("헬스케어", "바이오", "health")),
    Choice("energy", "에너지", "Energy"),
    Choice("logistics", "물류", "Logistics", ("운송",)),
    Choice("retail", "유통", "Retail", ("소매", "커머스")),
    Choice("education", "교육", "Education", ("에듀테크",)),
    Choice("legal", "법률", "Legal", ("리걸테크",)),
    Choice("agriculture", "농업", "Agriculture", ("농축산",)),
    Choice("software", "소프트웨어", "Software", ("IT", "SW")),
    Choice("media", "미디어", "Media", ("콘텐츠",)),
    Choice("other", "기타", "Other"),
)
_AZURE = (
    Choice("none", "없음", "None"),
    Choice("planned", "계획", "Planned"),
    Choice("partial", "일부", "Partly"),
    Choice("running", "운영", "Running", ("운영중",)),
)
_CONTAINERS = (
    Choice("none", "없음", "None"),
    Choice("partial", "일부", "Partly"),
    Choice("full", "전체", "Fully", ("전부",)),
)
_KEYS = (
    Choice("none", "없음", "None"),
    Choice("provider", "사업자 관리", "Provider-managed", ("사업자",)),
    Choice("customer", "고객 관리", "Customer-managed", ("고객",)),
)
_RESIDENCY = (
    Choice("yes", "예", "Yes", ("가능", "전부", "y", "true")),
    Choice("partial", "일부", "Partly"),
    Choice("no", "아니오", "No", ("불가", "아니요", "n", "false")),
    Choice("unknown", "모름", "Unknown", ("미확인",), means_missing=True),
)
_MODELS = (
    Choice("none", "없음", "None"),
    Choice("foreign", "해외 모델", "Foreign model", ("해외",)),
    Choice("open", "공개 한국어 모델", "Open Korean model", ("공개",)),
    Choice("midm_or_sota", "믿:음 또는 SOTA K", "Mi:dm or SOTA K", ("믿음", "midm", "SOTA K", "Mi:dm")),
)
_DATA_RIGHTS = (
    Choice("none", "없음", "None"),
    Choice("pending", "협의 중", "Pending", ("협의",)),
    Choice("owned", "보유", "Owned"),
)
_CERTIFICATIONS = (
    Choice("none", "없음", "None"),
    Choice("planned", "계획", "Planned"),
    Choice("isms", "ISMS", "ISMS"),
    Choice("isms_p_or_csap", "ISMS-P 또는 CSAP", "ISMS-P or CSAP", ("ISMS-P", "CSAP")),
)
_GPU_EXPERIENCE = (
    Choice("none", "없음", "None"),
    Choice("some", "일부", "Some"),
    Choice("production", "운영", "In production", ("production",)),
)

_C, _P, _A, _K = Section.COMPANY, Section.PROPOSAL, Section.ANSWER, Section.CHECK

_FIELDS = (
    Field("company_class", Kind.CHOICE, _C, "기업 구분", "Company class", _COMPANY_CLASSES),
    Field("founded_on", Kind.DATE, _C, "설립일", "Founded on"),
    Field("company_age_months", Kind.INTEGER, _C, "업력(개월)", "Company age (months)"),
    Field("employees", Kind.INTEGER, _C, "종업원수", "Employees"),
    Field("revenue_krw_avg", Kind.MONEY, _C, "평균 매출액", "Average revenue"),
    Field("assets_krw", Kind.MONEY, _C, "자산총액", "Total assets"),
    Field("sector", Kind.CHOICE, _P, "적용산업", "Sector", _SECTORS),
    Field("requested_krw", Kind.MONEY, _P, "신청금액", "Cash requested"),
    Field("gpu_hours_requested", Kind.INTEGER, _P, "GPU 신청 시간", "GPU hours requested"),
    Field("solution_title", Kind.TEXT, _P, "솔루션명", "Solution"),
    Field("solution_summary", Kind.TEXT, _P, "솔루션개요", "Solution summary"),
    Field("spc_link", Kind.TEXT, _P, "SPC 연계계획", "Secure Public Cloud plan"),
    Field("korean_ai_link", Kind.TEXT, _P, "한국적 AI 연계계획", "Korean AI plan"),
    Field("azure_ready", Kind.CHOICE, _A, "Azure 준비도", "Azure readiness", _AZURE),
    Field("containerised", Kind.CHOICE, _A, "컨테이너화", "Containerised", _CONTAINERS),
    Field("infrastructure_as_code", Kind.BOOLEAN, _A, "코드형 인프라(IaC)", "Infrastructure as code"),
    Field("confidential_computing", Kind.BOOLEAN, _A, "기밀 컴퓨팅 필요", "Confidential computing"),
    Field("key_management", Kind.CHOICE, _A, "암호키 관리", "Key management", _KEYS),
    Field("data_in_korea", Kind.CHOICE, _A, "데이터 국내 보관", "Data can stay in Korea", _RESIDENCY),
    Field("foreign_processing_only", Kind.BOOLEAN, _A, "해외에서만 처리", "Processing only abroad"),
    Field("korean_model", Kind.CHOICE, _A, "한국어 모델", "Korean model", _MODELS),
    Field("korean_data_rights", Kind.CHOICE, _A, "한국어 데이터 권리", "Korean data rights", _DATA_RIGHTS),
    Field("korean_evaluation", Kind.BOOLEAN, _A, "한국어 과제 평가", "Evaluated on Korean tasks"),
    Field("pilot_customers", Kind.INTEGER, _A, "실증 고객 수", "Pilot customers"),
    Field("letters_of_intent", Kind.INTEGER, _A, "도입의향서 수", "Letters of intent"),
    Field("security_certification", Kind.CHOICE, _A, "보안 인증", "Security certification", _CERTIFICATIONS),
    Field("workload_sheet", Kind.BOOLEAN, _A, "GPU 소요 산정서", "GPU workload sheet"),
    Field("gpu_experience", Kind.CHOICE, _A, "GPU 운용 경험", "GPU experience", _GPU_EXPERIENCE),
    Field(
        "gpu_utilisation_percent",
        Kind.NUMBER,
        _A,
        "과거 GPU 이용률(%)",
        "Past GPU utilisation (%)",
        maximum=Decimal(100),
    ),
    Field("recurring_revenue_krw", Kind.MONEY, _A, "연간 반복 매출", "Annual recurring revenue"),
    Field("paying_customers", Kind.INTEGER, _A, "유료 고객 수", "Paying customers"),
    Field(
        "roles_filled",
        Kind.INTEGER,
        _A,
        "핵심 역할 충원 수(5개 중)",
        "Core roles filled (of 5)",
        maximum=Decimal(5),
    ),
    Field("delivered_projects", Kind.INTEGER, _A, "완료 사업 수", "Projects delivered"),
    Field("tax_arrears", Kind.BOOLEAN, _K, "세금 체납", "Tax arrears"),
    Field("sanctions", Kind.BOOLEAN, _K, "제재·참여제한", "Sanctions"),
    Field("conflict_cleared", Kind.BOOLEAN, _K, "이해상충 해소", "Conflict of interest cleared"),
)

CATALOGUE: MappingProxyType[str, Field] = MappingProxyType({field.key: field for field in _FIELDS})

# What an application also carries: identification and raw columns. Accepted beside the facts, never read.
CONTEXT_KEYS = frozenset(
    {
        "company_name",
        "business_number",
        "corporate_number",
        "ksic",
        "region",
        "revenue_krw_y1",
        "revenue_krw_y2",
        "revenue_krw_y3",
        "contact_name",
        "contact_email",
        "contact_phone",
    }
)
