"""An answer, id by id: what is chosen, what was foreseen, and where it ends."""

from collections.abc import Callable, Sequence

from finetab.engine.base import FinishReason, GenerationRequest
from finetab.engine.draft import Draft
from finetab.engine.guessing import Guesser
from finetab.engine.outlook import CutOutlook, Outlook
from finetab.engine.sampling import Rules, Step, choice_of


class Decoding:
    """One answer on its way; its ids may be read at any time, and what they are worth in the request's trace.

    `evaluate` takes how many ids of the answer stand and those that come after them, and gives what may follow each.
    With a `draft`, steps are chosen among the likely ids and may be taken back when they are checked.
    """

    def __init__(
        self, request: GenerationRequest, rules: Rules, guesser: Guesser, draft: Draft | None,
        evaluate: Callable[[int, Sequence[int]], Outlook], is_over: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._request = request
        self._rules = rules
        self._choice = choice_of(request.temperature, request.seed)
        self._guesser = guesser
        self._draft = draft
        self._evaluate = evaluate
        self._is_over = is_over
        self._tail_left = request.tail
        self._most = request.max_new_tokens + request.tail
        self._logprobs = request.trace.logprobs
        self.ids: list[int] = []

    def run(self, outlook: Outlook, ahead: Sequence[int]) -> FinishReason:
        """Say all of it.

        `ahead` are ids that have been evaluated before they were said: the prompt's tail as it stands, and what was
        guessed. Where the model says the same, that costs no step.
        """
        place = 0
        while True:
            step = self._next(outlook, place)
            is_foreseen = place < len(ahead) and ahead[place] == step.token
            place += 1
            if is_foreseen and self._tail_left:
                self.ids.append(step.token)
                self._tail_left -= 1
                continue
            reason = self._take(step)
            if self._draft is not None and (reason is not None or self._draft.is_due):
                other = self._checked(self._draft)
                if other is not None:
                    reason, is_foreseen = self._take(other), False
            if reason is not None or self._is_over():
                return reason or "cancelled"
            if not is_foreseen:
                self._tail_left, place = 0, 0
                ahead = self._guesser.guess(self.ids, self._most - len(self.ids) - 1)
                outlook = self._evaluate(len(self.ids) - 1, [self.ids[-1], *ahead])

    def _next(self, outlook: Outlook, place: int) -> Step:
        allowed, may_end = self._request.allowed(self.ids), self._request.may_end(self.ids)
        lean = self._request.leaning.after(self.ids)
        if self._draft is None or allowed is not None or self._tail_left:
            return self._choice.of(outlook.logits(place), self._rules, allowed, lean, may_end=may_end)
        assert isinstance(outlook, CutOutlook)
        return self._draft.step(outlook, place, lean, place=len(self.ids), may_end=may_end)

    def _take(self, step: Step) -> FinishReason | None:
        """Append a step; why the answer ends with it, None where it goes on."""
        self._logprobs.append(step.logprob)
        if step.token == self._rules.end_id:
            return "end"
        self.ids.append(step.token)
        if self._request.should_stop(self.ids):
            return "stop"
        return "length" if len(self.ids) >= self._most else None

    def _checked(self, draft: Draft) -> Step | None:
        """Put right what the last steps are worth, and take back what does not stand; what comes there instead."""
        start = len(self._logprobs) - draft.num_unchecked
        checked = draft.check()
        self._logprobs[start:] = [step.logprob for step in checked.right]
        if checked.other is not None:
            del self.ids[checked.place :]
        return checked.other
