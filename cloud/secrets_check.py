"""Files that look like keys or credentials do not travel: the submit stops and names them.

Who can read a job's bucket could read them, and the job does not need them: each service gives it
a role of its own. Names are those that tools write; contents are the forms that issuers publish.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath

from results.errors import UsageError

NAMES = (
    ".env", ".env.*", "*.env", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".htpasswd",
    ".git-credentials", ".boto", ".s3cfg", ".dockercfg", "credentials", "credentials.*",
    "*credentials.json", "client_secret*.json", "service[-_]account*.json", "secrets.toml",
    "secrets.y*ml", "secrets.json", "kubeconfig", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.ovpn",
    "accesstokens.json", "azureprofile.json", "msal_token_cache.*",
)  # fmt: skip
HARMLESS = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")
FOLDERS = {".aws", ".azure", ".ssh", ".gnupg", ".kube", ".docker", ".config/gcloud"}
CONTENTS = (
    ("a private key", rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("an AWS access key", rb"\b(?:AKIA|ASIA)[A-Z0-9]{9}(?!EXAMPLE)[A-Z0-9]{7}\b"),
    ("an AWS secret key", rb"(?i)aws_secret_access_key[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}\b"),
    ("a Google service account", rb"\"private_key_id\"\s*:\s*\"[0-9a-f]{20,}\""),
    ("a Google API key", rb"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("an Azure storage key", rb"(?i)\bAccountKey=[A-Za-z0-9+/]{40,}"),
    ("a GitHub token", rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    ("a GitLab token", rb"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Hugging Face token", rb"\bhf_[A-Za-z0-9]{34}\b"),
    ("a Slack token", rb"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("an OpenAI or Anthropic key", rb"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{40,}"),
    ("a Weights & Biases key", rb"(?i)\bWANDB_API_KEY[\"']?\s*[=:]\s*[\"']?[0-9a-f]{40}\b"),
)
_CONTENTS = tuple((what, re.compile(pattern)) for what, pattern in CONTENTS)
SHOWN = 5


def refuse_secrets(files: Mapping[str, bytes]) -> None:
    """Raise UsageError naming the files that look like secrets; what they hold is never shown."""
    found = [
        f"{name} ({why})" for name, data in sorted(files.items()) if (why := secret(name, data))
    ]
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise UsageError(
            f"Looks like a secret and will not be sent: {', '.join(found[:SHOWN])}{more}. Move it "
            "out of the folder, or name it in .trainfareignore."
        )


def secret(name: str, data: bytes) -> str | None:
    """Why the file looks like a secret, or None."""
    path = PurePosixPath(name)
    plain = path.name.lower()
    if any(fnmatch(plain, harmless) for harmless in HARMLESS):
        named = False
    else:
        named = any(fnmatch(plain, pattern) for pattern in NAMES)
    if named or any(f"/{folder}/" in f"/{path.parent}/" for folder in FOLDERS):
        return "by its name"
    return next((f"holds {what}" for what, pattern in _CONTENTS if pattern.search(data)), None)
