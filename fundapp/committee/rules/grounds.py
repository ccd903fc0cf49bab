"""What disqualifies a member from a case by itself (제척), and what only suggests that something stands between them.

The three routes are those of the Korean Civil Procedure Act: disqualification by a fact (민사소송법 제41조),
challenge by a party (제43조), self-recusal (제49조). The grounds follow its 제41조 and the private interests that
「공직자의 이해충돌 방지법」 제2조 제6호 lists; a group of companies is that of 「독점규제 및 공정거래에 관한 법률」
제2조. A fund is bound by its own rules and not by these acts, which is why a call states its thresholds.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from fundapp.committee.rules.names import domain_of, near_names, squeezed_name

InterestKind = Literal["shareholding", "employment", "advisory", "family", "group", "coinvestment"]
SignalKind = Literal["name", "domain", "phone", "address", "small_share", "former", "coinvestment"]

INTEREST_KINDS: tuple[InterestKind, ...] = (
    "shareholding",
    "employment",
    "advisory",
    "family",
    "group",
    "coinvestment",
)
SIGNAL_KINDS: tuple[SignalKind, ...] = ("name", "domain", "phone", "address", "small_share", "former", "coinvestment")


@dataclass(frozen=True, slots=True)
class Ground:
    """One rule that disqualifies, and where it is written."""

    key: str
    ko: str
    en: str
    basis_ko: str
    basis_en: str

    def reason(self) -> str:
        """Return rule and basis in both languages, as the record keeps them."""
        return f"{self.ko} ({self.basis_ko}) / {self.en} ({self.basis_en})"


_PRIVATE_KO = "이해충돌방지법 제2조 제6호 준용"
_PRIVATE_EN = "by analogy with art. 2(6) of the Conflict of Interest Prevention Act"

GROUNDS: Mapping[str, Ground] = {
    ground.key: ground
    for ground in (
        Ground(
            "membership",
            "신청 기업의 구성원",
            "acts for the applicant",
            "민사소송법 제41조 제1호·제4호 준용",
            "by analogy with art. 41(1) and (4) of the Civil Procedure Act",
        ),
        Ground("shareholding", "신청 기업의 지분 보유", "holds shares of the applicant", _PRIVATE_KO, _PRIVATE_EN),
        Ground("employment", "신청 기업의 임직원", "works for the applicant", _PRIVATE_KO, _PRIVATE_EN),
        Ground(
            "former_employment",
            "공모가 정한 기간 안에 신청 기업에 재직",
            "worked for the applicant within the years that the call names",
            _PRIVATE_KO,
            _PRIVATE_EN,
        ),
        Ground("advisory", "신청 기업의 대리·자문", "advises the applicant", _PRIVATE_KO, _PRIVATE_EN),
        Ground(
            "family",
            "가족이 임원·대표이거나 지분을 가진 신청 기업",
            "a family member runs or owns the applicant",
            "민사소송법 제41조 제2호, 이해충돌방지법 제2조 제6호 준용",
            "by analogy with art. 41(2) of the Civil Procedure Act and the Conflict of Interest Prevention Act",
        ),
        Ground(
            "group",
            "신청 기업과 같은 기업집단",
            "belongs to the applicant's group of companies",
            "공정거래법 제2조 기업집단의 정의 준용",
            "groups as defined by art. 2 of the Fair Trade Act",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class ConflictTerms:
    """What a call says about conflicts.

    Attributes:
        employment_years: How many years after leaving a company a member stays disqualified from it.
        least_share_bp: Shares from which a holding disqualifies, in hundredths of a percent; below it suggests.
        challenges: Whether applicants may challenge members.
        meeting_pledge: Whether members sign for every item before a meeting opens to them.
    """

    employment_years: int = 2
    least_share_bp: int = 1
    challenges: bool = True
    meeting_pledge: bool = True


@dataclass(frozen=True, slots=True)
class DeclaredInterest:
    """One interest of one person, as it stands now; see `committee.tables.Interest`."""

    person: uuid.UUID
    kind: str
    company_name: str
    interest_id: uuid.UUID | None = None
    business_number: str = ""
    corporate_number: str = ""
    group_name: str = ""
    share_bp: int | None = None
    since: date | None = None
    until: date | None = None
    domain: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class GroupCompany:
    """One company of a group, with the numbers that are known of it."""

    group_name: str
    business_number: str = ""
    corporate_number: str = ""


@dataclass(frozen=True, slots=True)
class Applicant:
    """What is compared of one application."""

    application_id: uuid.UUID
    name: str
    business_number: str = ""
    corporate_number: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    people: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """One fact between a person and an application.

    Attributes:
        rule: Key of the ground that disqualifies; empty for a signal.
        signal: What kind of signal it is; empty for a ground.
        facts: What was compared, in words and numbers that both sides know: `{"ours": …, "theirs": …}`.
    """

    application_id: uuid.UUID
    person: uuid.UUID
    rule: str = ""
    signal: str = ""
    interest_id: uuid.UUID | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def find_matches(
    interests: Sequence[DeclaredInterest],
    groups: Sequence[GroupCompany],
    addresses: Mapping[uuid.UUID, str],
    applicants: Iterable[Applicant],
    *,
    terms: ConflictTerms,
    on: date,
    shared_domains: frozenset[str] = frozenset(),
) -> list[Match]:
    """Compare what people declared with who applies.

    A number proves: business number, corporate number, or those of a company of the same group. A name, a mail
    domain, a telephone or an address suggests. Costs grow with people plus applicants, not with their product.

    Args:
        interests: Of everybody concerned.
        groups: The register of groups.
        addresses: Each person's own e-mail address.
        applicants: Who applies.
        terms: The call's.
        on: The day as of which dates count.
        shared_domains: Mail domains that strangers share.
    """
    index = _Index(interests, groups, addresses, terms, on)
    index.shared = shared_domains
    return [match for applicant in applicants for match in index.matches(applicant)]


class _Index:
    def __init__(
        self,
        interests: Sequence[DeclaredInterest],
        groups: Sequence[GroupCompany],
        addresses: Mapping[uuid.UUID, str],
        terms: ConflictTerms,
        on: date,
    ) -> None:
        self.terms, self.on, self.people = terms, on, frozenset(addresses)
        self.shared = frozenset[str]()
        self.by_number: defaultdict[str, list[DeclaredInterest]] = defaultdict(list)
        self.by_name: defaultdict[str, list[DeclaredInterest]] = defaultdict(list)
        self.by_mark: defaultdict[tuple[str, str], list[DeclaredInterest]] = defaultdict(list)
        self.by_group: defaultdict[str, list[DeclaredInterest]] = defaultdict(list)
        self.by_domain: defaultdict[str, list[uuid.UUID]] = defaultdict(list)
        self.groups_of: defaultdict[str, set[str]] = defaultdict(set)
        for company in groups:
            for number in _numbers(company.business_number, company.corporate_number):
                self.groups_of[number].add(squeezed_name(company.group_name))
        for interest in interests:
            if interest.since is None or interest.since <= on:
                self._add(interest)
        for person, address in sorted(addresses.items(), key=lambda pair: pair[0].hex):
            if domain := domain_of(address):
                self.by_domain[domain].append(person)

    def _add(self, interest: DeclaredInterest) -> None:
        for number in _numbers(interest.business_number, interest.corporate_number):
            self.by_number[number].append(interest)
        for key in near_names(interest.company_name):
            self.by_name[key].append(interest)
        marks = (
            ("domain", interest.domain.lower()),
            ("phone", _digits(interest.phone)),
            ("address", squeezed_name(interest.address)),
        )
        for kind, value in marks:
            if value:
                self.by_mark[kind, value].append(interest)
        if interest.kind != "coinvestment" and self._stands(interest):
            for group in self._groups(interest):
                self.by_group[group].append(interest)

    def matches(self, applicant: Applicant) -> Iterator[Match]:
        """Yield grounds first; a pair that has one needs no signal."""
        grounds = {(match.person, match.rule, match.interest_id): match for match in self._grounds(applicant)}
        yield from grounds.values()
        settled = {person for person, _, _ in grounds}
        signals = {
            (match.person, match.signal, match.facts.get("ours", "")): match
            for match in self._signals(applicant)
            if match.person not in settled
        }
        yield from signals.values()

    def _grounds(self, applicant: Applicant) -> Iterator[Match]:
        for person in sorted(applicant.people & self.people, key=lambda key: key.hex):
            yield Match(applicant.application_id, person, rule="membership")
        for interest, number in self._known(applicant):
            rule = self._rule(interest)
            if rule:
                facts = {"ours": interest.company_name, "theirs": number}
                yield Match(applicant.application_id, interest.person, rule, "", interest.interest_id, facts)
        for number in _numbers(applicant.business_number, applicant.corporate_number):
            for group in sorted(self.groups_of.get(number, ())):
                for interest in self.by_group.get(group, ()):
                    facts = {"ours": interest.group_name or interest.company_name, "theirs": number}
                    yield Match(applicant.application_id, interest.person, "group", "", interest.interest_id, facts)

    def _known(self, applicant: Applicant) -> Iterator[tuple[DeclaredInterest, str]]:
        for number in _numbers(applicant.business_number, applicant.corporate_number):
            for interest in self.by_number.get(number, ()):
                yield interest, number

    def _signals(self, applicant: Applicant) -> Iterator[Match]:
        for interest, number in self._known(applicant):
            yield self._signal(applicant, interest, self._weakness(interest), interest.company_name, number)
        for key in sorted(near_names(applicant.name)):
            for interest in self.by_name.get(key, ()):
                yield self._signal(applicant, interest, "name", interest.company_name, applicant.name)
        domain = domain_of(applicant.email)
        if domain and domain not in self.shared:
            for person in self.by_domain.get(domain, ()):
                facts = {"ours": domain, "theirs": domain}
                yield Match(applicant.application_id, person, "", "domain", None, facts)
        for kind, value, shown in (
            ("domain", domain, domain),
            ("phone", _digits(applicant.phone), applicant.phone),
            ("address", squeezed_name(applicant.address), applicant.address),
        ):
            for interest in self.by_mark.get((kind, value), ()) if value else ():
                yield self._signal(applicant, interest, kind, interest.company_name, shown)

    @staticmethod
    def _signal(applicant: Applicant, interest: DeclaredInterest, kind: str, ours: str, theirs: str) -> Match:
        facts = {"ours": ours, "theirs": theirs}
        return Match(applicant.application_id, interest.person, "", kind, interest.interest_id, facts)

    def _rule(self, interest: DeclaredInterest) -> str:
        """Return the ground that an interest in the applicant itself is; empty where it only suggests."""
        recent, current = self._recent(interest), self._stands(interest)
        if interest.kind == "shareholding":
            held = interest.share_bp is None or interest.share_bp >= self.terms.least_share_bp
            return "shareholding" if current and held else ""
        if interest.kind == "employment":
            return "employment" if current else "former_employment" if recent else ""
        if interest.kind == "advisory":
            return "advisory" if recent else ""
        if interest.kind in {"family", "group"}:
            return interest.kind if current else ""
        return ""

    def _weakness(self, interest: DeclaredInterest) -> str:
        if interest.kind == "coinvestment":
            return "coinvestment"
        return "small_share" if interest.kind == "shareholding" and self._stands(interest) else "former"

    def _stands(self, interest: DeclaredInterest) -> bool:
        begun = interest.since is None or interest.since <= self.on
        return begun and (interest.until is None or interest.until >= self.on)

    def _recent(self, interest: DeclaredInterest) -> bool:
        return interest.until is None or years_after(interest.until, self.terms.employment_years) >= self.on

    def _groups(self, interest: DeclaredInterest) -> set[str]:
        named = {squeezed_name(interest.group_name)} if interest.group_name else set()
        for number in _numbers(interest.business_number, interest.corporate_number):
            named |= self.groups_of.get(number, set())
        return named


def years_after(day: date, years: int) -> date:
    """Return the same day some years later; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _numbers(*numbers: str) -> list[str]:
    """Return the numbers that are there; the lengths of the two kinds (10 and 13 digits) keep them apart."""
    return [digits for number in numbers if (digits := _digits(number))]


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def strongest(matches: Collection[Match]) -> Match | None:
    """Return the match that disqualifies first in the order of the grounds, or None."""
    order = {key: place for place, key in enumerate(GROUNDS)}
    grounds = [match for match in matches if match.rule]
    return min(grounds, key=lambda match: order[match.rule], default=None)
