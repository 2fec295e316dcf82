"""Published ECG encoder checkpoints to ONNX: ECG-CoCa of ECG-Chat, and the ViT of anyECG-chat."""
