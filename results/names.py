"""How services are called, in one place."""

from results.records import Provider

PROVIDER_NAMES: dict[Provider, str] = {"aws": "SageMaker", "gcp": "Vertex AI", "azure": "Azure ML"}
