"""Unfold the arrays of unfolding.py with the omnifold package; print one line of JSON.

It needs a separate environment, because it needs TensorFlow:

    python3 -m venv omnifold_peer
    omnifold_peer/bin/pip install omnifold==0.1.36 tensorflow==2.21.0 tf_keras==2.21.0

The package registers its loss for Keras 2, so TF_USE_LEGACY_KERAS is set before the import.
"""

import argparse
import json
import os
import tempfile
import time

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help=".npz with true, simulated and data, (N, D)")
    parser.add_argument("--out", required=True, help=".npy for the weights (N,)")
    parser.add_argument("--iterations", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--patience", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--layers", type=int, nargs="+", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    return parser.parse_args()


def main() -> None:
    import numpy as np
    import tensorflow as tf

    options = arguments()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    tf.keras.utils.set_random_seed(options.seed)
    from omnifold import MLP, DataLoader, MultiFold

    arrays = np.load(options.data, allow_pickle=False)
    true, simulated, data = (
        arrays[name].astype("float32") for name in ("true", "simulated", "data")
    )
    features = true.shape[1]
    networks = [MLP(features, layer_sizes=options.layers, activation="relu") for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        method = MultiFold(
            "peer",
            *networks,
            DataLoader(reco=data, normalize=True),
            DataLoader(reco=simulated, gen=true, normalize=True),
            weights_folder=folder,
            log_folder=folder,
            niter=options.iterations,
            batch_size=options.batch,
            epochs=options.epochs,
            early_stop=options.patience,
            lr=options.rate,
        )
        started = time.perf_counter(), time.process_time()
        method.Unfold()
        wall = time.perf_counter() - started[0]
        cpu = time.process_time() - started[1]
    np.save(options.out, np.asarray(method.weights_push, float).ravel())
    print(json.dumps({"wall": wall, "cpu": cpu, "events": len(true)}))


if __name__ == "__main__":
    main()
