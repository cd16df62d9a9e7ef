libmediaupload_libmediaupload_la_SOURCES += \
	%D%/storage.h
