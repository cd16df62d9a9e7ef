check_PROGRAMS += %D%/journal.t %D%/plan.t %D%/progress.t %D%/results.t %D%/stored_path.t

%C%_journal_t_SOURCES = %D%/journal.c
%C%_journal_t_LDADD = $(unit_ldadd)

%C%_plan_t_SOURCES = %D%/plan.c
%C%_plan_t_LDADD = $(unit_ldadd)

%C%_progress_t_SOURCES = %D%/progress.c
%C%_progress_t_LDADD = $(unit_ldadd)

%C%_results_t_SOURCES = %D%/results.c
%C%_results_t_LDADD = $(unit_ldadd)

%C%_stored_path_t_SOURCES = %D%/stored_path.c
%C%_stored_path_t_LDADD = $(unit_ldadd)
