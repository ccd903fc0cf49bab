"""Finding an industry of the KSIC by Korean or English words or by its code.

Sections and divisions of the Korean Standard Industrial Classification (11th revision), and of its finer codes those
that companies which build software, models and machines for them most often name. The full list may not be shipped;
any code of the right shape is accepted, found here or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from fundapp.intake.form import squeeze

MOST_FOUND = 12


@dataclass(frozen=True, slots=True)
class Industry:
    """One entry: its code with the section letter, its names, and further words people look for it by."""

    code: str
    ko: str
    en: str
    words: str = ""


_SECTIONS = (
    ("A", "농업, 임업 및 어업", "Agriculture, forestry and fishing"),
    ("B", "광업", "Mining and quarrying"),
    ("C", "제조업", "Manufacturing"),
    ("D", "전기, 가스, 증기 및 공기조절 공급업", "Electricity, gas, steam and air conditioning supply"),
    ("E", "수도, 하수 및 폐기물 처리, 원료 재생업", "Water supply, sewerage, waste and materials recovery"),
    ("F", "건설업", "Construction"),
    ("G", "도매 및 소매업", "Wholesale and retail trade"),
    ("H", "운수 및 창고업", "Transportation and storage"),
    ("I", "숙박 및 음식점업", "Accommodation and food service"),
    ("J", "정보통신업", "Information and communication"),
    ("K", "금융 및 보험업", "Financial and insurance activities"),
    ("L", "부동산업", "Real estate"),
    ("M", "전문, 과학 및 기술 서비스업", "Professional, scientific and technical activities"),
    ("N", "사업시설 관리, 사업 지원 및 임대 서비스업", "Business facilities, support and rental services"),
    ("O", "공공행정, 국방 및 사회보장 행정", "Public administration, defence and social security"),
    ("P", "교육 서비스업", "Education"),
    ("Q", "보건업 및 사회복지 서비스업", "Human health and social work"),
    ("R", "예술, 스포츠 및 여가관련 서비스업", "Arts, sports and recreation"),
    ("S", "협회 및 단체, 수리 및 기타 개인 서비스업", "Membership organisations, repair and other personal services"),
    ("T", "가구 내 고용활동 및 자가소비 생산활동", "Activities of households"),
    ("U", "국제 및 외국기관", "International and foreign organisations"),
)
_DIVISIONS = (
    ("A01", "농업", "Agriculture", "스마트팜 작물 축산"),
    ("A02", "임업", "Forestry", ""),
    ("A03", "어업", "Fishing and aquaculture", "양식"),
    ("B05", "석탄, 원유 및 천연가스 광업", "Mining of coal, crude petroleum and natural gas", ""),
    ("B06", "금속 광업", "Mining of metal ores", ""),
    ("B07", "비금속광물 광업(연료용 제외)", "Mining of non-metallic minerals", ""),
    ("B08", "광업 지원 서비스업", "Mining support services", ""),
    ("C10", "식료품 제조업", "Manufacture of food products", ""),
    ("C11", "음료 제조업", "Manufacture of beverages", ""),
    ("C12", "담배 제조업", "Manufacture of tobacco products", ""),
    ("C13", "섬유제품 제조업(의복 제외)", "Manufacture of textiles", ""),
    ("C14", "의복, 의복 액세서리 및 모피제품 제조업", "Manufacture of wearing apparel and fur", ""),
    ("C15", "가죽, 가방 및 신발 제조업", "Manufacture of leather, luggage and footwear", ""),
    ("C16", "목재 및 나무제품 제조업(가구 제외)", "Manufacture of wood and wood products", ""),
    ("C17", "펄프, 종이 및 종이제품 제조업", "Manufacture of pulp, paper and paper products", ""),
    ("C18", "인쇄 및 기록매체 복제업", "Printing and reproduction of recorded media", ""),
    ("C19", "코크스, 연탄 및 석유정제품 제조업", "Manufacture of coke and refined petroleum", ""),
    ("C20", "화학물질 및 화학제품 제조업(의약품 제외)", "Manufacture of chemicals", "배터리 소재"),
    ("C21", "의료용 물질 및 의약품 제조업", "Manufacture of pharmaceuticals", "신약 바이오 drug"),
    ("C22", "고무 및 플라스틱제품 제조업", "Manufacture of rubber and plastics", ""),
    ("C23", "비금속 광물제품 제조업", "Manufacture of non-metallic mineral products", "유리 시멘트"),
    ("C24", "1차 금속 제조업", "Manufacture of basic metals", "철강"),
    ("C25", "금속가공제품 제조업(기계 및 가구 제외)", "Manufacture of fabricated metal products", ""),
    (
        "C26",
        "전자부품, 컴퓨터, 영상, 음향 및 통신장비 제조업",
        "Manufacture of electronic components, computers and communication equipment",
        "반도체 semiconductor 디스플레이 서버",
    ),
    (
        "C27",
        "의료, 정밀, 광학기기 및 시계 제조업",
        "Manufacture of medical, precision and optical instruments",
        "의료기기",
    ),
    ("C28", "전기장비 제조업", "Manufacture of electrical equipment", "배터리 전지 battery"),
    ("C29", "기타 기계 및 장비 제조업", "Manufacture of other machinery and equipment", "로봇 robot"),
    ("C30", "자동차 및 트레일러 제조업", "Manufacture of motor vehicles and trailers", "자율주행 car"),
    ("C31", "기타 운송장비 제조업", "Manufacture of other transport equipment", "조선 항공기 드론 drone ship"),
    ("C32", "가구 제조업", "Manufacture of furniture", ""),
    ("C33", "기타 제품 제조업", "Other manufacturing", ""),
    ("C34", "산업용 기계 및 장비 수리업", "Repair of industrial machinery and equipment", ""),
    (
        "D35",
        "전기, 가스, 증기 및 공기조절 공급업",
        "Electricity, gas, steam and air conditioning supply",
        "발전 에너지 energy",
    ),
    ("E36", "수도업", "Water supply", ""),
    ("E37", "하수, 폐수 및 분뇨 처리업", "Sewage and waste water treatment", ""),
    (
        "E38",
        "폐기물 수집, 운반, 처리 및 원료 재생업",
        "Waste collection, treatment and materials recovery",
        "재활용 recycling",
    ),
    ("E39", "환경 정화 및 복원업", "Remediation", ""),
    ("F41", "종합 건설업", "General construction", ""),
    ("F42", "전문직별 공사업", "Specialised construction", ""),
    ("G45", "자동차 및 부품 판매업", "Sale of motor vehicles and parts", ""),
    ("G46", "도매 및 상품 중개업", "Wholesale and commission trade", ""),
    ("G47", "소매업(자동차 제외)", "Retail trade", "전자상거래 쇼핑몰 e-commerce"),
    ("H49", "육상 운송 및 파이프라인 운송업", "Land and pipeline transport", "택배 화물"),
    ("H50", "수상 운송업", "Water transport", "해운"),
    ("H51", "항공 운송업", "Air transport", ""),
    ("H52", "창고 및 운송관련 서비스업", "Warehousing and transport support", "물류 logistics"),
    ("I55", "숙박업", "Accommodation", "호텔"),
    ("I56", "음식점 및 주점업", "Food and beverage service", "식당 카페"),
    ("J58", "출판업", "Publishing", "소프트웨어 software 게임 game"),
    ("J59", "영상·오디오 기록물 제작 및 배급업", "Production of video and audio recordings", "영화 음악 콘텐츠"),
    ("J60", "방송 및 영상·오디오물 제공 서비스업", "Broadcasting and streaming", "OTT"),
    ("J61", "우편 및 통신업", "Postal services and telecommunications", "통신사 telecom"),
    (
        "J62",
        "컴퓨터 프로그래밍, 시스템 통합 및 관리업",
        "Computer programming, system integration and management",
        "SI AI 인공지능",
    ),
    ("J63", "정보서비스업", "Information services", "데이터 data 클라우드 cloud 포털"),
    ("K64", "금융업", "Financial services", "은행 투자 핀테크 fintech"),
    ("K65", "보험 및 연금업", "Insurance and pension funding", ""),
    ("K66", "금융 및 보험관련 서비스업", "Activities auxiliary to finance and insurance", ""),
    ("L68", "부동산업", "Real estate", "프롭테크"),
    ("M70", "연구개발업", "Research and development", "R&D AI 인공지능"),
    ("M71", "전문 서비스업", "Professional services", "법률 회계 광고 컨설팅 consulting"),
    (
        "M72",
        "건축 기술, 엔지니어링 및 기타 과학기술 서비스업",
        "Architecture, engineering and other technical services",
        "설계",
    ),
    ("M73", "기타 전문, 과학 및 기술 서비스업", "Other professional, scientific and technical services", "디자인 번역"),
    ("N74", "사업시설 관리 및 조경 서비스업", "Facility management and landscaping", ""),
    ("N75", "사업지원 서비스업", "Business support services", "인력 보안 여행 콜센터"),
    ("N76", "임대업(부동산 제외)", "Rental and leasing", "렌털"),
    ("O84", "공공행정, 국방 및 사회보장 행정", "Public administration, defence and social security", ""),
    ("P85", "교육 서비스업", "Education", "에듀테크 학원 edtech"),
    ("Q86", "보건업", "Human health activities", "병원 의료 hospital"),
    ("Q87", "사회복지 서비스업", "Social work", "돌봄"),
    ("R90", "창작, 예술 및 여가관련 서비스업", "Creative, arts and recreation", ""),
    ("R91", "스포츠 및 오락관련 서비스업", "Sports and amusement", ""),
    ("S94", "협회 및 단체", "Membership organisations", ""),
    ("S95", "개인 및 소비용품 수리업", "Repair of personal and household goods", ""),
    ("S96", "기타 개인 서비스업", "Other personal services", ""),
    ("T97", "가구 내 고용활동", "Households as employers", ""),
    ("T98", "가구의 자가소비 생산활동", "Production of households for own use", ""),
    ("U99", "국제 및 외국기관", "International and foreign organisations", ""),
)
_FINER = (
    (
        "C26112",
        "비메모리용 및 기타 전자집적회로 제조업",
        "Manufacture of non-memory integrated circuits",
        "반도체 NPU 칩 chip",
    ),
    ("J58211", "유선 온라인 게임 소프트웨어 개발 및 공급업", "Online game software", "게임"),
    ("J58212", "모바일 게임 소프트웨어 개발 및 공급업", "Mobile game software", "게임"),
    ("J58221", "시스템 소프트웨어 개발 및 공급업", "System software publishing", "운영체제 데이터베이스 보안 OS"),
    ("J58222", "응용 소프트웨어 개발 및 공급업", "Application software publishing", "SaaS 앱 app AI 인공지능"),
    ("J62010", "컴퓨터 프로그래밍 서비스업", "Computer programming services", "개발 외주"),
    ("J62021", "컴퓨터시스템 통합 자문 및 구축 서비스업", "System integration consulting", "SI 구축"),
    ("J62022", "컴퓨터시설 관리업", "Computer facilities management", "운영"),
    ("J62090", "기타 정보기술 및 컴퓨터 운영 서비스업", "Other information technology services", ""),
    ("J63111", "자료 처리업", "Data processing", "데이터 라벨링 labelling"),
    ("J63112", "호스팅 및 관련 서비스업", "Hosting", "클라우드 cloud GPU 데이터센터"),
    ("J63120", "포털 및 기타 인터넷 정보매개 서비스업", "Portals and internet intermediaries", "플랫폼 platform"),
    ("J63991", "데이터베이스 및 온라인정보 제공업", "Databases and online information", "데이터"),
    ("M70121", "전기·전자공학 연구개발업", "Research in electrical and electronic engineering", "인공지능 AI"),
    ("M70129", "기타 공학 연구개발업", "Other engineering research", ""),
    ("M70130", "자연과학 및 공학 융합 연구개발업", "Interdisciplinary research in science and engineering", ""),
    ("M72129", "기타 엔지니어링 서비스업", "Other engineering services", ""),
)
INDUSTRIES = (
    *(Industry(code, ko, en) for code, ko, en in _SECTIONS),
    *(Industry(*row) for row in _DIVISIONS),
    *(Industry(*row) for row in _FINER),
)
_BY_CODE = {one.code: one for one in INDUSTRIES}


def find_industries(text: str, most: int = MOST_FOUND) -> list[Industry]:
    """Return the industries that a search means: a code by its beginning, words in any order in either language.

    What a name holds comes before what only a further word holds, and the finer before the coarser.
    """
    code = squeeze(text).upper()
    terms = [term for part in text.split() if (term := squeeze(part))]
    if not terms:
        return []
    found = []
    for one in INDUSTRIES:
        names = squeeze(f"{one.ko} {one.en}")
        if one.code.startswith(code) or one.code[1:].startswith(code):
            found.append((0, one))
        elif all(term in names for term in terms):
            found.append((1, one))
        elif all(term in names or term in squeeze(one.words) for term in terms):
            found.append((2, one))
    found.sort(key=lambda each: (each[0], -len(each[1].code) if each[0] else len(each[1].code), each[1].code))
    return [one for _, one in found[:most]]


def chain_of(code: str) -> list[Industry]:
    """Return what is known of a code, the section first: its section, its division, itself."""
    return [_BY_CODE[stem] for stem in dict.fromkeys((code[:1], code[:3], code)) if stem in _BY_CODE]
