module_LTLIBRARIES += %D%/mod_mediaupload.la
%C%_mod_mediaupload_la_SOURCES = \
	%D%/body_reader.c %D%/body_reader.h \
	%D%/directives.c %D%/directives.h \
	%D%/fallback.c %D%/fallback.h \
	%D%/handler.c %D%/handler.h \
	%D%/log_httpd.c %D%/log_httpd.h \
	%D%/mod_mediaupload.c \
	%D%/refusal.c %D%/refusal.h
%C%_mod_mediaupload_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
%C%_mod_mediaupload_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^mediaupload_module$$'
%C%_mod_mediaupload_la_LIBADD = libmediaupload/libmediaupload.la
