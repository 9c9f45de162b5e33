"""Networks of torchvision and timm as ONNX files, by both of PyTorch's exporters, and what PyTorch says their modules give.

    python export_backbones.py OUT SIZE LIBRARY:MODEL...        (library: torchvision or timm)

Weights and the statistics of batch normalisation are random, of a fixed seed: nothing is downloaded. For each model OUT gets
MODEL.legacy.onnx and MODEL.dynamo.onnx (a file that an exporter cannot write is left out; the newer one needs onnxscript), MODEL.bin
with float32 numbers and MODEL.json: {"exports", "input": {"shape", "offset"}, "modules": {NAME: {"shape", "offset"}}}, where
the modules are those of convolutions whose output has rows and columns. Needs torch and the libraries named.
"""

import importlib.util
import json
import pathlib
import sys
import warnings

import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def create(library, model):
    if library == "torchvision":
        import torchvision

        extra = {"init_weights": False} if model in ("googlenet", "inception_v3") else {}
        return torchvision.models.get_model(model, weights=None, **extra)
    import timm

    return timm.create_model(model, pretrained=False)


def randomise(network):
    """Statistics that do something, and weights that keep the size of values."""
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.2)
            module.bias.data.normal_(0, 0.2)


def main(out, size, names):
    out = pathlib.Path(out)
    for entry in names:
        library, model = entry.split(":")
        torch.manual_seed(1)
        network = create(library, model).eval()
        randomise(network)
        outputs = {}

        def hook(name, outputs=outputs):
            def keep(_module, _inputs, output):
                if isinstance(output, torch.Tensor) and output.dim() == 4 and output.shape[2] > 1:
                    # Activations in place would change it later.
                    outputs[name] = output.clone()
                else:
                    outputs.pop(name, None)

            return keep

        for name, module in network.named_modules():
            convolves = any(isinstance(part, torch.nn.Conv2d) for part in module.modules())
            if name and name.count(".") < 2 and convolves and not isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(hook(name))
        image = torch.randn(1, 3, size, size)
        with torch.no_grad():
            network(image)
        modules = dict(outputs)

        exports = []
        for exporter in ("legacy", "dynamo"):
            if exporter == "dynamo" and importlib.util.find_spec("onnxscript") is None:
                continue
            file = f"{model}.{exporter}.onnx"
            extra = {"external_data": False} if exporter == "dynamo" else {}
            try:
                torch.onnx.export(network, (image,), str(out / file), dynamo=exporter == "dynamo", **extra)
            except Exception as fault:  # The exporters cannot all write all networks.
                print(entry, exporter, f"{fault}"[:200], file=sys.stderr)
                continue
            exports.append(file)

        record = {"torch": torch.__version__, "exports": exports, "modules": {}}
        with open(out / f"{model}.bin", "wb") as file:
            offset = 0
            for name, value in {"": image, **modules}.items():
                place = {"shape": list(value.shape), "offset": offset}
                if name:
                    record["modules"][name] = place
                else:
                    record["input"] = place
                offset += file.write(value.detach().contiguous().numpy().astype("<f4").tobytes())
        (out / f"{model}.json").write_text(json.dumps(record))
        print(entry, exports, len(modules), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
