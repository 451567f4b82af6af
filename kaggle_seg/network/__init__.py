"""The network on Keras: built, trained, and run over tiles.

averages      Averaged weights: the model that is validated and kept, apart from the one that is trained
backup        The resume state of a training: one folder an epoch, complete or not there at all
convolutions  Layers that are a kernel and a bias, and where in a graph a factor on their output is taken up
engines       What computes the prediction: Keras, or OpenVINO where it is installed
fold          One network in training: its epochs, its validation, what it leaves on disk
folding       The trained network rewritten for prediction: fewer operations, the same probabilities
graph         The graph of a network: the calls of its layers in order, nested networks opened up
inference     From a trained network to probability maps on disk, with test-time augmentation
layers        Keras layers that the U-Net needs beyond Keras's own: fused batch normalisation, and reflecting padding
losses        The losses, each a mean over tiles of a value per tile, from float32 logits
machine       What this machine computes in, and how to make it give the same bits twice
predicting    The maps of a run: its network made ready, its validation and test tiles predicted
quantising    8-bit prediction: fast and coarse, used only where the tuned score shows that it costs nothing
resident      Training on tiles that lie on the accelerator: gathered and flipped there, many steps a dispatch
rounding      A network's weights rounded to bfloat16, so that the errors of the rounding cancel out
steps         The training steps of an epoch: fed batch by batch, or, on a card that holds the tiles, many steps a
              dispatch
training      Training one network: AdamW with warm-up and cosine decay, averaged weights, exact resumption
unet          The U-Net: images in, logits out, with all rescaling, padding and cropping inside
"""

import importlib.util
import os

from kaggle_seg.errors import BadInput

BACKENDS = ("tensorflow", "jax", "torch")


def check_backend(name: str) -> None:
    """Keras itself would end in a traceback.

    Raises:
        BadInput: Keras has no such backend, or it is not installed.
    """
    if name not in BACKENDS:
        raise BadInput(f"KERAS_BACKEND={name}: wanted one of {', '.join(BACKENDS)}; set it to one of them, or unset it")
    if not importlib.util.find_spec(name):
        raise BadInput(f"KERAS_BACKEND={name}: {name} is not installed; pip install {name}, or unset KERAS_BACKEND")


if "KERAS_BACKEND" in os.environ:
    check_backend(os.environ["KERAS_BACKEND"])

# TensorFlow's own log lines would bury the pipeline's; a user's setting wins
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
