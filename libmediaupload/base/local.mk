libmediaupload_libmediaupload_la_SOURCES += \
	%D%/digest.c %D%/digest.h \
	%D%/encode.c %D%/encode.h \
	%D%/error.c %D%/error.h %D%/errors.def \
	%D%/file.c %D%/file.h \
	%D%/json.c %D%/json.h \
	%D%/json_writer.c %D%/json_writer.h \
	%D%/log.c %D%/log.h \
	%D%/memory.c %D%/memory.h
