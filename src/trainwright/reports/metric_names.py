"""A metric's name as it is spoken."""

from __future__ import annotations

_SPELT = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "ece": "ECE",
    "f1": "F1",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "jaccard": "Jaccard",
    "brier": "Brier score",
    "bleu": "BLEU",
    "chrf": "chrF",
    "rouge_1": "ROUGE-1",
    "rouge_2": "ROUGE-2",
    "rouge_l": "ROUGE-L",
    "token_f1": "token F1",
}


def metric_words(name: str) -> str:
    """For example "ROC AUC" of "roc_auc"."""
    return _SPELT.get(name, name.replace("_", " "))
