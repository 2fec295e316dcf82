import pytest
import torch

from export.model import EcgEncoder, EncoderConfig


@pytest.mark.parametrize("leads", [1, 2, 3])
@pytest.mark.parametrize("seconds", [1, 7, 20])
def test_shapes(model, leads, seconds) -> None:
    output = model(torch.randn(2, leads, 128 * seconds))
    assert output.beat_logits.shape == (2, 64 * seconds)
    assert output.class_logits.shape == (2, 64 * seconds, 5)
    assert output.rhythm_logits.shape == (2, seconds, 9)
    assert output.wave_logits.shape == (2, 128 * seconds, 4)
    assert output.screen_logits.shape == (2, seconds, 4)
    assert output.frame_embeddings.shape == (2, 64 * seconds, 8)
    assert output.quality_logits.shape == (2, seconds)
    assert output.second_embeddings.shape == (2, seconds, 16)


def test_order_of_leads_does_not_matter(model) -> None:
    ecg = torch.randn(1, 3, 512)
    torch.testing.assert_close(model(ecg).beat_logits, model(ecg.flip(1)).beat_logits, atol=1e-4, rtol=1e-4)


def test_small_enough_for_the_edge() -> None:
    assert sum(p.numel() for p in EcgEncoder(EncoderConfig()).parameters()) < 2_000_000


def test_checkpoint_round_trip(model, tmp_path) -> None:
    model.save_pretrained(tmp_path)
    again = EcgEncoder.from_pretrained(tmp_path).eval()
    ecg = torch.randn(1, 1, 512)
    torch.testing.assert_close(model(ecg).class_logits, again(ecg).class_logits)
