libmediaupload_libmediaupload_la_SOURCES += \
	%D%/check.c %D%/check.h \
	%D%/checksum.c %D%/checksum.h \
	%D%/delivery.c %D%/delivery.h \
	%D%/deposit.c %D%/deposit.h \
	%D%/engine.c %D%/engine.h \
	%D%/intake.c %D%/intake.h \
	%D%/lookup.c %D%/lookup.h \
	%D%/object_key.c %D%/object_key.h \
	%D%/outbox.c %D%/outbox.h \
	%D%/policy.c %D%/policy.h \
	%D%/public_url.c %D%/public_url.h \
	%D%/record_url.c %D%/record_url.h \
	%D%/remote.c %D%/remote.h \
	%D%/remote_url.c %D%/remote_url.h \
	%D%/waiting.c %D%/waiting.h
