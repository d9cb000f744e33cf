"""Which test runs a command of README.md or docs/, and which commands no test runs.

A new command in a page goes into one of these tables; `test_documented_commands.py` says so.
"""

from __future__ import annotations

from tests.support.documented_commands import block
from tools.study_reader import study_names

TRANSCRIPTS = "tests/projects/test_transcripts.py"
SIDE_BY_SIDE = "tests/projects/test_side_by_side.py"
VERBS = "tests/projects/test_verbs.py"
TLS = "tests/parallel/test_cluster_tls.py"
SHARING = "tests/projects/test_sharing.py"
OFFLINE_PLOTS = "tests/projects/test_offline_plots.py"
RELEASED = "tests/projects/test_released.py"
EDIT = "Edit one number, see what reruns"

# Blocks whose commands are typed in their order, but for those that are not run: where.
BLOCKS = {
    ("README.md", EDIT): TRANSCRIPTS,
    ("README.md", "Recipes"): TRANSCRIPTS,
    ("docs/clusters.md", "Who may use the cluster"): TLS,
    ("docs/dvc.md", EDIT): TRANSCRIPTS,
    ("docs/dvc.md", "A sweep"): TRANSCRIPTS,
    ("docs/dvc.md", "A recipe of your own"): TRANSCRIPTS,
    ("docs/dvc.md", "Sharing"): SHARING,
    ("docs/dvc.md", "Released agents"): RELEASED,
    ("docs/faq.md", "How do I share the cache?"): SHARING,
    ("docs/play.md", "A page to play in"): TRANSCRIPTS,
}

# Pages whose blocks of Python are run: by which test.
PYTHON = {
    "README.md": "tests/pretrained/test_carracing_score.py",
    "docs/tour.md": "tests/test_tour.py",
    "docs/gymnasium.md": "tests/gym/test_gymnasium_page.py",
    "docs/own_environment.md": "tests/envs/test_own_environment.py",
    "docs/doom.md": "tests/gym/test_take_cover_gym.py",
}

# Commands that a test of test_transcripts.py types from here.
TYPED = {
    "test_a_recipe_comes_from_the_cache_and_is_copied": ("cd recipes/paper && dvc repro",),
    "test_what_dvc_leaves_when_it_is_killed_is_mended": (
        *("git checkout dvc.lock", "rm .dvc/tmp/rwlock"),
    ),
    "test_the_random_policy_returns_what_the_reference_stubs_does": (
        "python -m benchmarks.stub_baseline",
    ),
    "test_an_experiment_runs_with_its_params": (
        "dvc exp run --temp -S train_v.z_size=8",
        "dvc exp run -S train_v.z_size=64",
        "dvc exp run -S env.fixed_track.harmonics.0.amplitude=1.8",
    ),
    "test_dvc_works_without_locks_after_the_command_of_the_page": (
        "rm -f .dvc/tmp/*lock && dvc config --local core.hardlink_lock true",
    ),
    "test_the_dream_is_compared": ("dvc repro compare/dvc.yaml",),
}

# Commands that other tests run.
RUN = {
    f"{VERBS}::test_a_verb_ends_well_and_prints_little": (
        *("dvc dag", "dvc stage list", "dvc plots show --open", "dvc plots diff --open"),
        *("dvc status", "dvc repro -P --dry --allow-missing", "dvc gc"),
    ),
    f"{VERBS}::test_git_is_clean_after_the_run": ("git status",),
    f"{VERBS}::test_experiments_run_are_shown_saved_and_applied": (
        *("dvc exp apply", "git checkout stages worldmodels"),
    ),
    "tests/projects/test_sharing.py::test_a_damaged_cache_is_mended_as_the_error_says": (
        'chmod -R u+w "$(dvc cache dir)"',
    ),
    "tests/projects/test_plots.py::test_a_recipe_of_ones_own_gets_its_name": (
        "perl -pi -e 's/unseen: /mine: /' dvc.yaml",
    ),
    "tests/projects/test_carracing_scores.py::test_the_page_has_the_table_that_is_printed": (
        "python -m benchmarks.carracing_ablations",
    ),
    "tests/projects/test_doom_scores.py::test_the_page_has_the_tables_that_are_printed": (
        "python -m benchmarks.doom_scores",
    ),
    f"{OFFLINE_PLOTS}::test_the_scripts_that_dvc_names_are_fetched": (
        "python -m tools.offline_plots",
    ),
    f"{OFFLINE_PLOTS}::test_the_help_names_the_versions": ("python -m tools.offline_plots --help",),
    f"{OFFLINE_PLOTS}::test_scripts_that_are_given_as_files_are_in_the_page": (
        "python -m tools.offline_plots vega.min.js vega-lite.min.js vega-embed.min.js",
    ),
    f"{OFFLINE_PLOTS}::test_the_setting_is_taken_back_and_made_again": (
        "dvc config --local --unset plots.html_template",
        "dvc config --local plots.html_template plots.html",
    ),
    f"{SHARING}::test_a_clone_pulls_and_reproduces_without_running_a_stage": ("dvc pull",),
    f"{SIDE_BY_SIDE}::test_a_temporary_experiment_is_right_and_leaves_the_workspace_alone": (
        "dvc exp run --temp",
    ),
    f"{SIDE_BY_SIDE}::test_a_queue_of_six_experiments_gives_six_right_results": (
        *("dvc exp run --queue", "dvc queue status"),
    ),
    f"{SIDE_BY_SIDE}::test_of_a_killed_queue_the_stage_alone_goes_on_in_its_copy": (
        "dvc queue stop --kill",
    ),
    "tests/projects/test_setup.py::test_another_python_than_before_makes_venv_anew_and_stays": (
        "make PYTHON=python3.12",
    ),
    "tests/projects/test_subprojects.py::test_derived_pipelines_are_as_the_tool_writes_them": (
        "python -m tools.dvc_pipelines",
    ),
    "tests/projects/test_recipes.py::test_the_study_reruns_what_a_temperature_changes_and_draws": (
        "dvc repro -s visualize_temperature",
    ),
    "tests/tools/test_study_pages.py::test_the_pages_in_git_are_what_is_written": (
        "python -m tools.study_pages",
    ),
    "tests/test_tour.py::test_page_and_notebook_show_what_the_cells_print": (
        "python -m tools.tour",
    ),
    "tests/figures/test_docs_figures.py::test_they_are_drawn_from_files_in_git_alone": (
        "python -m tools.docs_figures",
    ),
}

