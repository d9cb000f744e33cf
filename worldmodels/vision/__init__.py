"""V: autoencoders that compress an observation to a latent vector z."""
