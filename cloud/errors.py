"""What a service refuses, under one name on all three clouds, each with what to do next.

The provider's own words are kept in the message; whatever looks like a secret is taken out first.
"""

import html
import re

from results.errors import TrainfareError

MAX_MESSAGE_LENGTH = 600  # of the provider's words; some services answer with a whole page


class CloudError(TrainfareError):
    """A service did not do what was asked (exit code 5)."""

    exit_code = 5
    todo = "Look at the service's own page, then try again."

    def __init__(self, where: str, said: object) -> None:
        """`where`: service and place; `said`: the provider's own words."""
        words = without_secrets(str(said)).rstrip(". ")
        super().__init__(f"{where}: {words}. {self.todo}")


class QuotaError(CloudError):
    """The account may not have this much."""

    todo = "Ask for more quota on the provider's page, or choose another offer or region."


class ThrottledError(CloudError):
    """The service asks to be called less often."""

    todo = "Nothing was started. Wait a minute and give the same command again."


class CapacityError(CloudError):
    """The service has no such machine free."""

    todo = "Choose another region or instance, or try again later: trainfare quote"


class CredentialsError(CloudError):
    """Nobody is signed in, or the sign-in has ended."""

    todo = (
        "Sign in with the provider's own tool, then give the same command again: trainfare doctor"
    )


class PermissionDeniedError(CloudError):
    """Who is signed in may not do this."""

    todo = "The permissions a job needs are in docs/clouds.md; see who you are: trainfare doctor"


class RegionError(CloudError):
    """There is no such service there, or it cannot be reached."""

    todo = "Check --region, and `endpoint` in trainfare.toml if one is set."


class ConfigurationError(CloudError):
    """The service finds the request wrong."""

    todo = "Correct the setting that is named, and look at the request with --dry-run."


class JobNotFoundError(CloudError):
    """The service knows no such job."""

    todo = "See what it does know: trainfare jobs --reconcile"


class NameTakenError(CloudError):
    """The service already has a job of this name, so this call made none."""

    todo = "See it with: trainfare jobs"


class UnclearError(CloudError):
    """No answer, or one that leaves open whether the call had an effect."""

    todo = "Give the same command again: it looks for the job first and never starts a second one."


_SECRETS = (
    # Signed addresses (SAS, S3, GCS): the query holds the signature.
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+"), r"\1?…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 …"),
    (
        re.compile(
            r"(?i)\b(sig|signature|x-amz-\w+|x-goog-\w+|(?:access|account|shared|secret|api)?_?key"
            r"|token|[\w-]*secret[\w-]*|password|authorization)([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;<>]+"
        ),
        r"\1\2…",
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "AKIA…"),
    (re.compile(r"\bey[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "…"),  # a JSON web token
    (re.compile(r"\bya29\.[\w.-]+"), "…"),  # Google's access tokens
)

_PAGE = re.compile(r"(?i)<(?:!doctype\s+)?html\b")
_MARKUP = re.compile(r"(?is)<!--.*?(?:-->|$)|<(script|style|head)\b.*?(?:</\1\s*>|$)|<[^>]*(?:>|$)")


def without_secrets(text: str) -> str:
    """`text` on one line, without signatures, keys and tokens, shortened to what a person reads.

    Of a web page, such as a proxy's, only what it says is kept.
    """
    if _PAGE.search(text):
        text = html.unescape(_MARKUP.sub(" ", text))
    for pattern, kept in _SECRETS:
        text = pattern.sub(kept, text)
    line = " ".join(text.split())
    return line if len(line) <= MAX_MESSAGE_LENGTH else line[: MAX_MESSAGE_LENGTH - 1] + "…"
