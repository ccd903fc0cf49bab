"""The one place that turns figures into the report's sections: page, PDF, workbook, CSV and JSON all read these."""

from reports.figures import Figures
from reports.formats import Locale
from reports.sections import accounts, capital, conduct, deals, gpu, portfolio, summary
from reports.sections.model import Section


def compose(figures: Figures, locale: Locale) -> tuple[Section, ...]:
    """Sections 1 to 10 of the printed report, in order. The cover is drawn from the figures themselves."""
    return (
        summary.one_page(figures, locale),
        accounts.investor_accounts(figures, locale),
        capital.performance(figures, locale),
        capital.cash_flows(figures, locale),
        gpu.in_kind(figures, locale),
        portfolio.schedule_of_investments(figures, locale),
        portfolio.value_changes(figures, locale),
        deals.deal_flow(figures, locale),
        conduct.compliance(figures, locale),
        conduct.notes(figures, locale),
    )
