"""What audit decides and makes, without I/O: growing the tree, proving, signing checkpoints, tiles, bundles.

The formats themselves (tree hashes, note, checkpoint, proof, leaf, chain, manifest) live in
``services.audit.verifier``, once; here is only what the log's own side does with them.
"""
