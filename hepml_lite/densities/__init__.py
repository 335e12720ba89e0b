"""The core that four themes share: density ratios, normalizing flows, flow matching, diffusion."""
