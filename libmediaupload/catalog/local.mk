libmediaupload_libmediaupload_la_SOURCES += \
	%D%/database.h \
	%D%/media.h
