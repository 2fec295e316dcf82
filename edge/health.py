"""WIRE CONTRACT: what is wrong with an edge or a hub now, said again for as long as it lasts.

Imports the standard library and pydantic alone. A reader takes codes and fields that it does not know, so
that a newer edge can say more to an older hub.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MOST_TROUBLES = 40

TroubleCode = Literal[
    "link_lost",
    "contact_lost",
    "battery_low",
    "signal_too_large",
    "not_recording",
    "disk_low",
    "quota_near",
    "outbox_unsaved",
    "outbox_full",
    "backlog_old",
    "analysis_stalled",
    "analysis_left_out",
    "analysis_restarted",
    "language_model_absent",
    "model_taken_back",
    "cpu_hot",
    "under_voltage",
    "under_voltage_before",
    "memory_low",
    "clock_unset",
    "clock_unsynchronised",
    "hub_disk_low",
    "hub_database",
    "broker_lost",
]


class Trouble(BaseModel):
    """One thing that is wrong now: a `TroubleCode`, since when it is so, and a line with numbers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
    since: AwareDatetime
    text: Annotated[str, Field(max_length=400)]


Troubles = Annotated[tuple[Trouble, ...], Field(max_length=MOST_TROUBLES)]
