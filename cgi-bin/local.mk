cgidir = $(libexecdir)/mediaupload/cgi-bin
cgi_PROGRAMS = %D%/upload.cgi

%C%_upload_cgi_SOURCES = \
	%D%/cgi_request.c %D%/cgi_request.h \
	%D%/memory.c %D%/memory.h \
	%D%/upload.c
%C%_upload_cgi_LDADD = libmediaupload/libmediaupload.la

# The programs for a shell and cron, which answer the web as well.
cgi_PROGRAMS += %D%/migrate.cgi %D%/health.cgi
program_sources = \
	%D%/cgi_request.c %D%/cgi_request.h \
	%D%/command_line.c %D%/command_line.h \
	%D%/memory.c %D%/memory.h \
	%D%/secret.c %D%/secret.h \
	%D%/web_error.c %D%/web_error.h

%C%_migrate_cgi_SOURCES = $(program_sources) \
	%D%/migrate.c \
	%D%/migrate_commands.c %D%/migrate_commands.h \
	%D%/migrate_lists.c %D%/migrate_lists.h \
	%D%/migrate_web.c %D%/migrate_web.h \
	%D%/progress_bar.c %D%/progress_bar.h
%C%_migrate_cgi_LDADD = libmediaupload/libmediaupload.la

%C%_health_cgi_SOURCES = $(program_sources) %D%/health.c %D%/prompt.c %D%/prompt.h
%C%_health_cgi_CPPFLAGS = $(AM_CPPFLAGS) -DPKGDATADIR='"$(pkgdatadir)"'
%C%_health_cgi_LDADD = libmediaupload/libmediaupload.la
