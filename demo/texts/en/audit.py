"""The verdict of an audit."""

from __future__ import annotations

_WRONG = "The accounting or the code is wrong: "

AUDIT = {
    "audit.no claim": "No epsilon is claimed; the attack shows {shown}.",
    "audit.wrong.nominal": "The nominal epsilon is no bound: the attack shows {shown}, more than the ledger's ε = "
    "{claimed}.",
    "audit.wrong.exceeded": _WRONG + "the attack shows {shown}, more than the ledger's ε = {claimed}.",
    "audit.wrong.separated": _WRONG + "the trials separate fine-tunings with and without the canary more often than "
    "the mechanism of the ledger's ε = {claimed} can allow, with {confidence} confidence.",
    "audit.consistent": "Consistent: the attack shows {shown}, which does not exceed the ledger's ε = {claimed}.",
    "audit.too few trials": "Too few trials to say: even an attack that is never wrong shows at most ε = {largest} in "
    "{trials} trials, less than the ledger's ε = {claimed}. At least {needed} trials would be needed.",
    "audit.shown": "at least ε = {epsilon} with {confidence} confidence (δ = {delta})",
    "audit.trials": "{trials} trials. In the half that tests, the attack was right in {found} of {inside} fine-tunings "
    "with the canary and wrong in {false} of {outside} without it.",
    "audit.noise.any": "Taken as DP-SGD, these rates rule out no amount of noise.",
    "audit.noise": "Taken as DP-SGD, and using every δ: the noise multiplier is at most {at_most} (the ledger says "
    "{claimed}), which is ε = {epsilon} or more.",
    "audit.object": "The audit made its own fine-tunings, of {steps} steps each; they check the code and the "
    "accounting. A file of more steps has noise of its own, and is not among them.",
    "audit.saw.gradients": "The adversary saw every noisy gradient, which is all that the theorem of DP-SGD allows.",
    "audit.saw.file": "The adversary saw the released file alone, which is much less than the theorem of DP-SGD "
    "allows.",
    "audit.clipped": "The canary's gradient reached the clipping norm in {share} of the steps. With a smaller norm it "
    "is the worst case, at the same epsilon.",
    "audit.largest": "No attack could have shown more than ε = {largest} in so few trials.",
    "audit.refutes": "An attack that finds little proves nothing: it can refute an epsilon, never confirm one.",
}
