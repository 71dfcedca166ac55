"""From a phone to the application: Twilio acts on its own words, and calls the webhook."""

from functools import partial

from demo.phone.faults import FaultKind
from demo.phone.keywords import ANSWERS, Keyword, keyword_of
from demo.phone.message import Channel, Direction, Message, Status, address, channel_of, is_address
from demo.phone.network import Network, Refused
from demo.phone.outbound import answer_as_network
from demo.phone.segments import measure
from demo.phone.webhooks import Call
from demo.phone.wire import inbound_form


def receive(
    network: Network,
    number: str,
    body: str,
    *,
    channel: Channel = Channel.SMS,
    with_photo: bool = False,
    profile_name: str = "",
) -> Message:
    """Take a text from a phone; the webhook is called in the background."""
    message = _take(network, number, body, channel, with_photo, profile_name)
    network.scheduler.after(0, partial(call_webhook, network, message.sid))
    return message


def receive_now(
    network: Network,
    number: str,
    body: str,
    *,
    channel: Channel = Channel.SMS,
    with_photo: bool = False,
) -> tuple[Message, Call]:
    """Take a text from a phone and wait for the application's answer to the webhook."""
    message = _take(network, number, body, channel, with_photo, "")
    return message, call_webhook(network, message.sid)


def _take(
    network: Network,
    number: str,
    body: str,
    channel: Channel,
    with_photo: bool,
    profile_name: str,
) -> Message:
    if not is_address(number):
        raise Refused(21212)
    # half of a surrogate pair cannot travel in a form; a phone could not send it either
    body = body.encode("utf-8", "replace").decode()
    moment = network.now()
    message = network.store.add(
        Message(
            sid=f"{'MM' if with_photo else 'SM'}{network.new_hex()}",
            direction=Direction.INBOUND,
            sender=address(number, channel),
            recipient=network.account.address(channel),
            body=body,
            status=Status.RECEIVED,
            created_at=moment,
            updated_at=moment,
            sent_at=moment,
            segments=measure(body).segments if channel is Channel.SMS else 1,
            media=(f"ME{network.new_hex()}",) if with_photo else (),
            profile_name=profile_name,
        )
    )
    _act_on_keyword(network, message)
    return message


def _act_on_keyword(network: Network, message: Message) -> None:
    """Treat STOP, START and HELP on SMS as Twilio does; the webhook gets them all the same."""
    keyword = keyword_of(message.body)
    if keyword is None or channel_of(message.sender) is not Channel.SMS:
        return
    ours, theirs = message.recipient, message.sender
    if keyword is Keyword.STOP:
        answered = network.store.opt_out(ours, theirs)
    elif keyword is Keyword.START:
        answered = network.store.opt_in(ours, theirs)
    else:
        answered = True
    if answered:
        answer_as_network(network, theirs, ANSWERS[keyword])


def call_webhook(network: Network, sid: str) -> Call:
    """Call the message webhook for a received message: the first time, or once more."""
    url = network.configuration.webhook_url
    message = network.store.get(sid)
    if url is None or message is None:
        raise LookupError("no webhook URL is set" if url is None else f"no message {sid}")
    form = inbound_form(message, network.account, network.base_url)
    call = _post(network, url, form, sid)
    if network.faults.take(message.sender, FaultKind.DUPLICATE_WEBHOOK):
        call = _post(network, url, form, sid)
    network.store.update(
        sid,
        webhook="accepted" if call.accepted else call.detail,
        accepted_at=network.now() if call.accepted else None,
    )
    return call


def _post(network: Network, url: str, form: dict[str, str], sid: str) -> Call:
    fallback_url = network.configuration.fallback_url
    return network.caller.call(url, form, token=sid, fallback_url=fallback_url)
