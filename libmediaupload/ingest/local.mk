libmediaupload_libmediaupload_la_SOURCES += \
	%D%/check.c %D%/check.h \
	%D%/engine.c %D%/engine.h \
	%D%/intake.c %D%/intake.h \
	%D%/object_key.c %D%/object_key.h \
	%D%/policy.c %D%/policy.h \
	%D%/public_url.c %D%/public_url.h
