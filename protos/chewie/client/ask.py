"""`chewie-ask "text"`: one question to a running service, printed for people or as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from chewie.client import Tls, TriageClient, TriageError, request_for
from chewie.triage.v1 import triage_pb2 as pb

TOKEN_VARIABLE = "CHEWIE_TOKEN"  # noqa: S105 -- the name of a variable


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends with 1 when the service gave no assessment."""
    asked = _parser().parse_args(arguments)
    try:
        _ask(asked)
    except (TriageError, OSError, ValueError) as error:
        sys.exit(_told(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _ask(asked: argparse.Namespace) -> None:
    request = request_for(
        sys.stdin.read() if asked.text == "-" else asked.text,
        language=asked.language,
        temperature=asked.temperature,
        max_output_tokens=asked.max_tokens,
    )
    token = os.environ.get(TOKEN_VARIABLE)
    with TriageClient(asked.target, token=token, tls=_tls(asked)) as client:
        if asked.stream:
            _print_stream(client, request, asked.timeout, as_json=asked.json)
        else:
            answer = client.assess(request, timeout_seconds=asked.timeout)
            print(_json(answer) if asked.json else _readable(answer))


def _tls(asked: argparse.Namespace) -> Tls | None:
    """A file for TLS asks for TLS: a token must not go in clear because a flag was left out."""
    if not (asked.tls or asked.tls_ca or asked.tls_cert or asked.tls_key):
        return None
    return Tls(ca_file=asked.tls_ca, cert_file=asked.tls_cert, key_file=asked.tls_key)


def _print_stream(
    client: TriageClient, request: pb.AssessRequest, timeout: float, *, as_json: bool
) -> None:
    for event in client.assess_stream(request, timeout_seconds=timeout):
        kind = event.WhichOneof("event")
        if as_json:
            print(json.dumps(MessageToDict(event), ensure_ascii=False), flush=True)
        elif kind == "rule_findings":
            read = [sign.code for sign in event.rule_findings.danger_signs]
            print(f"Read by the rules: {', '.join(read) or 'no danger sign'}", flush=True)
        elif kind == "summary_delta":
            print(f"… {event.summary_delta.text}", flush=True)
        elif kind == "assessment":
            print(_readable(event.assessment), flush=True)


def _readable(answer: pb.Assessment) -> str:
    level = pb.Urgency.Name(answer.urgency).removeprefix("URGENCY_")
    marks = ["DEMO, not for care"] if answer.provenance.demo else []
    if answer.provenance.source == pb.ANSWER_SOURCE_RULES_ONLY:
        marks.append(f"guideline rules only ({answer.provenance.fallback_reason})")
    lines = [
        f"{level}" + (f"  [{'; '.join(marks)}]" if marks else ""),
        answer.summary,
        _line("Likely", [condition.name for condition in answer.conditions]),
        _line("Danger signs", [sign.code for sign in answer.danger_signs]),
        *(f"  - {action.text}" for action in answer.actions),
        *(f"  ? {question.text}" for question in answer.questions),
        f"({answer.provenance.model}, prompt {answer.provenance.prompt_version}, "
        f"guideline {answer.provenance.guideline_version}, {answer.usage.total_ms} ms)",
    ]
    return "\n".join(line for line in lines if line)


def _line(label: str, names: Sequence[str]) -> str:
    return f"{label}: {', '.join(names)}" if names else ""


def _json(answer: pb.Assessment) -> str:
    return json.dumps(MessageToDict(answer), ensure_ascii=False, indent=2)


def _told(error: Exception) -> str:
    fields = [f"  {one.field}: {one.description}" for one in getattr(error, "fields", ())]
    return "\n".join([str(error), *fields])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chewie-ask",
        description="Ask a triage service about one patient. Write no names and no numbers.",
        epilog=f"A bearer token is read from {TOKEN_VARIABLE}.",
    )
    parser.add_argument("text", help="the message; - reads standard input")
    parser.add_argument("--target", default="127.0.0.1:50051", help="host:port, or dns:///…")
    parser.add_argument("--language", default="", help="BCP 47, such as fr [en]")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument("--stream", action="store_true", help="print the steps as they come")
    parser.add_argument("--temperature", type=float, help="0 to 1 [0]")
    parser.add_argument("--max-tokens", type=int, help="16 to 1024")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds [60]")
    parser.add_argument("--tls", action="store_true", help="speak TLS (any --tls-… file does too)")
    parser.add_argument("--tls-ca", type=Path, help="PEM of the server's CA [the system's]")
    parser.add_argument("--tls-cert", type=Path, help="PEM of our certificate, for mTLS")
    parser.add_argument("--tls-key", type=Path, help="PEM of its key")
    return parser


if __name__ == "__main__":
    main()
