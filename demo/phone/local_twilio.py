"""The local Twilio as one object, for tests and scripts: `with LocalTwilio() as twilio: ...`."""

from collections.abc import Callable
from types import TracebackType

from demo.phone import inbound
from demo.phone.app import create_app
from demo.phone.faults import Fault, FaultKind, Faults
from demo.phone.message import Account, Channel, Direction, Message, address
from demo.phone.network import Configuration, Network
from demo.phone.page import InferenceControl
from demo.phone.server import PhoneServer
from demo.phone.webhooks import Call

# Account sids are AC and 32 hexadecimal digits; the number is from the range kept for fiction.
TEST_ACCOUNT = Account(
    sid="AC" + "0123456789abcdef" * 2,
    auth_token="local-auth-token",  # noqa: S106 - of an account that exists in this process only
    number="+447700900500",
)


class LocalTwilio:
    """A Twilio account on 127.0.0.1, with the phones that text it.

    `webhook_url` is the application's message webhook and may be set later (`set_webhook`), since
    the application's own port is often known only after this one's.
    """

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        fallback_url: str | None = None,
        account: Account = TEST_ACCOUNT,
        host: str = "127.0.0.1",
        port: int = 0,
        step_seconds: float = 0.01,
        capacity: int = 20_000,
        signs_fragment: bool = False,
        control: InferenceControl | None = None,
    ) -> None:
        configuration = Configuration(
            account=account,
            webhook_url=webhook_url,
            fallback_url=fallback_url,
            step_seconds=step_seconds,
            capacity=capacity,
            signs_fragment=signs_fragment,
        )
        self.account = account
        self.network = Network(configuration)
        self._server = PhoneServer(create_app(self.network, control), host, port)
        self.base_url = f"http://{host}:{self._server.port}"
        self.network.base_url = self.base_url

    def __enter__(self) -> "LocalTwilio":
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        self.network.close()

    @property
    def faults(self) -> Faults:
        """What shall go wrong: `twilio.faults.add(Fault(kind=FaultKind.SERVER_ERROR))`."""
        return self.network.faults

    def fail(self, kind: FaultKind, *, times: int | None = 1, to: str | None = None) -> None:
        """Let one kind of fault strike so many times (None: until `faults.clear()`)."""
        self.faults.add(Fault(kind=kind, times=times, to=to))

    def set_webhook(self, url: str, *, fallback_url: str | None = None) -> None:
        """Set where texts from the phones are told."""
        self.network.configure_webhook(url, fallback_url)

    def text(
        self,
        number: str,
        body: str,
        *,
        channel: Channel = Channel.SMS,
        with_photo: bool = False,
    ) -> tuple[Message, Call]:
        """Text the account from a phone, and wait for the webhook's answer."""
        return inbound.receive_now(
            self.network, number, body, channel=channel, with_photo=with_photo
        )

    def replay(self, sid: str) -> Call:
        """Call the webhook again for a text that was already told: a genuine duplicate."""
        return inbound.call_webhook(self.network, sid)

    def replies(self, number: str | None = None, channel: Channel = Channel.SMS) -> list[Message]:
        """What the application has sent so far (to one phone), oldest first."""
        to = None if number is None else address(number, channel)
        return self.network.store.select(
            lambda message: (
                message.direction is Direction.OUTBOUND and to in (None, message.recipient)
            )
        )

    def wait_for_replies(
        self,
        number: str | None = None,
        count: int = 1,
        *,
        channel: Channel = Channel.SMS,
        timeout_seconds: float = 30.0,
    ) -> list[Message]:
        """Wait until at least `count` messages have come; what came, even if the time ran out."""
        self.wait_until(
            lambda: len(self.replies(number, channel)) >= count, timeout_seconds=timeout_seconds
        )
        return self.replies(number, channel)

    def wait_until(self, condition: Callable[[], bool], *, timeout_seconds: float = 30.0) -> bool:
        """Wait until something holds of the messages; False when the time ran out."""
        return self.network.store.wait_for(condition, timeout_seconds)
