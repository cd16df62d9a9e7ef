# The engine: one convenience library, linked into the module and the programs.
noinst_LTLIBRARIES += %D%/libmediaupload.la
%C%_libmediaupload_la_SOURCES =
%C%_libmediaupload_la_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS) $(JSON_CFLAGS)
%C%_libmediaupload_la_LIBADD = $(APU_LIBS) $(APR_LIBS) $(OPENSSL_LIBS) $(JSON_LIBS) $(CURL_LIBS)

include %D%/base/local.mk
include %D%/parse/local.mk
include %D%/config/local.mk
include %D%/net/local.mk
include %D%/storage/local.mk
include %D%/catalog/local.mk
include %D%/ingest/local.mk
include %D%/upload/local.mk
include %D%/jobs/local.mk
