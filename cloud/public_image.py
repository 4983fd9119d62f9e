"""The image for Vertex AI and Azure ML: PyTorch's own on Docker Hub.

Both services have images of their own, but the newest found have Python 3.10, too old for this
code: Vertex AI's PyTorch 2.4 (whose availability ended on 2026-07-24 by Google's list of supported
frameworks) and Azure ML's acpt-pytorch-2.8-cuda12.6. Both services accept one from Docker Hub.
CUDA 12.6 and not 13, because Azure still rents V100, which CUDA 13 dropped; it runs on CPUs too.
"""

VERSION = "2.13.0-cuda12.6-cudnn9-runtime"
IMAGE = f"docker.io/pytorch/pytorch:{VERSION}"
