"""From an MQTT message to the store: validate, store, and say what may be confirmed to the edge.

Nothing is dropped in silence: what cannot be stored as an event becomes a dead letter with the reason,
and is not confirmed, so that the edge keeps it and sends it again once the reason is gone. What contradicts
an event of the same device is confirmed: the first stays, the other's reason will not go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from edge.events import (
    HUB_ID,
    Availability,
    Event,
    LiveState,
    Receipt,
    decode_event,
)
from edge.topics import (
    availability_topic,
    device_of_topic,
    event_topic,
    state_topic,
)
from hub.database import StoreError
from hub.store import Store

MAX_PAYLOAD_BYTES: Final = 1_048_576

Kind = Literal["stored", "known", "state", "availability", "dead_letter", "ignored"]


@dataclass(frozen=True, slots=True)
class Message:
    """What came, when by the hub's clock, and whether the broker had kept it for an unknown time."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `receipt` goes to `device_id`; `reason` belongs to a dead letter."""

    kind: Kind
    device_id: str
    receipt: Receipt | None = None
    reason: str = ""


class _RefusedError(Exception):
    """Why a message becomes a dead letter."""


def ingest(store: Store, patient_of_device: Mapping[str, str], message: Message) -> Outcome:
    """Take in one message. Raises `SQLAlchemyError` if the database cannot be written now: try again."""
    device_id = device_of_topic(message.topic) or ""
    if device_id == HUB_ID:
        return Outcome("ignored", device_id)
    try:
        _check_envelope(patient_of_device, device_id, message)
        return _take(store, patient_of_device, device_id, message)
    except OperationalError:
        raise
    except (_RefusedError, StoreError, ValueError, OverflowError, SQLAlchemyError) as error:
        reason = _reason(error)
        _keep_dead_letter(store, device_id, message, reason)
        return Outcome("dead_letter", device_id, reason=reason)


def _check_envelope(patient_of_device: Mapping[str, str], device_id: str, message: Message) -> None:
    if len(message.payload) > MAX_PAYLOAD_BYTES:
        raise _RefusedError(f"{len(message.payload)} bytes, above the limit of {MAX_PAYLOAD_BYTES}")
    if device_id not in patient_of_device:
        raise _RefusedError(f"device {device_id!r} is not in the config")


def _take(store: Store, patient_of_device: Mapping[str, str], device_id: str, message: Message) -> Outcome:
    if message.topic == state_topic(device_id):
        return _take_state(store, patient_of_device, device_id, message)
    if message.topic == availability_topic(device_id):
        return _take_availability(store, device_id, message)
    event = decode_event(message.payload)
    if message.topic != event_topic(device_id, event.kind):
        raise _RefusedError(f"a {event.kind} event on this topic")
    _check_owner(patient_of_device, device_id, event)
    receipt = Receipt(event_ids=(event.event_id,))
    try:
        is_new = store.add_event(event, message.received_at)
    except StoreError as contradiction:
        if not store.has_event(device_id, event.event_id):
            raise
        _keep_dead_letter(store, device_id, message, str(contradiction))
        return Outcome("dead_letter", device_id, receipt, str(contradiction))
    return Outcome("stored" if is_new else "known", device_id, receipt)


def _take_state(
    store: Store, patient_of_device: Mapping[str, str], device_id: str, message: Message
) -> Outcome:
    state = LiveState.model_validate_json(message.payload)
    _check_owner(patient_of_device, device_id, state)
    store.set_state(state, message.received_at, heard=not message.retained)
    return Outcome("state", device_id)


def _take_availability(store: Store, device_id: str, message: Message) -> Outcome:
    availability = message.payload.decode()
    if availability not in get_args(Availability):
        raise _RefusedError(f"unknown availability {availability[:32]!r}")
    # `offline` is said by the broker, about a device that it no longer hears
    heard = not message.retained and availability != "offline"
    store.set_availability(device_id, availability, message.received_at, heard=heard)
    return Outcome("availability", device_id)


def _keep_dead_letter(store: Store, device_id: str, message: Message, reason: str) -> None:
    """Each event is kept; of the states and availabilities, which come all the time, the newest a reason."""
    often = message.topic in (state_topic(device_id), availability_topic(device_id))
    identity = reason.encode() if often else None
    store.add_dead_letter(message.topic, message.payload, reason, message.received_at, identity=identity)


def _check_owner(patient_of_device: Mapping[str, str], device_id: str, said: Event | LiveState) -> None:
    if said.device_id != device_id:
        raise _RefusedError(f"device {said.device_id!r} on the topic of {device_id!r}")
    owner = patient_of_device[device_id]
    if said.patient_id != owner:
        raise _RefusedError(f"patient {said.patient_id!r} from a device of {owner!r}")


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".removeprefix(": ")
