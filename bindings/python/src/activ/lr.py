"""Learning rates over time, as torch.optim.lr_scheduler: each a function of the step alone, counted from 0.

    optimizer.lr = activ.lr.cosine(0.1, total, step=optimizer.steps)
"""
from __future__ import annotations

from . import _checks as checks
from ._library import lib


def step(base: float, step_size: int, gamma: float, step: int) -> float:
    """StepLR: base gamma^(step // step_size)."""
    return lib.activ_lr_step(
        checks.real(base, "base"),
        checks.count(step_size, "step_size"),
        checks.real(gamma, "gamma"),
        checks.count(step, "step"),
    )


def cosine(base: float, t_max: int, eta_min: float = 0.0, *, step: int) -> float:
    """CosineAnnealingLR: from base at step 0 to eta_min at t_max."""
    return lib.activ_lr_cosine(
        checks.real(base, "base"),
        checks.count(t_max, "t_max"),
        checks.real(eta_min, "eta_min"),
        checks.count(step, "step"),
    )


def warmup(base: float, start_factor: float, total: int, *, step: int) -> float:
    """LinearLR: from start_factor * base at step 0 to base at `total`, and constant from then on."""
    return lib.activ_lr_warmup(
        checks.real(base, "base"),
        checks.real(start_factor, "start_factor"),
        checks.count(total, "total"),
        checks.count(step, "step"),
    )


def warmup_cosine(
    base: float, start_factor: float, warmup: int, total: int, eta_min: float = 0.0, *, step: int
) -> float:
    """Both in sequence: `warmup` steps up, the rest of `total` down."""
    return lib.activ_lr_warmup_cosine(
        checks.real(base, "base"),
        checks.real(start_factor, "start_factor"),
        checks.count(warmup, "warmup"),
        checks.count(total, "total"),
        checks.real(eta_min, "eta_min"),
        checks.count(step, "step"),
    )


__all__ = ["cosine", "step", "warmup", "warmup_cosine"]