# Commands that no test runs: why.
NOT_RUN: dict[str, tuple[str, ...]] = {
    "a target of make (tests/test_docs.py compares them with the Makefile); it installs packages": (
        *("make", "make test", "make lint", "make quick", "make unseen", "make install-carracing"),
        "make install-doom",
        *("make demo", "make carracing-page", "make doom-page", "make article", "make seeds"),
        "make sb3",
        *("make docs", "make docs REPO_URL=https://github.com/you/it"),
    ),
    "trains or measures, for some seconds or for hours": (
        *(
            "make paper",
            "make dream",
            "make other",
            "make temperature",
            *(f"make study-{name}" for name in study_names()),
            "make carracing",
            "make doom",
            "make doom-ablations",
            "make doom-finetuned",
            "make doom-seeds",
            "make doom-temperatures",
            "make chaos",
        ),
        *(
            "make carracing-ablations",
            "make carracing-seeds",
            "python -m tools.training_seed carracing 0",
            "python -m tools.training_seed carracing 0 evaluate_z evaluate_untrained",
            "python -m tools.training_seed doom 2 evaluate_finetuned",
            "make ablations",
            "make bench",
            "make cluster",
        ),
        "cd carracing && dvc repro visualize_carracing",
        "cd doom && dvc repro visualize_doom play",
        "cp -r recipes/other recipes/mine && cd recipes/mine",
        *("dvc exp run -S env.id=my_env:Balance-v0", "cd recipes/other", "dvc exp run -S seed=1"),
        "python -m stages.evaluate released/{v,m,c}.npz released/evaluation.h5 "
        "--reports released/reports --set evaluate.episodes=1024",
        "python -m tools.release_agent carracing 1.0.0 --models carracing/released "
        "--reports carracing/released/reports",  # after that
        *("python -m tests.support.damage", "python -m tests.support.hostile_params"),
        *("python -m benchmarks.simulators", "python -m benchmarks.cluster"),
        "python -m benchmarks.plain_carracing",
        "python -m benchmarks.gymnasium_speed",
        *("python -m benchmarks.carracing_growth", "dvc repro -f --no-run-cache"),
        *("python -m benchmarks.dreams", "python -m benchmarks.ablations"),
        *("python -m benchmarks.convolution", "python -m benchmarks.strategies"),
        "python -m benchmarks.ablations --tables dream",
        "python -m benchmarks.seeds --params recipes/dream/params.yaml --seeds 5",
        "python -m benchmarks.seeds --params recipes/unseen/params.yaml --seeds 5 --processes 1",
        "python -m benchmarks.seeds --first 100 --seeds 200",
        "python -m benchmarks.ladder --seeds 2",
        "python -m benchmarks.scaling --episodes 100 1000 10000",
    ),
    "N, V, M, C, PAGE and <name> stand for something": (
        *("python -m stages.<name>", "python -m benchmarks.corners V M C"),
        "python -m benchmarks.page_speed PAGE...",
        "python -m stages.dream_starts rounds/N/data/latents.h5 released/dream_starts.npz "
        "--reports released/reports",
        "cd carracing",  # before such commands
    ),
    "a cluster; tests/support/clusters.py starts both on the loopback interface": (
        *("PYTHONPATH=. dask scheduler", "PYTHONPATH=. dask scheduler --protocol tls"),
        "PYTHONPATH=. dask worker tcp://host:8786 --nworkers auto --nthreads 1",
        "PYTHONPATH=. dask worker tls://host:8786 --nworkers auto --nthreads 1",
        'WORLDMODELS_COMPUTE="executor=dask scheduler=tcp://host:8786" dvc repro',
    ),
    "installs, or takes away, what the tests run with": (
        *("pip install -c constraints.txt -r requirements-dask.txt", "pip install bokeh"),
        "pip install -c constraints.txt -r requirements-gymnasium.txt",
        *("make clean", "source .venv/bin/activate"),
    ),
    "records what tests/figures/test_docs_figures.py compares with its first steps": (
        "python -m tools.docs_episode",
    ),
    "a browser": ("xdg-open reports/play.html", "python -m tests.support.page_screenshot"),
}
MARKED = {command for commands in NOT_RUN.values() for command in commands}


def typed(page: str, section: str) -> list[str]:
    """The commands of a block that are run."""
    return [command.text for command in block(page, section) if command.text not in MARKED]
