"""What the dashboard shows, read from the store in one go: frozen values, no drawing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.burden import PeriodStatistics, period_statistics
from hub.config import HubConfig
from hub.health import Alarm, worth_telling
from hub.hub_watch import HUB_UNKNOWN, HubWatch, watch_of_hub
from hub.model_words import ModelWords, model_words
from hub.records import DeviceStatus, Episode, Lasted, Minute, Notice, Patient
from hub.store import Store
from hub.watch import Watch, silence_text, watch_of

PERIOD: Final = timedelta(days=7)
_NOTHING_YET: Final = {
    False: "No data yet: is the edge running?",
    True: "No figures yet: the first minute is being recorded.",
}
_OLD_AFTER_S: Final = 10.0
_HISTORY_IS_GOOD_FOR: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PatientView:
    """A patient and whether each device can be trusted to watch; the most urgent device comes first."""

    patient: Patient
    watches: tuple[Watch, ...]

    @property
    def worst(self) -> Watch:
        """The device that needs attention most."""
        return self.watches[0]


@dataclass(frozen=True, slots=True)
class History:
    """The period that ends at the latest data; episodes newest first."""

    patient: Patient
    from_at: datetime
    to_at: datetime
    read_at: datetime
    statistics: PeriodStatistics
    minutes: tuple[Minute, ...]
    episodes: tuple[Episode, ...]
    notices: tuple[Notice, ...]
    lasted: tuple[Lasted, ...]
    words: ModelWords


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All of one look: `history` is of the selected patient, `missing` says why there is none."""

    at: datetime
    hub: HubWatch = HUB_UNKNOWN
    patients: tuple[PatientView, ...] = ()
    selected: PatientView | None = None
    history: History | None = None
    missing: str | None = None


def look(
    store: Store, config: HubConfig, patient_id: str | None, now: datetime, before: Dashboard | None = None
) -> Dashboard:
    """Read everything; the history of the look `before` is kept while it is surely still true."""
    patients = tuple(_patient_view(store, config, one, now) for one in known_patients(store, config))
    selected = next((one for one in patients if one.patient.patient_id == patient_id), patients[0])
    history = _history(store, selected.patient, now, before.history if before else None)
    missing = None if history else _NOTHING_YET[any(watch.is_live for watch in selected.watches)]
    return Dashboard(now, watch_of_hub(store.hub(), now, config), patients, selected, history, missing)


def known_patients(store: Store, config: HubConfig) -> list[Patient]:
    """Those of the config, in its order, then others that the database knows."""
    stored = {patient.patient_id: patient for patient in store.patients()}
    named = [Patient(section.id, section.name) for section in config.patients]
    return named + [
        patient for key, patient in stored.items() if key not in {one.patient_id for one in named}
    ]


def read_history(store: Store, patient: Patient, now: datetime) -> History | None:
    """The latest seven days, or `None` where nothing was measured so far."""
    to_at = store.latest_at(patient.patient_id)
    if to_at is None:
        return None
    between = (patient.patient_id, to_at - PERIOD, to_at)
    minutes, episodes = store.minutes(*between), store.episodes(*between)
    return History(
        patient=patient,
        from_at=to_at - PERIOD,
        to_at=to_at,
        read_at=now,
        statistics=period_statistics(minutes, episodes),
        minutes=tuple(minutes),
        episodes=tuple(reversed(episodes)),
        notices=tuple(store.notices(*between)),
        lasted=worth_telling(store.troubles(*between)),
        words=model_words(episodes, store.looks(*between)),
    )


def _history(store: Store, patient: Patient, now: datetime, before: History | None) -> History | None:
    """Late words about old episodes show within seconds, new data at once."""
    if (
        before
        and before.patient == patient
        and now - before.read_at < _HISTORY_IS_GOOD_FOR
        and store.latest_at(patient.patient_id) == before.to_at
    ):
        return before
    return read_history(store, patient, now)


def _patient_view(store: Store, config: HubConfig, patient: Patient, now: datetime) -> PatientView:
    heard: dict[str, DeviceStatus] = {one.device_id: one for one in store.devices(patient.patient_id)}
    expected = {device for device, owner in config.patient_of_device.items() if owner == patient.patient_id}
    watches = [watch_of(name, heard.get(name), now, config.stale_after) for name in expected | heard.keys()]
    if not watches:
        watches = [watch_of("no device", None, now, config.stale_after)]
    watches.sort(key=lambda watch: (-watch.alarm, watch.device_id))
    return PatientView(patient, tuple(watches))


def headline(look: Dashboard | None, now: datetime) -> tuple[Alarm, str]:
    """What must not be overlooked: first that this screen is old, then the patients by urgency."""
    if look is None:
        return Alarm.NONE, ""
    old_s = (now - look.at).total_seconds()
    if old_s > _OLD_AFTER_S:
        return (
            Alarm.URGENT,
            f"THIS SCREEN IS {silence_text(now - look.at)} OLD: the database does not answer",
        )
    patients = [
        (view.worst.alarm, f"{view.patient.name}: {view.worst.headline}")
        for view in look.patients
        if view.worst.headline
    ]
    loud = sorted([(look.hub.alarm, look.hub.headline), *patients], key=lambda said: -said[0])
    return loud[0][0], "   ".join(words for _, words in loud if words)
