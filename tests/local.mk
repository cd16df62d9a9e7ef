# Unit tests: TAP programs, one for each file of the engine, in folders that mirror libmediaupload.
check_LIBRARIES = %D%/tap/libtap.a
%C%_tap_libtap_a_SOURCES = %D%/tap/tap.c %D%/tap/tap.h
unit_ldadd = %D%/tap/libtap.a libmediaupload/libmediaupload.la

TESTS += $(check_PROGRAMS)

include %D%/unit/base/local.mk
include %D%/unit/parse/local.mk
include %D%/unit/config/local.mk
include %D%/unit/net/local.mk
include %D%/unit/storage/local.mk
include %D%/unit/catalog/local.mk
include %D%/unit/ingest/local.mk
include %D%/unit/upload/local.mk
include %D%/unit/jobs/local.mk
include %D%/clients/local.mk

EXTRA_DIST += \
	%D%/README.md %D%/run %D%/tap/tap.py %D%/parts \
	%D%/httpd.py %D%/remote_host.py %D%/uploads.py %D%/bodies.py %D%/programs.py %D%/processes.py \
	%D%/cloudinary_client.py %D%/data \
	%D%/module %D%/cgi %D%/host %D%/faults %D%/guards %D%/browser
