"""Pretrained networks as the contracting path of the U-Net. Nothing is ever downloaded.

efficientnet_lite  EfficientNet-Lite 0 to 2 in Keras, and their weights from PyTorch's names
features           An encoder as the decoder sees it: from images to features of every resolution, frozen or released
torch_files        PyTorch's legacy `.pth` files read without PyTorch: a state dict of dense tensors, and nothing else
weight_files       Where the weights of ImageNet lie on this machine: packages, Keras's cache, a notebook's inputs
"""
