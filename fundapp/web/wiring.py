"""Building the application: shell first, then rooms. Order matters where a line says so."""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5

from config import Settings
from fundapp.core.sessions import Database
from fundapp.intake.registry.nts import Service
from fundapp.web import calls, landing
from fundapp.web.api import routes as api
from fundapp.web.committee import routes as committee
from fundapp.web.documents import routes as documents
from fundapp.web.grants.shown import init_words
from fundapp.web.operations import routes as operations
from fundapp.web.partners import own as partners
from fundapp.web.portal import certifying as portal_certifying
from fundapp.web.portal import challenges as portal_challenges
from fundapp.web.portal import changes as portal_changes
from fundapp.web.portal import company as portal_company
from fundapp.web.portal import conditions as portal_conditions
from fundapp.web.portal import decisions as portal_decisions
from fundapp.web.portal import documents as portal_documents
from fundapp.web.portal import grants as portal_grants
from fundapp.web.portal import industries as portal_industries
from fundapp.web.portal import inquiry_signing as portal_inquiries
from fundapp.web.portal import members as portal_members
from fundapp.web.portal import notices as portal_notices
from fundapp.web.portal import preview as portal_preview
from fundapp.web.portal import routes as portal
from fundapp.web.shell import account, security
from fundapp.web.shell.appearance import init_appearance
from fundapp.web.shell.assets import init_assets
from fundapp.web.shell.database import attach_database
from fundapp.web.shell.errors import init_errors
from fundapp.web.shell.formats import init_formats
from fundapp.web.shell.headers import init_headers
from fundapp.web.shell.language import init_language
from fundapp.web.shell.links import init_links
from fundapp.web.shell.metrics import init_metrics
from fundapp.web.shell.navigation import init_navigation
from fundapp.web.shell.stages import init_stages
from fundapp.web.shell.templating import init_templates
from fundapp.web.shell.viewer import init_viewer

ROOMS = (
    landing.blueprint,
    calls.blueprint,
    account.blueprint,
    portal.blueprint,
    portal_grants.blueprint,
    portal_conditions.blueprint,
    portal_decisions.blueprint,
    portal_changes.blueprint,
    portal_documents.blueprint,
    portal_certifying.blueprint,
    portal_members.blueprint,
    portal_members.invitations,
    portal_company.blueprint,
    portal_industries.blueprint,
    documents.blueprint,
    portal_inquiries.blueprint,
    portal_challenges.blueprint,
    portal_notices.blueprint,
    portal_preview.blueprint,
    committee.blueprint,
    operations.blueprint,
    partners.blueprint,
    api.blueprint,
)


def build_app(settings: Settings, database: Database | None) -> Flask:
    """Return the application on `database`, or on the one that the settings name."""
    app = Flask("fundapp", template_folder="web/templates", static_folder="web/static")
    database = database if database is not None else Database(settings.database_url)
    security.configure(app, settings)
    app.config["METRICS_ENABLED"] = settings.metrics_enabled
    app.config["FILES_URL"] = settings.files_url
    app.config["PUBLIC_URL"] = settings.public_url
    app.config["CLAMD"] = settings.clamd
    app.config["REGISTRY"] = Service(settings.registry_url, settings.registry_key) if settings.registry_key else None
    init_templates(app)  # first of what asks for the template environment
    attach_database(app, database)
    init_metrics(app)  # first, so that it measures everything after it
    init_headers(app)
    init_language(app, settings.locale)
    init_appearance(app)
    init_links(app)
    init_assets(app)
    init_formats(app)
    init_words(app)
    Bootstrap5(app)
    security.init_security(app, database)
    init_viewer(app)  # after the session machinery that it asks
    init_navigation(app)
    init_stages(app)
    init_errors(app)
    for blueprint in ROOMS:
        app.register_blueprint(blueprint)
    return app
