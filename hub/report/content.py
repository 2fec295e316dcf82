"""What a report is made of, gathered from the store in one go."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.metadata import version

from hub.burden import (
    FindingStatistics,
    PeriodStatistics,
    day_statistics,
    finding_statistics,
    hour_statistics,
    period_statistics,
)
from hub.health import worth_telling
from hub.model_words import ModelWords, model_words
from hub.records import Episode, Lasted, Minute, Notice, Patient
from hub.report.errors import ReportError
from hub.store import Store
from hub.wording import PRIORITY_ORDER

_BY_HOUR_BELOW = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time: `from_at` belongs to it, `to_at` no longer."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class Options:
    """What the person who asks for a report may choose."""

    strips_per_finding: int = 3
    footnote: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """All that a report shows; episodes are ordered by priority, then by onset."""

    patient: Patient
    device_ids: tuple[str, ...]
    period: Period
    zone: tzinfo
    minutes: tuple[Minute, ...]
    episodes: tuple[Episode, ...]
    notices: tuple[Notice, ...]
    lasted: tuple[Lasted, ...]
    words: ModelWords
    options: Options
    made_at: datetime
    software: str

    def statistics(self) -> PeriodStatistics:
        """Of the whole period."""
        return period_statistics(self.minutes, self.episodes)

    def findings(self) -> list[FindingStatistics]:
        """The episodes by finding."""
        return finding_statistics(self.episodes)

    def is_by_hour(self) -> bool:
        """Whether the table has a row for each hour: while the data span less than 36 hours."""
        return bool(self.minutes) and self.minutes[-1].start_at - self.minutes[0].start_at < _BY_HOUR_BELOW

    def rows(self) -> list[tuple[str, PeriodStatistics]]:
        """The table's rows, by hour or by day."""
        if self.is_by_hour():
            hours = [hour.hour_start_at for hour in hour_statistics(self.minutes)]
            return [
                (hour.astimezone(self.zone).strftime("%a %d %b %H:%M"), self._hour(hour)) for hour in hours
            ]
        days = day_statistics(self.minutes, self.zone)
        return [(day.strftime("%a %d %b %Y"), stats) for day, stats in days.items()]

    def _hour(self, hour: datetime) -> PeriodStatistics:
        end = hour + timedelta(hours=1)
        return period_statistics((m for m in self.minutes if hour <= m.start_at < end), ())


def gather(store: Store, patient_id: str, period: Period | None, zone: tzinfo, options: Options) -> Content:
    """Read a patient's period; without one, the seven days that end at the latest data."""
    patient = find_patient(store, patient_id)
    period = period or latest_week(store, patient_id)
    between = (patient_id, period.from_at, period.to_at)
    episodes = sorted(store.episodes(*between), key=lambda e: (PRIORITY_ORDER[e.priority], e.onset_at))
    notices = tuple(store.notices(*between))
    return Content(
        patient=patient,
        device_ids=_device_ids(store, patient_id, episodes, notices),
        period=period,
        zone=zone,
        minutes=tuple(store.minutes(*between)),
        episodes=tuple(episodes),
        notices=notices,
        lasted=worth_telling(store.troubles(*between)),
        words=model_words(episodes, store.looks(*between)),
        options=options,
        made_at=made_at(),
        software=f"hearth {version('hearth-ecg')}",
    )


def find_patient(store: Store, patient_id: str) -> Patient:
    """The patient of that id; raises `ReportError` that names the known ones."""
    patients = store.patients()
    for patient in patients:
        if patient.patient_id == patient_id:
            return patient
    known = ", ".join(patient.patient_id for patient in patients) or "none yet"
    raise ReportError(f"no patient {patient_id!r} in the database (known: {known})")


def latest_week(store: Store, patient_id: str) -> Period:
    """The seven days that end at the latest data, or now where there are none."""
    to_at = store.latest_at(patient_id) or made_at()
    return Period(to_at - timedelta(days=7), to_at)


def made_at() -> datetime:
    """Now, or the time that `SOURCE_DATE_EPOCH` gives for reproducible documents."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)


def _device_ids(
    store: Store, patient_id: str, episodes: list[Episode], notices: tuple[Notice, ...]
) -> tuple[str, ...]:
    """Devices that said something in the period, or else those that are known."""
    heard = {episode.device_id for episode in episodes} | {notice.device_id for notice in notices}
    return tuple(sorted(heard or {device.device_id for device in store.devices(patient_id)}))
