"""The demo as a whole: every part in order, watched while it runs, stopped together.

Does not know how a part works; see environment for what each is given.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from demo.run import environment
from demo.run.console import Steps
from demo.run.control import answer_one, listen
from demo.run.database import Database
from demo.run.health import serves
from demo.run.model import converted_model
from demo.run.part import STOP_SECONDS, Part, ended_sentence, wait_until_ready
from demo.run.ports import answers, check_ports
from demo.run.secrets import DemoSecrets, keep_secrets
from demo.run.settings import ROOT, RunError, RunSettings

ENGINE_SECONDS = 300.0
PART_SECONDS = 60.0
WATCH_SECONDS = 0.5
CONSOLE_USER = "demo"
CONSOLE_PASSWORD = "console-password"  # noqa: S105 - a file's name


class Demo:
    """Everything that `make run` starts. Use: `start()`, then `watch(stop)`, at last `stop()`."""

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self.secrets: DemoSecrets | None = None
        self.started = False  # nothing of this demo runs before its ports are found free
        self._database = Database(settings.folder / "postgres")
        self._parts: dict[str, Part] = {}
        self._inference_wanted = True
        self._lock = threading.RLock()

    def start(self) -> None:
        """Bring every part up in order. Raises `RunError` with what stands in the way."""
        check_ports(self.settings)
        self.started = True
        self.settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.secrets = keep_secrets(self.settings.folder / "secrets.json")
        steps = Steps(total=5)
        model = self._convert(steps)
        with steps.step("starting Postgres and bringing its schema up to date"):
            database_url = self._database.start()
            self._describe(self.secrets, model, database_url)
            self._migrate(self.secrets)
        self._listen_for_wishes()
        with steps.step(self._engine_words()) as step:
            self._begin("inference")
            self._wait("inference", ENGINE_SECONDS, step.tick)
        with steps.step("starting the gateway: web and worker") as step:
            self._begin("web")
            self._begin("worker")
            self._wait("web", PART_SECONDS, step.tick)
        with steps.step("starting the phone") as step:
            self._begin("phone")
            self._wait("phone", PART_SECONDS, step.tick)

    def watch(self, stop: threading.Event) -> None:
        """Until `stop`: restart an inference service that died; another part's end ends the run."""
        while not stop.wait(WATCH_SECONDS):
            with self._lock:
                self._look_after_inference()
                dead = [p for p in self._parts.values() if p.name != "inference" and not p.running]
            if dead:
                raise RunError(ended_sentence(dead[0]))

    def stop(self) -> None:
        """Stop all parts together, then the database."""
        with self._lock:
            self._inference_wanted = False
            for part in reversed(self._parts.values()):
                part.signal_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for part in reversed(self._parts.values()):
                part.wait_stopped(deadline)
        self._database.stop()

    def inference_state(self, wish: str) -> str:
        """Act on «status», «stop» or «start» of the inference service; return its state."""
        with self._lock:
            part = self._parts["inference"]
            if wish == "stop":
                self._inference_wanted = False
                part.stop()
            elif wish == "start" and not part.running:
                self._inference_wanted = True
                part.start()
            if not part.running:
                return "stopped"
        return "running" if part.is_ready() else "starting"

    def _convert(self, steps: Steps) -> Path | None:
        with steps.step("converting the demo checkpoint to text-only") as step:
            if self.settings.engine == "none":
                step.note = "left out: the rules alone answer"
                return None
            log = self.settings.folder / "logs" / "converter.log"
            model, fresh = converted_model(self.settings.checkpoint, self.settings.folder, log)
            step.note = "" if fresh else "kept from an earlier run"
            return model

    def _describe(self, secrets: DemoSecrets, model: Path | None, database_url: str) -> None:
        run = self.settings
        gateway = environment.gateway(run, secrets, database_url)
        for name, module, given, is_ready in (
            ("inference", ["inference_svc"], environment.inference(run, model), self._serving),
            ("web", ["gateway", "web"], gateway, lambda: answers(run.gateway_port)),
            ("worker", ["gateway", "worker"], gateway, lambda: self._parts["worker"].running),
            ("phone", ["demo.phone"], environment.phone(run, secrets), self._phone_answers),
        ):
            self._parts[name] = Part(
                name=name,
                command=[sys.executable, "-m", *module],
                environment=environment.inherited(run, os.environ) | given,
                log=run.folder / "logs" / f"{name}.log",
                is_ready=is_ready,
            )

    def _phone_answers(self) -> bool:
        return answers(self.settings.phone_port)

    def _serving(self) -> bool:
        return serves(self.settings.grpc_port)

    def _migrate(self, secrets: DemoSecrets) -> None:
        self._gateway_command("migrate", failed="The database's schema could not be made")
        password = self.settings.folder / CONSOLE_PASSWORD
        with os.fdopen(
            os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
        ) as file:
            file.write(secrets.console_password)
        self._gateway_command(
            *("console-user", CONSOLE_USER, "--role", "supervisor"),
            *("--password-file", str(password)),
            failed="The supervisor page's user could not be made",
        )

    def _gateway_command(self, *arguments: str, failed: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            env=dict(self._parts["web"].environment),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RunError(f"{failed}:\n{done.stderr[-600:]}")

    def _begin(self, name: str) -> None:
        with self._lock:
            self._parts[name].start()

    def _wait(self, name: str, seconds: float, tick: Callable[[float], None]) -> None:
        wait_until_ready(self._parts[name], timeout_seconds=seconds, tick=tick)

    def _engine_words(self) -> str:
        if self.settings.engine == "none":
            return "starting the inference service (rules alone, no model)"
        return "starting the inference service (vLLM on the CPU takes half a minute or more)"

    def _look_after_inference(self) -> None:
        part = self._parts["inference"]
        if not self._inference_wanted or part.running:
            return
        print(f"{ended_sentence(part)}\nstarting it again; the rules answer meanwhile", flush=True)
        part.stop()
        part.start()

    def _listen_for_wishes(self) -> None:
        server = listen(self.settings.folder)

        def serve() -> None:
            while True:
                answer_one(server, self.inference_state)

        threading.Thread(target=serve, name="wishes", daemon=True).start()
