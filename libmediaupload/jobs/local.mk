libmediaupload_libmediaupload_la_SOURCES += \
	%D%/adopt.c %D%/adopt.h \
	%D%/associate.c %D%/associate.h \
	%D%/audit.c %D%/audit.h \
	%D%/backup.c %D%/backup.h \
	%D%/body_limit.c %D%/body_limit.h \
	%D%/claims.c %D%/claims.h \
	%D%/copy.c %D%/copy.h \
	%D%/crew.c %D%/crew.h \
	%D%/directory.c %D%/directory.h \
	%D%/disk.c %D%/disk.h \
	%D%/env_save.c %D%/env_save.h \
	%D%/examine.c %D%/examine.h \
	%D%/health.c %D%/health.h %D%/health_checks.h \
	%D%/health_default.c \
	%D%/health_disk.c \
	%D%/health_files.c \
	%D%/health_outbox.c \
	%D%/health_process.c \
	%D%/health_report.c %D%/health_report.h \
	%D%/health_storage.c \
	%D%/health_visit.c %D%/health_visit.h \
	%D%/inventory.c %D%/inventory.h \
	%D%/journal.c %D%/journal.h \
	%D%/journal_line.c %D%/journal_line.h \
	%D%/last_runs.c %D%/last_runs.h \
	%D%/leftovers.c %D%/leftovers.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/orphans.c %D%/orphans.h \
	%D%/outbox.c %D%/outbox.h \
	%D%/parcel.c %D%/parcel.h \
	%D%/pause.c %D%/pause.h \
	%D%/past_runs.c %D%/past_runs.h \
	%D%/places.c %D%/places.h \
	%D%/plan.c %D%/plan.h \
	%D%/progress.c %D%/progress.h \
	%D%/quarantine.c %D%/quarantine.h \
	%D%/queue.c %D%/queue.h \
	%D%/recorded.c %D%/recorded.h \
	%D%/references.c %D%/references.h \
	%D%/relocate.c %D%/relocate.h \
	%D%/remote.c %D%/remote.h \
	%D%/restore.c \
	%D%/results.c %D%/results.h \
	%D%/rows.c %D%/rows.h \
	%D%/run.c %D%/run.h \
	%D%/sample.c %D%/sample.h \
	%D%/sequence.c %D%/sequence.h \
	%D%/setup.c %D%/setup.h \
	%D%/setup_remote.c %D%/setup_remote.h \
	%D%/sites.c %D%/sites.h \
	%D%/spool.c %D%/spool.h \
	%D%/stored_path.c %D%/stored_path.h \
	%D%/tar.c %D%/tar.h \
	%D%/summary.c %D%/summary.h \
	%D%/throttle.c %D%/throttle.h \
	%D%/undo.c %D%/undo.h \
	%D%/walk.c %D%/walk.h
