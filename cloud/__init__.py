"""What a job is on SageMaker, Vertex AI and Azure ML: its request, its cap, its source, its start.

Building a request is pure and needs no SDK, no credentials and no network.
"""
