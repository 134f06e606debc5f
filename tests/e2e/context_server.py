"""A real server process that answers with the context of its prompt: all of finetab but a model. Run by the tests."""

from dataclasses import replace

from tokenizers import Tokenizer as Bytes
from tokenizers import decoders, pre_tokenizers
from tokenizers.models import BPE

from finetab.completion.completer import Completer, Voice
from finetab.completion.request import Answer, CompletionRequest
from finetab.core.fim import FimFormat
from finetab.core.manifest import Budgets
from finetab.core.progress import Progress
from finetab.core.tokenizer import Tokenizer
from finetab.engine.scripted import ScriptedEngine
from finetab.lsp.server import serve_stdio
from finetab.settings import Settings

_FIM = FimFormat("test", 256, 257, 258, 259, None, native=())


class TellingCompleter(Completer):
    """A completer that tells what stands before the cursor's own text."""

    def complete(self, request: CompletionRequest) -> Answer:
        """The context of the prompt as the answer."""
        answer = super().complete(request)
        assert isinstance(self.engine, ScriptedEngine)
        context = _FIM.unprompt(self.engine.prompts[-1], "spm").context
        return replace(answer, text=self.voice.tokenizer.decode(context) or "none", why="answered")


def load(settings: Settings, progress: Progress) -> Completer:
    """A `LoadService`."""
    letters = {letter: index for index, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Bytes(BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    budgets = Budgets(400, 100, settings.context_tokens)
    voice = Voice(settings.base, settings.adapter, Tokenizer(tokenizer), _FIM, "spm", budgets, 8)
    return TellingCompleter(ScriptedEngine(lambda prompt: []), voice)


if __name__ == "__main__":
    serve_stdio(load)
