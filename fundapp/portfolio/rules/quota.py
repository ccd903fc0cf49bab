"""vCPU quota: how many GPUs a cloud lets a subscription run at once, and how many a grant needs."""

from __future__ import annotations

from fundapp.core.quantities import HOUR
from fundapp.core.quarters import Quarter

VCPUS_PER_GPU = {
    "standardncadsh100v5family": 40,
    "standardndsh100v5family": 12,
    "standardndsh200v5family": 12,
    "standardncadsa100v4family": 24,
    "standardndasv4_a100family": 12,
    "standardndamsv4_a100family": 12,
    "standardnvadsa10v5family": 36,
    "standardncast4v3family": 16,
    "standardndisrgb200v6family": 32,
}
"""vCPUs of one GPU in common VM families: NC40ads H100 v5 has 40 for 1, ND96isr H100 v5 has 96 for 8,
ND128isr GB200 v6 has 128 for 4. Families whose sizes differ take the size with most GPUs."""

_HOURS_A_DAY = 24


def vcpus_per_gpu(vm_family: str) -> int | None:
    """Return the vCPUs of one GPU in a VM family, or None for a family that is not in the table."""
    return VCPUS_PER_GPU.get("".join(vm_family.lower().split()))


def gpus_at_once(hours_e4: int, quarter: Quarter) -> int:
    """Return how many GPUs have to run around the clock to use hours within their quarter, rounded up."""
    a_quarter: int = quarter.days * _HOURS_A_DAY * HOUR
    return -(-hours_e4 // a_quarter)


def gpus_allowed(vcpus: int, per_gpu: int) -> int:
    """Return how many whole GPUs a number of vCPUs carries."""
    return vcpus // per_gpu
