libmediaupload_libmediaupload_la_SOURCES += \
	%D%/media_type.h \
	%D%/multipart.h \
	%D%/delimiter.h \
	%D%/image_header.h \
	%D%/content_guard.h \
	%D%/filename.h
