"""In which order two versions are loaded: C B, B C, C B … so drift favours neither, and the candidate is last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, final

from k6spec.config import Config
from k6spec.history.facts import git_facts

Version = Literal["base", "candidate"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One load: of which version, in which round (from 1); ``opens``: it is the round's first."""

    version: Version
    round: int
    opens: bool


def turns(rounds: int) -> Iterator[Turn]:
    """Both versions once a round; ``rounds`` is even."""
    for number in range(1, rounds + 1):
        order: tuple[Version, Version] = ("candidate", "base") if number % 2 else ("base", "candidate")
        for version in order:
            yield Turn(version=version, round=number, opens=version == order[0])


def version_names(config: Config) -> dict[str, str]:
    """What messages call the versions: as set, else the candidate by the specs' commit."""
    git = git_facts(config.root, os.environ) or {}
    commit = str(git["commit"])[:10] if git else None
    return {"base": config.ab_version or "the base", "candidate": config.sut_version or commit or "the candidate"}


def named(turn: Turn, names: dict[str, str]) -> str:
    """Which version it is, with its name where it has one."""
    name = names[turn.version]
    return name if name == f"the {turn.version}" else f"the {turn.version}, {name}"


def config_for(turn: Turn, config: Config, names: dict[str, str]) -> Config:
    """The settings of one load: a preflight is made in the first round only, of either version."""
    return replace(config, sut_version=names[turn.version], preflight=config.preflight and turn.round == 1)
