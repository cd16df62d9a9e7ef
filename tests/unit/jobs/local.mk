check_PROGRAMS += %D%/crew.t %D%/directory.t %D%/inventory.t %D%/journal.t %D%/pause.t %D%/places.t %D%/plan.t \
	%D%/progress.t %D%/results.t %D%/sequence.t %D%/setup.t %D%/stored_path.t %D%/tar.t %D%/throttle.t %D%/walk.t

%C%_journal_t_SOURCES = %D%/journal.c
%C%_journal_t_LDADD = $(unit_ldadd)

%C%_pause_t_SOURCES = %D%/pause.c
%C%_pause_t_LDADD = $(unit_ldadd)

%C%_plan_t_SOURCES = %D%/plan.c
%C%_plan_t_LDADD = $(unit_ldadd)

%C%_progress_t_SOURCES = %D%/progress.c
%C%_progress_t_LDADD = $(unit_ldadd)

%C%_results_t_SOURCES = %D%/results.c
%C%_results_t_LDADD = $(unit_ldadd)

%C%_stored_path_t_SOURCES = %D%/stored_path.c
%C%_stored_path_t_LDADD = $(unit_ldadd)

%C%_setup_t_SOURCES = %D%/setup.c $(target_sources)
%C%_setup_t_LDADD = $(unit_ldadd)

%C%_walk_t_SOURCES = %D%/walk.c
%C%_walk_t_LDADD = $(unit_ldadd)

%C%_directory_t_SOURCES = %D%/directory.c $(target_sources)
%C%_directory_t_LDADD = $(storage_ldadd)

%C%_crew_t_SOURCES = %D%/crew.c
%C%_crew_t_LDADD = $(unit_ldadd)

%C%_inventory_t_SOURCES = %D%/inventory.c $(target_sources)
%C%_inventory_t_LDADD = $(storage_ldadd)

%C%_sequence_t_SOURCES = %D%/sequence.c $(target_sources)
%C%_sequence_t_LDADD = $(storage_ldadd)

%C%_tar_t_SOURCES = %D%/tar.c
%C%_tar_t_LDADD = $(unit_ldadd)

%C%_throttle_t_SOURCES = %D%/throttle.c
%C%_throttle_t_LDADD = $(unit_ldadd)

%C%_places_t_SOURCES = %D%/places.c
%C%_places_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/env_save.t
%C%_env_save_t_SOURCES = %D%/env_save.c
%C%_env_save_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/summary.t
%C%_summary_t_SOURCES = %D%/summary.c
%C%_summary_t_LDADD = $(unit_ldadd)
