"""When is a question of `hearth find` about nothing in a heart? Chosen on the phrases of the training.

    python -m benchmarks.choose_find_scope [--held-out runs/find/held_out.npz]

Of the limits that refuse nine in ten of the unrelated texts of the choosing half, those are taken that lose
fewest phrases of the training by their words alone, each held against all others: the tower learned from
these phrases, so its similarity does not tell what it would do with new ones. Writes
`hub/ask/find_scope.toml`, and prints what is lost and refused, also of what was kept for that. With windows
of held-out patients it prints what the best similarity in a history would tell.
"""

import argparse
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score

from export.training.find_concepts import CONCEPTS, YES
from export.training.find_phrases import known_phrases, new_phrases
from export.training.find_windows import directions, find_windows
from hub.find_model import find_model
from hub.find_scope import Scope, said_words, scope_text

SCOPE: Final = Path("hub/ask/find_scope.toml")
ASK_PHRASES: Final = Path("hub/ask/phrases.toml")
_UNRELATED: Final = Path(__file__).with_name("unrelated.toml")
_SIMILARITIES: Final = [round(0.4 + 0.02 * i, 2) for i in range(30)]
_SHARES: Final = (0.01, 0.34, 0.5, 0.66, 1.0)
_REFUSED: Final = 0.9
_HISTORY, _SEED = 200, 2026


def heart_words() -> list[str]:
    """The findings, beats and medical words of `hearth ask`."""
    table = tomllib.loads(ASK_PHRASES.read_text(encoding="utf-8"))
    return [*table["terms"], *(phrase for phrases in table["subjects"].values() for phrase in phrases)]


def shares_without_itself(phrases: Sequence[str], others: Sequence[str]) -> list[float]:
    """Of each phrase, the share of its words that are in another one."""
    said = [set(said_words(phrase)) for phrase in (*phrases, *others)]
    of_word = Counter(word for words in said for word in words)
    return [sum(of_word[word] > 1 for word in words) / max(len(words), 1) for words in said[: len(phrases)]]


def chosen(phrases: Sequence[str], others: Sequence[str], unrelated: Sequence[str]) -> Scope:
    """Of equals those with the lowest similarity."""
    shares, whole = shares_without_itself(phrases, others), Scope.of(find_model(), [*phrases, *others], 0, 0)
    strange = [whole.nearness(text) for text in unrelated]
    fit = [
        (sum(share < limits[0] for share in shares), limits[1], scope)
        for limits in product(_SHARES, _SIMILARITIES)
        for scope in [replace(whole, least_share=limits[0], least_similarity=limits[1])]
        if sum(not scope.is_near(one) for one in strange) >= _REFUSED * len(strange)
    ]
    return min(fit, key=lambda one: one[:2])[2]


def refused(scope: Scope, texts: Sequence[str]) -> str:
    """How many."""
    n = sum(not scope.holds(text) for text in texts)
    return f"{n}/{len(texts)} ({100 * n / len(texts):.0f} %)"


def auc_of_best(windows: Path, texts: Sequence[str]) -> float:
    """AUC of the best similarity in a history: kept phrases that it holds against `texts`."""
    model, rng = find_model(), np.random.default_rng(_SEED)
    drawn = find_windows(windows, windows, {}, windows, held_out=True)
    rows = model.window(directions(drawn) * np.float32(np.sqrt(model.width)))
    best = []
    for column, concept in enumerate(CONCEPTS):
        having = np.flatnonzero(drawn.concepts[:, column] == YES)
        for phrase in new_phrases(concept) if len(having) else ():
            history = [*rng.choice(len(rows), _HISTORY - 1, replace=False), rng.choice(having)]
            best.append(float((rows[history] @ model.of_text(phrase)).max()))
    strange = [
        float((rows[rng.choice(len(rows), _HISTORY, replace=False)] @ model.of_text(text)).max())
        for text in texts
    ]
    truth = [True] * len(best) + [False] * len(strange)
    return float(roc_auc_score(truth, [*best, *strange]))


def main() -> None:
    """Choose, write, and print what it does."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--held-out", type=Path, help="windows of held-out patients, from train_find")
    arguments = parser.parse_args()
    unrelated = tomllib.loads(_UNRELATED.read_text(encoding="utf-8"))
    known = [phrase for concept in CONCEPTS for phrase in known_phrases(concept)]
    kept = [phrase for concept in CONCEPTS for phrase in new_phrases(concept)]
    others = list(dict.fromkeys(heart_words()))
    scope = chosen(known, others, unrelated["choosing"])
    SCOPE.write_text(
        scope_text([*known, *others], scope.least_similarity, scope.least_share), encoding="utf-8"
    )
    lost = sum(share < scope.least_share for share in shares_without_itself(known, others))
    print(f"least similarity {scope.least_similarity}, least share of words {scope.least_share}\n")
    print("| texts | refused |\n|---|---|")
    print(f"| phrases of the training, by words of the others alone | {lost}/{len(known)} |")
    print(f"| phrases kept from it | {refused(scope, kept)} |")
    print(f"| unrelated, chosen by | {refused(scope, unrelated['choosing'])} |")
    print(f"| unrelated, measured | {refused(scope, unrelated['measured'])} |")
    print("\nlost:", "; ".join(phrase for phrase in kept if not scope.holds(phrase)))
    print("let through:", "; ".join(text for text in unrelated["measured"] if scope.holds(text)))
    if arguments.held_out:
        print(f"AUC of the best similarity: {auc_of_best(arguments.held_out, unrelated['measured']):.2f}")


if __name__ == "__main__":
    main()
