"""How good a trained classifier is: loss, accuracy, precision, recall and F1 on test data."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def classifier_metrics(
    model: nn.Module,
    device: torch.device,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss: Callable[[Tensor, Tensor], Tensor],
) -> dict[str, float]:
    """Metrics of `model` on `batches` of inputs (n, …) and class numbers (n,).

    `accuracy` is overall; `precision`, `recall` and `f1` are macro: the plain mean over the
    classes that occur in targets or predictions, 0 for a class never predicted. `test_loss` is
    the mean of `loss` (a mean over its batch) over all samples, and is left out where it is not
    finite. By scikit-learn. Raises ValueError without a single batch.
    """
    was_training = model.training
    model.eval()
    try:
        mean_loss, targets, predictions = _run(model, device, batches, loss)
    finally:
        model.train(was_training)
    metrics = {"test_loss": mean_loss} if math.isfinite(mean_loss) else {}
    return metrics | _scores(targets, predictions)


def _run(
    model: nn.Module,
    device: torch.device,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss: Callable[[Tensor, Tensor], Tensor],
) -> tuple[float, Tensor, Tensor]:
    """Mean loss over all samples, targets and predicted classes."""
    total = 0.0
    targets, predictions = [], []
    with torch.no_grad():
        for inputs, target in batches:
            outputs = model(inputs.to(device))
            total += float(loss(outputs, target.to(device))) * len(target)
            targets.append(target.cpu())
            predictions.append(outputs.argmax(dim=1).cpu())
    if not targets:
        raise ValueError("the test data has no batches")
    everything = torch.cat(targets)
    return total / len(everything), everything, torch.cat(predictions)


def _scores(targets: Tensor, predictions: Tensor) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support  # late: slow

    expected, given = targets.numpy(), predictions.numpy()
    precision, recall, f1, _ = precision_recall_fscore_support(
        expected, given, average="macro", zero_division=0
    )
    return {
        "accuracy": float(accuracy_score(expected, given)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }
