"""Runs inside ColdFront's own environment: fills a database with allocations, then opens its pages when asked.

Not part of the product. `bench/peers/running.py` starts it, waits for `ready`, and names a page for each opening.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

OWNERS = 50
WARM = 20
"""Openings before the first that counts, as many as ours."""


def main() -> None:
    """Fill, time and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--allocations", type=int, required=True)
    asked = parser.parse_args()
    os.environ |= {
        "DB_URL": f"sqlite:///{asked.folder / 'coldfront.db'}",
        "DJANGO_SETTINGS_MODULE": "coldfront.config.settings",
        "DEBUG": "False",
        "SECRET_KEY": "only for this measurement",
    }
    os.chdir(asked.folder)

    import django  # noqa: PLC0415 - the settings must be there first

    django.setup()
    _migrate()
    first = _fill(asked.allocations)
    client = _client()
    pages = {"allocation list": "/allocation/?show_all_allocations=on", "allocation page": f"/allocation/{first}/"}
    for path in pages.values():
        for _ in range(WARM):
            _open(client, path)
    print("ready", flush=True)
    for line in sys.stdin:
        print(_open(client, pages[line.strip()]), flush=True)


def _migrate() -> None:
    from django.core.management import call_command  # noqa: PLC0415

    call_command("initial_setup", "--force_overwrite", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def _fill(count: int) -> int:
    """Make allocations with three attributes and a usage each, as its own test data has; return the first's key."""
    from coldfront.core.allocation.models import (  # noqa: PLC0415
        Allocation,
        AllocationAttribute,
        AllocationAttributeType,
        AllocationAttributeUsage,
        AllocationStatusChoice,
        AllocationUser,
        AllocationUserStatusChoice,
    )
    from coldfront.core.field_of_science.models import FieldOfScience  # noqa: PLC0415
    from coldfront.core.project.models import Project, ProjectStatusChoice  # noqa: PLC0415
    from coldfront.core.resource.models import Resource, ResourceType  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415

    User.objects.create_superuser("bench", "bench@example.org", "bench")
    owners = [User.objects.create_user(f"owner{n}", f"owner{n}@example.org", "x") for n in range(OWNERS)]
    active = ProjectStatusChoice.objects.get(name="Active")
    science = FieldOfScience.objects.first()
    projects = Project.objects.bulk_create(  # one for each allocation, as each grant of ours is a company's own
        Project(title=f"Project {n}", pi=owners[n % OWNERS], status=active, field_of_science=science, description="x")
        for n in range(count)
    )
    kind = ResourceType.objects.first()
    resource = Resource.objects.create(name="GPU", resource_type=kind, description="x", is_public=True)
    status = AllocationStatusChoice.objects.get(name="Active")
    today = date.today()  # noqa: DTZ011 - any day does
    made = Allocation.objects.bulk_create(
        Allocation(
            project=projects[n],
            status=status,
            quantity=1,
            start_date=today,
            end_date=today + timedelta(days=90),
            justification="x",
        )
        for n in range(count)
    )
    Allocation.resources.through.objects.bulk_create(
        Allocation.resources.through(allocation_id=one.pk, resource_id=resource.pk) for one in made
    )
    user_status = AllocationUserStatusChoice.objects.get(name="Active")
    AllocationUser.objects.bulk_create(
        AllocationUser(allocation=one, user=owners[n % OWNERS], status=user_status) for n, one in enumerate(made)
    )
    hours = AllocationAttributeType.objects.filter(has_usage=True).first()
    plain = list(AllocationAttributeType.objects.filter(has_usage=False, is_private=False)[:2])
    with_usage = AllocationAttribute.objects.bulk_create(
        AllocationAttribute(allocation=one, allocation_attribute_type=hours, value="10000") for one in made
    )
    for other in plain:
        AllocationAttribute.objects.bulk_create(
            AllocationAttribute(allocation=one, allocation_attribute_type=other, value="1") for one in made
        )
    AllocationAttributeUsage.objects.bulk_create(
        AllocationAttributeUsage(allocation_attribute=one, value=4200.0) for one in with_usage
    )
    return int(made[0].pk)


def _client() -> Any:  # noqa: ANN401 - Django's own
    from django.test import Client  # noqa: PLC0415

    client = Client(HTTP_HOST="localhost")
    client.login(username="bench", password="bench")  # noqa: S106 - of this measurement
    return client


def _open(client: Any, path: str) -> float:  # noqa: ANN401 - Django's own
    started = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - started
    assert answer.status_code == 200, (path, answer.status_code)
    return seconds


if __name__ == "__main__":
    main()
