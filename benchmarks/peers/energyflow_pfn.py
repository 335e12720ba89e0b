"""Time energyflow's Keras PFN on the jets of training.py and tagging.py; print one line of JSON.

It needs a separate environment, because TensorFlow requires an older h5py than the course.
energyflow imports wasserstein, whose wheel needs numpy 1, so wasserstein is compiled for numpy 2:

    python3 -m venv keras_peers
    keras_peers/bin/pip install "tensorflow==2.21.0" tf_keras "energyflow==1.4.0"
    keras_peers/bin/pip install -U setuptools wheel
    keras_peers/bin/pip install --no-cache-dir --no-build-isolation --no-deps --force-reinstall \
        --no-binary wasserstein wasserstein==1.0.1
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help=".npz with features, mask and labels")
    parser.add_argument("--phi", type=int, nargs="+", required=True)
    parser.add_argument("--f", type=int, nargs="+", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def network(options: argparse.Namespace) -> Any:
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")  # before TensorFlow
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    from energyflow.archs import PFN

    return PFN(input_dim=3, Phi_sizes=options.phi, F_sizes=options.f, summary=False)


def clock() -> Any:
    """A Keras callback that keeps wall and CPU seconds of each training step."""
    import tf_keras

    wall, cpu, started = [], [], []

    def begin(batch: int, logs: dict) -> None:
        started[:] = time.perf_counter(), time.process_time()

    def end(batch: int, logs: dict) -> None:
        wall.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])

    callback = tf_keras.callbacks.LambdaCallback(on_train_batch_begin=begin, on_train_batch_end=end)
    return callback, {"wall": wall, "cpu": cpu}


def inference(model: Any, features: Any, batch: int) -> dict[str, list[float]]:
    """Wall and CPU seconds of each batch except the first, which is traced."""
    wall, cpu = [], []
    for start in range(0, len(features), batch):
        started = time.perf_counter(), time.process_time()
        model.predict_on_batch(features[start : start + batch])
        wall.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    return {"wall": wall[1:], "cpu": cpu[1:]}


def resident(what: str) -> float:
    """Memory of this process in MiB, now (VmRSS) or at its peak (VmHWM)."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(what)), 0.0)


def main() -> None:
    import numpy as np

    options = arguments()
    pfn = network(options)
    data = np.load(options.data, allow_pickle=False)
    # Padded particles are all zero; this PFN masks them.
    sample = data["features"], np.eye(2, dtype="float32")[data["labels"]]
    settings = {"batch_size": options.batch, "verbose": 0}
    before = resident("VmRSS")
    pfn.fit(*sample, epochs=1, **settings)  # traces and compiles
    memory = resident("VmHWM") - before
    callback, step = clock()
    pfn.fit(*sample, epochs=2, callbacks=[callback], **settings)
    n_steps = 2 * len(sample[0]) / options.batch
    started = time.perf_counter(), time.process_time()
    pfn.fit(*sample, epochs=2, **settings)
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    whole = {"wall": [wall / n_steps], "cpu": [cpu / n_steps]}
    told = {"parameters": pfn.model.count_params(), "step": step, "fit": whole, "memory": memory}
    print(json.dumps(told | {"inference": inference(pfn.model, sample[0], options.batch)}))


if __name__ == "__main__":
    main()
