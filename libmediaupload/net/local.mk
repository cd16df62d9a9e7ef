libmediaupload_libmediaupload_la_SOURCES += \
	%D%/address_guard.c %D%/address_guard.h \
	%D%/aws_sigv4.c %D%/aws_sigv4.h \
	%D%/data_url.c %D%/data_url.h \
	%D%/fetch.c %D%/fetch.h \
	%D%/http.c %D%/http.h \
	%D%/line.c %D%/line.h %D%/lines.h
