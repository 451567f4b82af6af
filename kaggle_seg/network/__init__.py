"""The network on Keras: built, trained, and run over tiles.

averages      Averaged weights: the model that is validated and kept, apart from the one that is trained
backup        The resume state of a training: one folder an epoch, complete or not there at all
convolutions  Layers that are a kernel and a bias, and where in a graph a factor on their output is taken up
device_steps  Epochs of training steps on tiles that lie on the accelerator, many steps a dispatch
encoders/     Pretrained networks as the contracting path of the U-Net
engines       What computes the prediction: Keras, or OpenVINO where it is installed
epochs        All epochs of a training: how many, one after another, each kept
folding       The trained network rewritten for prediction: fewer operations, the same probabilities
graph         The graph of a network: the calls of its layers in order, nested networks opened up
inference     From a trained network to probability maps on disk, with test-time augmentation
layers        Keras layers that the U-Net needs beyond Keras's own: fused batch normalisation, and reflecting padding
losses        The losses, each a mean over tiles of a value per tile, from float32 logits
machine       What this machine computes with, and how to make it give the same bits twice
optimizer     The optimiser: AdamW with warm-up and decay, averaged weights, and shares of the learning rate
predicting    Predicting a run: the maps of its validation and test tiles
quantising    8-bit prediction: fast and coarse, used only where the tuned score shows that it costs nothing
rounding      A network's weights rounded to bfloat16, so that the errors of the rounding cancel out
steps         The training step, written out for each of Keras's backends, and epochs of it, fed batch by batch
trainer       One network in training: made from the seed or a saved state, trained and validated epoch by epoch
training      Training a run: checked, kept in run.toml, then its network is trained
unet          The U-Net: images in, logits out, with all rescaling, padding and cropping inside
"""
