libmediaupload_libmediaupload_la_SOURCES += \
	%D%/copy.c %D%/copy.h \
	%D%/directory.c %D%/directory.h \
	%D%/examine.c %D%/examine.h \
	%D%/health.c %D%/health.h \
	%D%/health_files.c %D%/health_checks.h \
	%D%/health_report.c %D%/health_report.h \
	%D%/journal.c %D%/journal.h \
	%D%/outbox.c %D%/outbox.h \
	%D%/plan.c %D%/plan.h \
	%D%/progress.c %D%/progress.h \
	%D%/results.c %D%/results.h \
	%D%/run.c %D%/run.h \
	%D%/setup.c %D%/setup.h \
	%D%/stored_path.c %D%/stored_path.h \
	%D%/walk.c %D%/walk.h
