"""What became of old keys of params.yaml: new names of some, and why others have gone."""

from __future__ import annotations

RENAMED = {  # dotted key -> dotted key
    "world": "env",
    "polish": "finetune_c",
    "env.note": "env.fixed_track",
    "env.random": "env.random_tracks",
    "collect.noiseless": "collect.deterministic_share",
    "collect.weight_noise": "collect.parameter_noise",
    "collect.push": "collect.throttle_bias",
    "train_v.width": "train_v.width_multiplier",
    "train_v.final_rate": "train_v.lr_end_factor",
    "train_m.readout": "train_m.head_hidden",
    "train_m.mixtures": "train_m.num_mixtures",
    "train_m.sigma_floor": "train_m.min_std",
    "train_m.predict_outcome": "train_m.predict_reward_done",
    "train_m.members": "train_m.ensemble_size",
    "train_m.noise": "train_m.input_noise",
    "train_m.final_rate": "train_m.lr_end_factor",
    "train_m.clip_norm": "train_m.max_grad_norm",
    "evolve_c.world": "evolve_c.train_in",
    "evolve_c.warm_up": "evolve_c.burn_in",
    "evolve_c.recent": "evolve_c.replay_rounds",
    "evolve_c.lost": "evolve_c.stalled_start_share",
    "evolve_c.onward": "evolve_c.terminal_value_steps",
    "evolve_c.effort": "evolve_c.steering_cost",
    "evolve_c.caution": "evolve_c.risk_aversion",
    "evolve_c.components": "evolve_c.pca_components",
    "evolve_c.imitated": "evolve_c.demo_episodes",
    "evolve_c.searches": "evolve_c.runs",
    "evolve_c.checked_every": "evolve_c.eval_every",
    "evolve_c.random_episodes": "evolve_c.baseline_episodes",
    "finetune_c.noise": "finetune_c.action_std",
    "finetune_c.smoothing": "finetune_c.noise_correlation",
    "finetune_c.components": "finetune_c.pca_components",
    "finetune_c.step": "finetune_c.step_size",
    "finetune_c.trace": "finetune_c.gae_lambda",
    "finetune_c.checked_every": "finetune_c.eval_every",
    "evaluate.random_episodes": "evaluate.baseline_episodes",
}
REMOVED = {  # dotted key -> what is always so
    "env.simulator": "CarRacing is always simulated by Gymnasium",
}


def explain_old_key(key: str) -> str | None:
    """What became of a dotted key, or None if there never was such a key."""
    if key in RENAMED:
        return f"is called {RENAMED[key]} now"
    if key in REMOVED:
        return f"this key has gone: {REMOVED[key]}; remove it"
    return None
