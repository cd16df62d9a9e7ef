libmediaupload_libmediaupload_la_SOURCES += \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/fetch_action.c %D%/fetch_action.h \
	%D%/json_body.c %D%/json_body.h \
	%D%/negotiate.c %D%/negotiate.h \
	%D%/origin.c %D%/origin.h \
	%D%/reply.c %D%/reply.h \
	%D%/reply_page.c \
	%D%/request.h \
	%D%/routes.c %D%/routes.h \
	%D%/ticket.c %D%/ticket.h \
	%D%/upload.c %D%/upload.h
