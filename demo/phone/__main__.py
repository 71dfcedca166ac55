"""`python -m demo.phone`: the local Twilio and its phone page, until SIGTERM or Ctrl-C."""

import signal
import sys
import threading
from functools import partial

from pydantic import ValidationError

from demo.phone.local_twilio import LocalTwilio
from demo.phone.settings import PhoneSettings
from demo.run.control import ask_inference


def main() -> int:
    """Serve until told to stop; 2 when a setting is wrong."""
    try:
        settings = PhoneSettings()  # type: ignore[call-arg] # the environment fills it
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            print(f"CHEWIE_PHONE_{name}: {problem['msg']}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    directory = settings.control_dir
    with LocalTwilio(
        webhook_url=settings.webhook_url,
        fallback_url=settings.fallback_url,
        account=settings.account(),
        host=settings.host,
        port=settings.port,
        step_seconds=settings.step_seconds,
        capacity=settings.capacity,
        signs_fragment=settings.signs_fragment,
        control=None if directory is None else partial(ask_inference, directory),
    ) as twilio:
        print(f"phone: {twilio.base_url}", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
