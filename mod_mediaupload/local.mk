module_LTLIBRARIES += %D%/mod_mediaupload.la
%C%_mod_mediaupload_la_SOURCES = \
	%D%/mod_mediaupload.c
%C%_mod_mediaupload_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
%C%_mod_mediaupload_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^mediaupload_module$$'
%C%_mod_mediaupload_la_LIBADD = libmediaupload/libmediaupload.la
