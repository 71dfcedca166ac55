"""From the application to a phone: accept or refuse a message, carry it, tell its statuses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from demo.phone.delivery import WHATSAPP_WINDOW_SECONDS, Step, callbacks_at, plan_delivery
from demo.phone.faults import FaultKind
from demo.phone.message import FINAL, Channel, Direction, Message, Status, channel_of, is_address
from demo.phone.network import Network, Refused
from demo.phone.segments import measure
from demo.phone.wire import status_form

MAX_BODY_CHARACTERS = 1600
MAX_VALIDITY_SECONDS = 36_000


def send(
    network: Network,
    *,
    sender: str,
    recipient: str,
    body: str,
    validity_seconds: int = MAX_VALIDITY_SECONDS,
    status_callback: str | None = None,
) -> Message:
    """Accept a message of the application, or raise `Refused`; the rest happens later."""
    _check_addresses(network, sender, recipient)
    if not body:
        raise Refused(21602)
    if len(body) > MAX_BODY_CHARACTERS:
        raise Refused(21617)
    if not 1 <= validity_seconds <= MAX_VALIDITY_SECONDS:
        raise Refused(20001)
    if network.store.is_opted_out(sender, recipient):
        raise Refused(21610)
    message = _queue(
        network, sender, recipient, body, Direction.OUTBOUND, validity_seconds, status_callback
    )
    _carry(network, message)
    return message


def answer_as_network(network: Network, recipient: str, body: str) -> None:
    """Send the network's own words (to STOP, START, HELP), which opting out does not stop."""
    sender = network.account.address(channel_of(recipient))
    message = _queue(network, sender, recipient, body, Direction.REPLY, MAX_VALIDITY_SECONDS, None)
    _carry(network, message)


def _check_addresses(network: Network, sender: str, recipient: str) -> None:
    if not recipient:
        raise Refused(21604)
    if not sender:
        raise Refused(21603)
    if not is_address(recipient):
        raise Refused(21211)
    if sender == recipient:
        raise Refused(21266)
    if channel_of(sender) is not channel_of(recipient):
        raise Refused(21910)
    if sender != network.account.address(channel_of(sender)):
        raise Refused(21606)


def _queue(
    network: Network,
    sender: str,
    recipient: str,
    body: str,
    direction: Direction,
    validity_seconds: int,
    status_callback: str | None,
) -> Message:
    moment = network.now()
    return network.store.add(
        Message(
            sid=f"SM{network.new_hex()}",
            direction=direction,
            sender=sender,
            recipient=recipient,
            body=body,
            status=Status.QUEUED,
            created_at=moment,
            updated_at=moment,
            segments=measure(body).segments if channel_of(recipient) is Channel.SMS else 1,
            validity_seconds=validity_seconds,
            status_callback=status_callback,
        )
    )


def _carry(network: Network, message: Message) -> None:
    """Let a message go through its statuses, each with the callbacks that belong to it."""
    steps = _plan(network, message)
    take = partial(network.faults.take, message.recipient)
    callbacks = callbacks_at(
        [step.status for step in steps],
        lost=take(FaultKind.LOST_CALLBACKS) is not None,
        duplicated=take(FaultKind.DUPLICATE_CALLBACKS) is not None,
        reordered=take(FaultKind.REORDERED_CALLBACKS) is not None,
    )
    way = list(zip(steps, callbacks, strict=True))
    begin = partial(_advance, network, message.sid, way, network.now())
    network.scheduler.after(way[0][0].after_seconds, begin)


def _plan(network: Network, message: Message) -> tuple[Step, ...]:
    to = message.recipient
    late = network.faults.take(to, FaultKind.LATE_DELIVERY)
    failing = network.faults.take(to, FaultKind.UNDELIVERED)
    return plan_delivery(
        channel=channel_of(to),
        step_seconds=network.configuration.step_seconds,
        validity_seconds=message.validity_seconds,
        late_by_seconds=late.seconds if late else 0.0,
        fails_with=failing.error_code if failing else None,
        outside_window=_outside_whatsapp_window(network, to),
    )


def _advance(
    network: Network, sid: str, way: Sequence[tuple[Step, Sequence[Status]]], began_at: datetime
) -> None:
    """Take one step, tell of it, and plan the next: callbacks come in order unless asked else."""
    (step, told), *rest = way
    try:
        _take_step(network, sid, step, told)
    finally:
        if rest:
            gone = (network.now() - began_at).total_seconds()
            wait = max(0.0, rest[0][0].after_seconds - gone)
            network.scheduler.after(wait, partial(_advance, network, sid, rest, began_at))


def _take_step(network: Network, sid: str, step: Step, told: Sequence[Status]) -> None:
    moment = network.now()
    changes = {"sent_at": moment} if step.status is Status.SENT else {}
    message = network.store.update(
        sid, status=step.status, error_code=step.error_code, updated_at=moment, **changes
    )
    if message is None or message.status_callback is None:
        return
    for status in told:
        form = status_form(message, status, network.account)
        network.caller.call(message.status_callback, form, token=f"{sid}-{status}")


def _outside_whatsapp_window(network: Network, recipient: str) -> bool:
    if channel_of(recipient) is not Channel.WHATSAPP:
        return False
    since = network.now() - timedelta(seconds=WHATSAPP_WINDOW_SECONDS)
    return not network.store.select(
        lambda message: message.sender == recipient and message.created_at >= since
    )


def redact(network: Network, sid: str) -> Message:
    """Empty the body of a message that has reached its final state."""
    _require_final(network, sid)
    message = network.store.update(sid, body="", updated_at=network.now())
    if message is None:
        raise Refused(20404, 404)
    return message


def remove(network: Network, sid: str) -> None:
    """Delete a message that has reached its final state."""
    _require_final(network, sid)
    network.store.remove(sid)


def _require_final(network: Network, sid: str) -> None:
    message = network.store.get(sid)
    if message is None:
        raise Refused(20404, 404)
    if message.status not in FINAL:
        raise Refused(20009, 409)
