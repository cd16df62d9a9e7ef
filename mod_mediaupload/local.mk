module_LTLIBRARIES += %D%/mod_mediaupload.la
%C%_mod_mediaupload_la_SOURCES = \
	%D%/connection.c %D%/connection.h \
	%D%/courier.c %D%/courier.h \
	%D%/directives.c %D%/directives.h \
	%D%/fallback.c %D%/fallback.h \
	%D%/handler.c %D%/handler.h \
	%D%/log_httpd.c %D%/log_httpd.h \
	%D%/mod_mediaupload.c \
	%D%/parking.c %D%/parking.h \
	%D%/read_buffer.c %D%/read_buffer.h \
	%D%/refusal.c %D%/refusal.h \
	%D%/reply_httpd.c %D%/reply_httpd.h \
	%D%/socket_reader.c %D%/socket_reader.h \
	%D%/status.c %D%/status.h \
	%D%/transfer.c %D%/transfer.h
%C%_mod_mediaupload_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
%C%_mod_mediaupload_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^mediaupload_module$$'
%C%_mod_mediaupload_la_LIBADD = libmediaupload/libmediaupload.la
