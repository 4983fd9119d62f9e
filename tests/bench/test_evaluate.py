"""Metrics against hand-counted ones and against properties that always hold."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.evaluate import classifier_metrics

CPU = torch.device("cpu")


class Echo(nn.Module):
    """Predicts the class that its input says."""

    def forward(self, x):
        return nn.functional.one_hot(x, 4).float() * 10


def metrics(pairs, sizes=None):
    given = torch.tensor([g for g, _ in pairs])
    truth = torch.tensor([t for _, t in pairs])
    batches = zip(given.split(sizes or len(pairs)), truth.split(sizes or len(pairs)), strict=True)
    return classifier_metrics(Echo(), CPU, batches, nn.CrossEntropyLoss())


def test_hand_counted():
    # (predicted, true): class 0: 2 of 3 predictions right, 2 of 2 found; class 1: 1 of 1, 1 of 2.
    found = metrics([(0, 0), (0, 0), (0, 1), (1, 1)])
    assert found["accuracy"] == 0.75
    assert found["precision"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_class_never_predicted_counts_as_zero_and_warns_nothing(recwarn):
    assert metrics([(0, 0), (0, 1)])["precision"] == pytest.approx(0.25)
    assert not recwarn.list


def test_loss_is_over_samples_not_over_batches():
    pairs = [(0, 0), (0, 0), (0, 1)]
    assert metrics(pairs, [2, 1])["test_loss"] == pytest.approx(metrics(pairs)["test_loss"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_shares_lie_between_0_and_1_and_accuracy_is_the_share_that_agrees(pairs):
    found = metrics(pairs)
    assert found["accuracy"] == pytest.approx(sum(g == t for g, t in pairs) / len(pairs))
    assert all(0 <= found[name] <= 1 for name in ("precision", "recall", "f1"))
    assert (found["f1"] == 1) == all(g == t for g, t in pairs)


def test_a_loss_that_is_no_number_is_unknown():
    batches = [(torch.tensor([0]), torch.tensor([0]))]
    found = classifier_metrics(Echo(), CPU, batches, lambda out, target: torch.tensor(math.nan))
    assert "test_loss" not in found and found["accuracy"] == 1


def test_without_test_data_there_is_no_answer():
    with pytest.raises(ValueError, match="no batches"):
        classifier_metrics(Echo(), CPU, [], nn.CrossEntropyLoss())


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_evaluated_without_dropout_and_left_as_it_was(training):
    model = nn.Sequential(nn.Dropout(0.9), Echo()).train(training)
    seen = []
    model[1].register_forward_hook(lambda module, args, out: seen.append(module.training))
    model[0].forward = lambda x: x
    classifier_metrics(model, CPU, [(torch.tensor([1]), torch.tensor([1]))], nn.CrossEntropyLoss())
    assert seen == [False]
    assert model.training is training
