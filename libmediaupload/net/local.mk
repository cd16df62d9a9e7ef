libmediaupload_libmediaupload_la_SOURCES += \
	%D%/http.c %D%/http.h \
	%D%/line.c %D%/line.h %D%/lines.h
