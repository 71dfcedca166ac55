"""Turns the SRC of the command line into a folder: a local one, or a download from the hub.

huggingface_hub brings progress and resume; here are only the choice of files and the sentences.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from converter.errors import HubError, SourceError
from converter.plan import Origin

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
WANTED_FILES = (
    "*.safetensors",
    "*.json",
    "*.jinja",
    "*.model",
    "*.md",
    "*.txt",
    "LICENSE*",
    "NOTICE*",
)
UNWANTED_FILES = ("*/*", "consolidated*.safetensors")

Download = Callable[[str, str | None], str]


def resolve_source(
    text: str, revision: str | None = None, download: Download | None = None
) -> tuple[Path, Origin]:
    """The folder behind `text`, a path or `organisation/name`; raises HubError with what to do."""
    path = Path(text)
    if path.is_dir():
        return path, Origin(name=path.resolve().name)
    if not HUB_ID.fullmatch(text) or path.exists():
        raise SourceError(f"{text}: no such folder, and not of the form organisation/name either")
    folder = Path((download or download_checkpoint)(text, revision))
    # The hub's cache names a snapshot's folder by its commit.
    return folder, Origin(name=text, revision=folder.name)


def download_checkpoint(
    repository: str,
    revision: str | None,
    endpoint: str | None = None,
    cache: Path | None = None,
) -> str:
    """Fetches what a conversion needs, or the rest of it, into the hub's cache; its folder.

    `endpoint` and `cache` are those of huggingface_hub's own settings unless given.
    """
    # huggingface_hub lets the errors of its own HTTP client through.
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        return str(
            HfApi(endpoint=endpoint).snapshot_download(
                repository,
                revision=revision,
                cache_dir=cache,
                allow_patterns=list(WANTED_FILES),
                ignore_patterns=list(UNWANTED_FILES),
            )
        )
    except HFValidationError as error:
        raise SourceError(
            f"{repository}: no such folder, and no name that the hub could hold either"
        ) from error
    except GatedRepoError as error:
        raise HubError(
            f"{repository}: gated; accept its terms at https://huggingface.co/{repository}, "
            "then log in with `hf auth login` or set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(f"{repository}: has no revision {revision!r}") from error
    except RepositoryNotFoundError as error:
        raise HubError(
            f"{repository}: unknown to the hub, or private; check the name, or log in with "
            "`hf auth login` or HF_TOKEN"
        ) from error
    except LocalEntryNotFoundError as error:
        raise HubError(
            f"{repository}: the hub cannot be reached and no copy is in the cache; "
            "name a local folder, or try again with a connection"
        ) from error
    except (HTTPError, OSError) as error:
        raise HubError(
            f"{repository}: the download broke off ({type(error).__name__}); "
            "run the same command again to continue it"
        ) from error
