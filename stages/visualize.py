"""visualize: pictures.     rollouts.h5, v.npz, drives.h5, curves -> figures/*.png, drive.gif"""

from __future__ import annotations

from matplotlib.figure import Figure

from stages.artifacts import Drives, Rollouts, to_pixels
from stages.figures.cma_es_curve import cma_es_curve
from stages.figures.drive_gif import drive_gif
from stages.figures.policy_trajectory import policy_trajectory
from stages.figures.style import save
from stages.figures.track_layout import track_layout
from stages.figures.training_curves import training_curves
from stages.figures.vae_reconstruction import vae_reconstruction
from stages.params import Visualize
from stages.progress import progress
from stages.randomness import Streams
from stages.stage import stage
from stages.tracks import make_track
from stages.vision.autoencoder import Autoencoder


def reconstruction_figure(
    settings: Visualize, rollouts: Rollouts, vision: Autoencoder, streams: Streams
) -> Figure:
    """V on a few held-out frames, drawn at random."""
    frames = rollouts.frames(held_out=True)
    count = min(settings.reconstructions, len(frames))
    seen = to_pixels(streams("reconstructions").choice(frames, count, replace=False))
    z = vision.encode(seen)
    return vae_reconstruction(seen[..., 0], vision.decode(z).reshape(seen.shape)[..., 0], z)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("visualize", reads=["rollouts", "v", "drives"]) as run:
        settings, track = run.params.visualize, make_track(run.params.world)
        rollouts, drives = run.table("rollouts", Rollouts), run.table("drives", Drives)
        vision = run.model("v", "train_v", {Autoencoder.kind: Autoencoder})
        curves = [run.curve(name) for name in ("train_v", "train_m", "evolve_c")]

        drive = drives.episode(int(drives.by_controller.argmax()))
        figures = {
            "track_layout": track_layout(track),
            "training_curves": training_curves(*curves),
            "cma_es_curve": cma_es_curve(curves[-1]),
            "vae_reconstruction": reconstruction_figure(settings, rollouts, vision, run.streams),
            "policy_trajectory": policy_trajectory(track, drive.states, drive.actions, drive.score),
        }
        for name, figure in progress(figures.items(), "visualize", len(figures)):
            save(figure, run.place(run.reports / "figures" / f"{name}.png"))
        views = to_pixels(drive.observations)
        drive_gif(
            run.place(run.reports / "drive.gif"),
            track,
            drive.states,
            views[..., 0],
            vision.encode(views),
            drive.rewards,
            settings.frames_per_second,
        )
        print(f"visualize: {len(figures)} figures and drive.gif in {run.reports}")


if __name__ == "__main__":
    main()
